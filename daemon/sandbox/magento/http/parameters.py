"""Reads query parameters as PHP does: names with brackets become nested tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_plus

from daemon.sandbox.magento.shop import Wire


def parse_query(query: str) -> Wire:
    """Return a query's parameters: `a[b][0]=c` becomes `{"a": {"b": {"0": "c"}}}`."""
    parameters: Wire = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if pair:
            _put(parameters, _path(name), unquote_plus(value))
    return parameters


@lru_cache(maxsize=1000)
def _path(quoted: str) -> tuple[str, ...]:
    """Return a name's steps: `a[b][0]` leads through `a` and `b` to `0`."""
    name = unquote_plus(quoted)
    return tuple(re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)) or (name,)


def _put(table: Wire, path: Sequence[str], value: str) -> None:
    for step in path[:-1]:
        inner: Any = table.get(step)
        if not isinstance(inner, dict):
            inner = table[step] = {}
        table = inner
    last = path[-1] or str(len(table))
    table[last] = value


@lru_cache(maxsize=1000)
def snake_case(name: str) -> str:
    """Return a name in snake case: `filterGroups` and `filter_groups` are the same to Magento."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def snake_keys(table: Any) -> Wire:
    """Return a table with the names of its fields in one spelling; an empty one for any other value."""
    return {snake_case(name): value for name, value in table.items()} if isinstance(table, dict) else {}
