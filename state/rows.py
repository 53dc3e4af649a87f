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

from state.connection import damaged
from state.kinds import SyncStatus
from state.values import LARGEST, BadValueError, instant_of, reader_of, status_of

if TYPE_CHECKING:
    from state.store import Store


class Row(Protocol):
    """A frozen dataclass whose fields are the table's columns."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Row)
V = TypeVar("V")
__all__ = [
    "IN_LIST", "as_list", "columns_of", "count_by_status", "instant_of", "read_rows", "read_value", "replace_all",
    "select", "text_of", "transaction",
]  # fmt: skip


def text_of(instant: datetime | None) -> str | None:
    """``2026-11-22T08:04:03Z``: sorts as it passes, and is what JSON and people are shown."""
    if instant is None:
        return None
    # Not strftime: its %Y leaves out the leading zeros of a year before 1000, and the row could not be read again.
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


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
    names = tuple(column[0] for column in found.description)
    try:
        plan = _plan(kind, names)
        return [kind(*[read(row[at]) for at, read in plan]) for row in rows]
    except KeyError as error:
        raise damaged(connection, f"column {error} is not there") from None
    except BadValueError:
        raise damaged(connection, _first_bad(kind, names, rows)) from None


def read_value(
    connection: sqlite3.Connection, what: str, read: Callable[[Any], V], sql: str, values: Sequence[Any] = ()
) -> V | None:
    """Return the one value that this finds; ``what`` names it if it cannot be. None: there is none."""
    row = connection.execute(sql, values).fetchone()
    try:
        return None if row is None or row[0] is None else read(row[0])
    except BadValueError as error:
        raise damaged(connection, f"{what} {error}") from None


def read_rows(
    connection: sqlite3.Connection, what: str, readers: Sequence[Callable[[Any], Any]], rows: Iterable[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Return these rows with each column read by its reader; ``what`` names the table if a value cannot be."""
    try:
        return [tuple(read(value) for read, value in zip(readers, row, strict=True)) for row in rows]
    except BadValueError as error:
        raise damaged(connection, f"{what}: a value {error}") from None


def count_by_status(
    connection: sqlite3.Connection, table: str, sql: str, values: Sequence[Any] = ()
) -> dict[SyncStatus, int]:
    """Return the counts that this finds for each sync status."""
    counted = connection.execute(sql, values).fetchall()
    try:
        return {status_of(status): count for status, count in counted}
    except BadValueError as error:
        raise damaged(connection, f"{table}: a sync_status {error}") from None


def _first_bad(kind: type[Row], names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> str:
    """Name the first value that cannot be: ``ledger row 42: created_at is no instant``."""
    places = {name: place for place, name in enumerate(names)}
    for row in rows:
        for name, read in _columns(kind):
            try:
                read(row[places[name]])
            except BadValueError as error:
                return f"{_NAMES[kind.__name__]} row {str(row[0])[:20]!s}: {name} {error}"
    return "a value cannot be"


_NAMES = {
    "LedgerRow": "ledger", "NoteRow": "notes", "Pass": "passes", "Attempt": "attempts", "Request": "requests",
    "Scan": "scans", "Side": "sides",
}  # fmt: skip


@cache
def _plan(kind: type[Row], names: tuple[str, ...]) -> list[tuple[int, Callable[[Any], Any]]]:
    """Where in a found row with these columns each field is, and what makes a value of it."""
    places = {name: place for place, name in enumerate(names)}
    return [(places[name], read) for name, read in _columns(kind)]


@cache
def _columns(kind: type[Row]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """The columns of such a row, each with what makes a value of what SQLite keeps."""
    return tuple((field.name, reader_of(field.name, field.type)) for field in fields(kind))


def columns_of(row: Row) -> dict[str, Any]:
    """The frozen value as SQL parameters; BadValueError for a number that could not be read back.

    Kept all the same, it would be damage to the whole state. Of the rest the schema and the types say what it may be.
    """
    values: dict[str, Any] = {}
    for name, _ in _columns(type(row)):
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = text_of(value)
        elif isinstance(value, bool):
            value = int(value)
        elif isinstance(value, int) and not 0 <= value <= LARGEST:
            raise BadValueError(f"{_NAMES[type(row).__name__]}: {name} is no number that it could be")
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


# The columns that hold what a side has said.
_SAID = frozenset({"reason", "cause", "error", "answer"})


def kept_columns_of(store: "Store", row: Row) -> dict[str, Any]:
    """Return the frozen value as SQL parameters, without what must not be kept."""
    values = columns_of(row)
    for name in _SAID & values.keys():
        if isinstance(values[name], str):
            values[name] = store.redact(values[name])
    return values


def replace_all(store: "Store", table: str, rows: Iterable[Row]) -> None:
    """Insert or overwrite whole rows by primary key."""
    values = [kept_columns_of(store, row) for row in rows]
    if not values:
        return
    names = list(values[0])
    marks = ", ".join(f":{name}" for name in names)
    with store.writing():
        store.db.conn.executemany(
            f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({marks})",  # noqa: S608
            values,
        )
