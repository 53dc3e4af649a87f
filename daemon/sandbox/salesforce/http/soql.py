"""Parses the sandbox's part of SOQL, from text to a typed query."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, TypeAlias, cast

from daemon.sandbox.salesforce.http.soql_tokens import Token, query_error, split_tokens

Operator: TypeAlias = Literal["=", "!=", "<", ">", "<=", ">=", "LIKE", "IN", "NOT IN"]

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pattern:
    """The text of a LIKE, with a backslash before each escaped wildcard."""

    text: str


Operand: TypeAlias = str | Decimal | bool | datetime | Pattern | None


@dataclass(frozen=True, slots=True)
class Name:
    """A field, or a path of relationships to a field, and its place in the text."""

    path: str
    place: int


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; only IN and NOT IN may have several values."""

    name: Name
    operator: Operator
    values: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; no selected names means COUNT()."""

    text: str
    names: tuple[Name, ...]
    object: Name
    conditions: tuple[Condition, ...]
    order_by: Name | None = None
    descending: bool = False
    limit: int | None = None


def parse_query(text: str) -> Query:
    """Parse a query; MALFORMED_QUERY, as Salesforce's, with the place of the first wrong word."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = split_tokens(text)
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        names = self._selection()
        self._expect("FROM")
        table = self._name()
        conditions: list[Condition] = []
        if self._accept("WHERE"):
            conditions.append(self._condition())
            while self._accept("AND"):
                conditions.append(self._condition())
        order_by, descending = None, False
        if self._accept("ORDER"):
            self._expect("BY")
            order_by = self._name()
            descending = self._accept("DESC")
            if not descending:
                self._accept("ASC")
        limit = int(self._take("number").text) if self._accept("LIMIT") else None
        if self._next.kind != "end":
            raise self._unexpected()
        return Query(self._text, tuple(names), table, tuple(conditions), order_by, descending, limit)

    def _selection(self) -> list[Name]:
        names = [self._name()]
        if names[0].path.upper() == "COUNT" and self._accept("("):
            self._expect(")")
            return []
        while self._accept(","):
            names.append(self._name())
        return names

    def _condition(self) -> Condition:
        name = self._name()
        token = self._next
        operator = token.text.upper()
        if operator == "NOT":
            self._advance()
            operator = f"NOT {self._next.text.upper()}"
        if operator in {"IN", "NOT IN"}:
            self._advance()
            return Condition(name, cast("Operator", operator), tuple(self._list()))
        if operator == "<>":
            operator = "!="
        if operator not in {"=", "!=", "<", ">", "<=", ">=", "LIKE"}:
            raise self._unexpected()
        self._advance()
        return Condition(name, cast("Operator", operator), (self._value(like=operator == "LIKE"),))

    def _list(self) -> list[Operand]:
        self._expect("(")
        values = [self._value()]
        while self._accept(","):
            values.append(self._value())
        self._expect(")")
        return values

    def _value(self, *, like: bool = False) -> Operand:
        token = self._advance()
        match token.kind:
            case "string":
                text = self._unescape(token, like=like)
                return Pattern(text) if like else text
            case "number":
                return Decimal(token.text)
            case "datetime" if "T" in token.text:
                return self._instant(token)
            case "name" if token.text.lower() in {"true", "false"}:
                return token.text.lower() == "true"
            case "name" if token.text.lower() == "null":
                return None
            case _:
                raise query_error(self._text, token.place, f"unexpected token: '{token.text}'")

    def _instant(self, token: Token) -> datetime:
        try:
            return datetime.fromisoformat(token.text).astimezone(UTC)
        except (ValueError, OverflowError):
            raise query_error(self._text, token.place, f"Invalid datetime: {token.text}") from None

    def _unescape(self, token: Token, *, like: bool) -> str:
        def replace(found: re.Match[str]) -> str:
            code = found[1]
            if code in _ESCAPES:
                return "\\\\" if like and code == "\\" else _ESCAPES[code]
            if len(code) == 5:
                return chr(int(code[1:], 16))
            if like and code in "%_":
                return found[0]
            message = f"Invalid string literal {token.text}. Illegal character sequence '{found[0]}' in string literal."
            raise query_error(self._text, token.place, message)

        return _ESCAPE.sub(replace, token.text[1:-1])

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _advance(self) -> Token:
        token = self._next
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _accept(self, word: str) -> bool:
        if self._next.kind in {"name", "symbol"} and self._next.text.upper() == word:
            self._advance()
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected()

    def _take(self, kind: str) -> Token:
        if self._next.kind != kind:
            raise self._unexpected()
        return self._advance()

    def _name(self) -> Name:
        token = self._take("name")
        return Name(token.text, token.place)

    def _unexpected(self) -> Exception:
        return query_error(self._text, self._next.place, f"unexpected token: '{self._next.text}'")
