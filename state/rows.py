"""What the table modules share: instants as text, and frozen rows to and from SQL."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from sqlite_utils.db import Database

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


def select(
    connection: sqlite3.Connection, kind: type[R], sql: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> list[R]:
    """The rows that this finds, as frozen values.

    Not by sqlite-utils' own query, which may be given any SQL and opens a savepoint around each.
    """
    found = connection.execute(sql, values)
    rows = found.fetchall()
    if not rows:  # as often as not: nothing is waiting, nothing is open
        return []
    plan = _plan(kind, tuple(column[0] for column in found.description))
    return [kind(*[row[at] if convert is None else convert(row[at]) for at, convert in plan]) for row in rows]


@cache
def _plan(kind: type[Row], names: tuple[str, ...]) -> list[tuple[int, Callable[[Any], Any] | None]]:
    """Where in a found row with these columns each field is, and what makes a value of it."""
    places = {name: place for place, name in enumerate(names)}
    return [(places[name], convert) for name, convert in _columns(kind)]


@cache
def _columns(kind: type[Row]) -> tuple[tuple[str, Callable[[Any], Any] | None], ...]:
    """The columns of such a row, each with what makes a value of what SQLite keeps."""
    return tuple((field.name, _CONVERTED.get(field.type)) for field in fields(kind))


_CONVERTED: dict[Any, Callable[[Any], Any]] = {datetime: instant_of, datetime | None: instant_of, bool: bool}


def columns_of(row: Row) -> dict[str, Any]:
    """The frozen value as SQL parameters."""
    values: dict[str, Any] = {}
    for name, _ in _columns(type(row)):
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = text_of(value)
        elif isinstance(value, bool):
            value = int(value)
        values[name] = value
    return values


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Remember all of the block, or none of it. Blocks nest."""
    if database.conn.in_transaction:
        yield
        return
    database.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.rollback()
        raise
    database.conn.execute("COMMIT")


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
