"""Filter conditions as Magento and MariaDB read them, which is not always as they are meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.sandbox.magento.shop import Wire

Test = Callable[[Wire], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition."""

    field: str
    value: str | None
    condition: str


_DATE = re.compile(r"\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda left, right: left > right,
    "gteq": lambda left, right: left >= right,
    "from": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lteq": lambda left, right: left <= right,
    "to": lambda left, right: left <= right,
    "neq": lambda left, right: left != right,
    "eq": lambda left, right: left == right,
}


def compile_condition(field: str, condition: str, value: str | None) -> Test:
    """Return this condition as a test of a row. An unknown condition type is silently `eq`."""
    if condition in {"null", "notnull"}:
        wanted = condition == "null"
        return lambda row: (row.get(field) is None) is wanted
    if condition in {"in", "nin", "finset"}:
        return _among(field, (value or "").split(","), inside=condition != "nin")
    if condition in {"like", "nlike"}:
        return _like(field, value or "", positive=condition == "like")
    if value is None:
        return lambda _row: False
    return _compare(field, _ORDER.get(condition, _ORDER["eq"]), value)


def _compare(field: str, holds: Callable[[Any, Any], bool], value: str) -> Test:
    if field.endswith("_at"):
        stamp = read_date(value)
        return lambda row: row.get(field) is not None and holds(str(row[field]), stamp)
    as_number = read_number(value)

    def test(row: Wire) -> bool:
        found = row.get(field)
        if isinstance(found, str):
            return holds(found.casefold(), value.casefold())
        return found is not None and holds(found, as_number)

    return test


def _among(field: str, values: list[str], *, inside: bool) -> Test:
    read = read_date if field.endswith("_at") else str.casefold
    texts = {read(value) for value in values}
    numbers = {read_number(value) for value in values if value}

    def test(row: Wire) -> bool:
        found = row.get(field)
        if found is None:
            return False
        return (found.casefold() in texts if isinstance(found, str) else found in numbers) is inside

    return test


def _like(field: str, pattern: str, *, positive: bool) -> Test:
    steps = {"%": ".*", "_": "."}
    expression = re.compile("".join(steps.get(char, re.escape(char)) for char in pattern), re.IGNORECASE | re.DOTALL)

    def test(row: Wire) -> bool:
        found = row.get(field)
        return found is not None and (expression.fullmatch(str(found)) is not None) is positive

    return test


def read_number(text: str) -> float:
    """Return the number at the start of a text, else 0, as the database converts it."""
    found = re.match(r"\s*[-+]?\d+(?:\.\d+)?", text)
    return float(found[0]) if found else 0.0


def read_date(text: str) -> str:
    """Return a stamp as the database reads it: an offset is ignored, and a malformed stamp is the earliest."""
    found = _DATE.match(text)
    if found is None:
        return "0000-00-00 00:00:00"
    day, time = found.groups()
    time = time or "00:00:00"
    return f"{day} {time if time.count(':') > 1 else time + ':00'}"
