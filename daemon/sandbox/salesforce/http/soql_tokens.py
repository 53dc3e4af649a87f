"""Splits a SOQL text into words, each with its place."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from daemon.sandbox.salesforce.org import ApiError

MAX_QUERY = 100_000
MAX_STRING = 4_000

Kind: TypeAlias = Literal["string", "datetime", "number", "name", "symbol", "end"]

_TOKEN = re.compile(
    r"(?P<string>'(?:[^'\\]|\\.)*')"
    r"|(?P<datetime>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)"
    r"|(?P<number>[+-]?\d+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)"
    r"|(?P<symbol><=|>=|!=|<>|[=<>(),])",
    re.DOTALL,
)
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: its kind, its text, its place."""

    kind: Kind
    text: str
    place: int


def split_tokens(query: str) -> list[Token]:
    """Return the tokens of a query, the last of the kind "end"."""
    if len(query) > MAX_QUERY:
        raise ApiError("QUERY_TOO_COMPLICATED", f"SOQL statement is too long: {len(query)}", fields=None)
    tokens: list[Token] = []
    place = _skip_blank(query, 0)
    while place < len(query):
        found = _TOKEN.match(query, place)
        if found is None:
            raise query_error(query, place, f"unexpected token: '{query[place]}'")
        token = Token(cast("Kind", found.lastgroup), found[0], place)
        if token.kind == "string" and len(token.text) - 2 > MAX_STRING:
            raise query_error(query, place, f"string literal exceeds the limit of {MAX_STRING} characters")
        tokens.append(token)
        place = _skip_blank(query, found.end())
    return [*tokens, Token("end", "<EOF>", len(query))]


def query_error(query: str, place: int, message: str, code: str = "MALFORMED_QUERY") -> ApiError:
    """Return the error with its picture: the line of the query, a caret under the place, row and column."""
    row = query.count("\n", 0, place) + 1
    start = query.rfind("\n", 0, place) + 1
    line = query[start:].partition("\n")[0]
    column = place - start + 1
    picture = f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:{row}:Column:{column}\n{message}"
    return ApiError(code, picture, fields=None)


def _skip_blank(query: str, place: int) -> int:
    found = _BLANK.match(query, place)
    return found.end() if found else place
