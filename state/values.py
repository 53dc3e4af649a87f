"""Reads stored values: any impossible value is damage, told with its table, row and column."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, get_args

from state.kinds import SyncStatus

# The columns whose words the schema's CHECKs name too; a flipped bit passes those.
_CLOSED = frozenset({"sync_status", "held_for", "outcome", "status"})
_SYNC_STATUSES: dict[Any, SyncStatus] = {status: status for status in get_args(SyncStatus)}
# Magento's instants may be of any year; ours come from a machine's clock, which begins with 1970.
_MAGENTOS = frozenset({"created_at", "updated_at", "newest", "since"})
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# The largest number that the state keeps: no number of Magento's or ours is near it, and it can still be increased.
LARGEST = (1 << 62) - 1


class BadValueError(ValueError):
    """An impossible stored value; the message tells the fault, never the value."""


def instant_of(text: Any) -> datetime | None:
    """Return the aware instant of a stored text."""
    if text is None:
        return None
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise BadValueError("is no instant")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadValueError("is no instant") from None


def our_instant_of(text: Any) -> datetime | None:
    """Return the instant of a text by our own processes: none is before 1970."""
    at = instant_of(text)
    if at is not None and at < _FIRST:
        raise BadValueError("is an instant before there were any")
    return at


def status_of(value: Any) -> SyncStatus:
    """Return a stored sync status."""
    if value not in _SYNC_STATUSES:
        raise BadValueError("is none of its words")
    return _SYNC_STATUSES[value]


def reader_of(name: str, kind: Any) -> Callable[[Any], Any]:
    """Return the function from a stored value of this column to its value; the function may raise BadValueError."""
    if name in _CLOSED:
        return _or_none(kind, _word_among(frozenset(_words_of(kind))))
    if kind in (datetime, datetime | None):
        return _or_none(kind, instant_of if name in _MAGENTOS else our_instant_of)
    if kind is bool:
        return _flag
    if kind in (int, int | None):
        return _or_none(kind, count_in)
    if kind is str and name in ("named", "others"):
        return _ids
    return _or_none(kind, text_in)


def _or_none(kind: Any, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if type(None) not in getattr(kind, "__args__", ()):
        return lambda value: _missing() if value is None else read(value)
    return lambda value: None if value is None else read(value)


def _words_of(kind: Any) -> Iterator[str]:
    """Yield the words of a Literal type, or of the one in a union."""
    for argument in get_args(kind):
        if isinstance(argument, str):
            yield argument
        else:
            yield from _words_of(argument)


def _word_among(words: frozenset[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise BadValueError("is none of its words")
        return str(value)

    return read


def _missing() -> None:
    raise BadValueError("is missing")


def _flag(value: Any) -> bool:
    if value not in (0, 1) or not isinstance(value, int):
        raise BadValueError("is neither 0 nor 1")
    return bool(value)


def count_in(value: Any) -> int:
    """Return a stored number: an id or a count."""
    if not isinstance(value, int) or not 0 <= value <= LARGEST:
        raise BadValueError("is no number that it could be")
    return value


def text_in(value: Any) -> str:
    """Return a stored text."""
    if not isinstance(value, str):
        raise BadValueError("is no text")
    return value


def _ids(value: Any) -> str:
    try:
        found = json.loads(value)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, list) or not all(type(each) is int for each in found):
        raise BadValueError("is no list of ids")
    return str(value)
