"""The projection `fields=`, as Magento's response filter reads and applies it."""

from __future__ import annotations

import re
from typing import Any

from daemon.sandbox.magento.shop import Wire

Wanted = dict[str, "Wanted | int"]


def project(answer: Any, fields: str | None) -> Any:
    """Return the part of an answer named by `fields`: all of it without fields, an empty list for malformed ones."""
    if not fields or not isinstance(answer, dict | list):
        return answer
    wanted = parse_fields(fields)
    return [] if wanted is None else _filter(answer, wanted)


def parse_fields(text: str) -> Wanted | None:
    """Return the tree of a text like `items[entity_id,comments[comment]],total_count`; None for a malformed text."""
    if not re.fullmatch(r"[\w\[\],]+", text):
        return None
    wanted: Wanted = {}
    stack = [wanted]
    for part in re.findall(r"\w+\[?|\]|,", text):
        if part == "]":
            stack.pop()
            if not stack:
                return None
        elif part.endswith("["):
            deeper: Wanted = {}
            stack[-1][part[:-1]] = deeper
            stack.append(deeper)
        elif part != ",":
            stack[-1][part] = 1
    return wanted if len(stack) == 1 else None


def _filter(value: Any, wanted: Wanted) -> Any:
    """Filter a record, or each one of a list; an empty list becomes null, because PHP never starts the result."""
    if isinstance(value, list):
        return [_keep(each, wanted) for each in value] or None
    return _keep(value, wanted)


def _keep(record: Wire, wanted: Wanted) -> Any:
    kept: Wire = {}
    for name, value in record.items():
        if name in wanted:
            deeper = wanted[name]
            nested = isinstance(deeper, dict) and isinstance(value, dict | list)
            kept[name] = _filter(value, deeper) if isinstance(deeper, dict) and nested else value
    return kept or []  # PHP has one empty array for both
