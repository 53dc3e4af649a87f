"""Reads a good answer of Magento's, JSON, as Python values, and rejects any other answer whole."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import requests

from daemon.errors import Unreachable
from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.errors import error_of
from daemon.magento.sign_in_errors import Way
from daemon.redaction import Redaction
from state.values import LARGEST

_DEEPEST = 100
_YEARS = range(2007, 2100)  # Magento is not older


def read(response: requests.Response, way: Way, redaction: Redaction) -> dict[str, Any]:
    """Return the JSON object of a good answer; raise our error for any other. ``way``: how the daemon signs in."""
    if response.status_code != 200:
        raise error_of(ErrorAnswer.of(response, redaction), way)
    body = _parse(response)
    if _is_deep(body):
        _reject("is nested too deeply")
    if not isinstance(body, dict):
        _reject(f"is JSON, but {_kind(body)} where an object was expected")
    return body


def date_of(response: requests.Response) -> datetime:
    """Return Magento's clock at this answer; raise our error for an answer without a credible time."""
    try:
        at = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        at = None
    if at is None or at.year not in _YEARS:  # a checkpoint taken from it would never be passed, or never left
        raise Unreachable(
            "Magento's answer has no Date header that can be believed, so it cannot be told when it was read",
            side="magento",
            sent=True,
            hint="A proxy removes it; let it pass.",
        )
    return at


def rows_of(body: Mapping[str, Any], *, after_id: int, at_most: int) -> list[Mapping[str, Any]]:
    """Return the rows of a list; Unreachable when the envelope is not credible, and then no row is."""
    items = body.get("items")
    if items is None and body.get("total_count") == 0:
        items = []  # an empty list becomes null when `fields` was asked for
    if not isinstance(items, list) or any(not isinstance(row, dict) for row in items):
        raise _not_credible("has no list of items")
    total = body.get("total_count")
    if not items and isinstance(total, int) and total > 0:
        # Read as "no invoices", this answer would end a scan with the rest unread.
        raise _not_credible(f"is empty, though it counts {total}")
    if len(items) > at_most:
        raise _not_credible(f"has {len(items)} rows where {at_most} were asked for")
    last = after_id
    for row in items:
        entity_id = row.get("entity_id")
        if isinstance(entity_id, bool) or not isinstance(entity_id, int) or entity_id > LARGEST:
            raise _not_credible("has a row without an entity_id")
        if entity_id <= last:
            raise _not_credible("repeats rows, or is not in the order that was asked for")
        last = entity_id
    return items


def _not_credible(why: str) -> Unreachable:
    return Unreachable(
        f"Magento's list {why}; none of it is used",
        side="magento",
        sent=True,
        hint="A cache or proxy in front of Magento may ignore the query; let /rest pass uncached.",
    )


def ignores_filters() -> Unreachable:
    """Return the error for a list with rows outside the filters."""
    return Unreachable(
        "Magento's list holds rows that were not asked for; none of it is used",
        side="magento",
        sent=True,
        hint="A cache or proxy in front of Magento ignores the query; let /rest pass uncached.",
    )


def _parse(response: requests.Response) -> Any:
    try:
        text = response.content.decode("utf-8-sig")  # a byte order mark, which some plugin writes, is no fault
        return json.loads(text, parse_float=Decimal, parse_constant=_reject_constant)
    except UnicodeDecodeError:
        _reject("is not UTF-8")
    except RecursionError:
        _reject("is nested too deeply")
    except ValueError:
        start = response.content.lstrip()[:5]
        looks = (
            "is XML"
            if start == b"<?xml"
            else "is an HTML page"
            if start[:1] == b"<"
            else "is not JSON, or is cut short"
        )
        _reject(f"{looks} ({len(response.content)} bytes)")


def _is_deep(body: Any) -> bool:
    """Return whether the body is nested deeper than all JSON of Magento's, and too deep for recursion."""
    layer: list[Any] = [[body]]
    for _ in range(_DEEPEST):
        layer = [inner for node in layer for inner in _inner(node) if isinstance(inner, dict | list)]
        if not layer:
            return False
    return True


def _inner(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity: no amount, and not JSON


def _reject(why: str) -> NoReturn:
    raise Unreachable(
        f"Magento's answer {why}; none of it is used",
        side="magento",
        sent=True,
        hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")
