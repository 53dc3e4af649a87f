"""What the table modules share: instants as text, and frozen rows to and from SQL."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

if TYPE_CHECKING:
    from state.store import Store


class Row(Protocol):
    """A frozen dataclass whose fields are the table's columns."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Row)


def text_of(instant: datetime | None) -> str | None:
    """``2026-11-22T08:04:03Z``: sorts as it passes, and is what JSON and people are shown."""
    if instant is None:
        return None
    # Not strftime: its %Y leaves out the leading zeros of a year before 1000, and the row could not be read again.
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def instant_of(text: str | None) -> datetime | None:
    """The aware instant of such a text."""
    return None if text is None else datetime.fromisoformat(text)


# One parameter however long the list is: SQLite limits how many there may be.
IN_LIST = "{} IN (SELECT value FROM json_each(?))"


def as_list(ids: Iterable[int]) -> str:
    """The parameter of :data:`IN_LIST`."""
    return json.dumps(list(ids))


def read(kind: type[R], row: Mapping[str, Any]) -> R:
    """The row as a frozen value."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = row[field.name]
        if field.type in (datetime, datetime | None):
            value = instant_of(value)
        elif field.type is bool:
            value = bool(value)
        values[field.name] = value
    return kind(**values)


def columns_of(row: Row) -> dict[str, Any]:
    """The frozen value as SQL parameters."""
    values: dict[str, Any] = {}
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, datetime):
            value = text_of(value)
        elif isinstance(value, bool):
            value = int(value)
        values[field.name] = value
    return values


def replace_all(store: "Store", table: str, rows: Iterable[Row]) -> None:
    """Insert or overwrite whole rows by primary key."""
    values = [columns_of(row) for row in rows]
    if not values:
        return
    names = list(values[0])
    marks = ", ".join(f":{name}" for name in names)
    with store.writing():
        store.db.conn.executemany(
            f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
            values,
        )
