"""Turns frozen values into columns, and found rows into frozen values."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from state.values import LARGEST, BadValueError, reader_of


class Row(Protocol):
    """A frozen dataclass whose fields are the columns of the table ``TABLE``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    TABLE: ClassVar[str]


R = TypeVar("R", bound=Row)
# One parameter however long the list is: SQLite limits the number of parameters.
IN_LIST = "{} IN (SELECT value FROM json_each(?))"


def text_of(instant: datetime | None) -> str | None:
    """Return the instant as ``2026-11-22T08:04:03Z``, the form of the state, of JSON and of people.

    Such texts sort by time.
    """
    if instant is None:
        return None
    # Not strftime: its %Y leaves out the leading zeros of a year before 1000, and the row could not be read again.
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def as_list(ids: Iterable[int]) -> str:
    """Return the parameter of :data:`IN_LIST`."""
    return json.dumps(list(ids))


def values_of(kind: type[R], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> list[R]:
    """Return found rows with these columns as frozen values; raise BadValueError at the first bad value."""
    try:
        plan = _plan(kind, names)
        return [kind(*[read(row[at]) for at, read in plan]) for row in rows]
    except KeyError as error:
        raise BadValueError(f"column {error} is not there") from None
    except BadValueError:
        raise BadValueError(_first_bad(kind, names, rows)) from None


def columns_of(row: Row) -> dict[str, Any]:
    """Return the frozen value as SQL parameters; raise BadValueError for a number that could not be read back.

    A kept number of that kind would damage the whole state. The schema and the types restrict the other columns.
    """
    values: dict[str, Any] = {}
    for name, _ in _columns(type(row)):
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = text_of(value)
        elif isinstance(value, bool):
            value = int(value)
        elif isinstance(value, int) and not 0 <= value <= LARGEST:
            raise BadValueError(f"{row.TABLE}: {name} is no number that it could be")
        values[name] = value
    return values


def redact_words(values: dict[str, Any], redact: Callable[[str], str]) -> None:
    """Take secrets and customer data out of the words of a side among these SQL parameters."""
    for name in _SAID & values.keys():
        if isinstance(values[name], str):
            values[name] = redact(values[name])


# The columns that hold the words of a side.
_SAID = frozenset({"reason", "cause", "error", "answer"})


def _first_bad(kind: type[Row], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> str:
    """Name the first bad value: ``ledger row 42: created_at is no instant``."""
    places = {name: place for place, name in enumerate(names)}
    for row in rows:
        for name, read in _columns(kind):
            try:
                read(row[places[name]])
            except BadValueError as error:
                return f"{kind.TABLE} row {str(row[0])[:20]!s}: {name} {error}"
    return "a value cannot be"


@cache
def _plan(kind: type[Row], names: tuple[str, ...]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return each field's place in a row with these columns, with the field's reader."""
    places = {name: place for place, name in enumerate(names)}
    return [(places[name], read) for name, read in _columns(kind)]


@cache
def _columns(kind: type[Row]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Return the columns of such a row, each with its reader."""
    return tuple((field.name, reader_of(field.name, field.type)) for field in fields(kind))
