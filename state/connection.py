"""Transactions and rows of one database, below the tables: no table knows the store."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlite_utils.db import Database

from state.errors import StateUnusableError
from state.file.sqlite import damaged
from state.kinds import SyncStatus
from state.observer import StateObserver
from state.rows import R, Row, columns_of, redact_words, values_of
from state.values import BadValueError, status_of

V = TypeVar("V")
Values = Sequence[Any] | Mapping[str, Any]


class Connection:
    """One database with its transactions.

    ``redact`` takes secrets and customer data out of a text before the text is kept; ``observer`` hears of each
    transaction.
    """

    def __init__(
        self, database: Database, redact: Callable[[str], str] = str, observer: StateObserver | None = None
    ) -> None:
        self.database = database
        self.redact = redact
        self._observer = observer or StateObserver()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Open a transaction: commit the whole block, or roll it back. Blocks nest.

        BEGIN IMMEDIATE, because a deferred BEGIN that reads first and writes later fails at once (without
        waiting) when another process has written in between.
        """
        if self.database.conn.in_transaction:
            yield
            return
        self._observer.transaction_begins(self.database.conn)
        self.database.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._observer.transaction_commits()
        except BaseException:
            self.database.rollback()
            raise
        self.database.conn.execute("COMMIT")
        self._observer.transaction_committed()

    def execute(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.database.conn.execute(sql, values)

    def execute_many(self, sql: str, values: Iterable[Values]) -> None:
        """Run one statement for each set of parameters."""
        self.database.conn.executemany(sql, values)

    def select(self, kind: type[R], sql: str, values: Values = ()) -> list[R]:
        """Return the found rows as frozen values.

        The query goes past sqlite-utils, whose own takes any SQL and opens a savepoint around each.
        """
        found = self.database.conn.execute(sql, values)
        rows = found.fetchall()
        if not rows:  # as often as not: nothing is waiting, nothing is open
            return []
        try:
            return values_of(kind, tuple(column[0] for column in found.description), rows)
        except BadValueError as error:
            raise self.damaged(str(error)) from None

    def value(self, what: str, read: Callable[[Any], V], sql: str, values: Sequence[Any] = ()) -> V | None:
        """Return the found value, or None; ``what`` names a bad value."""
        row = self.execute(sql, values).fetchone()
        try:
            return None if row is None or row[0] is None else read(row[0])
        except BadValueError as error:
            raise self.damaged(f"{what} {error}") from None

    def read_rows(
        self, what: str, readers: Sequence[Callable[[Any], Any]], rows: Iterable[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """Return these rows with each column read by its reader; ``what`` names the table of a bad value."""
        try:
            return [tuple(read(value) for read, value in zip(readers, row, strict=True)) for row in rows]
        except BadValueError as error:
            raise self.damaged(f"{what}: a value {error}") from None

    def count_by_status(self, table: str) -> dict[SyncStatus, int]:
        """Return the number of the table's rows with each sync status."""
        counted = self.execute(f"SELECT sync_status, count(*) FROM {table} GROUP BY 1").fetchall()  # noqa: S608
        try:
            return {status_of(status): count for status, count in counted}
        except BadValueError as error:
            raise self.damaged(f"{table}: a sync_status {error}") from None

    def columns_of(self, row: Row) -> dict[str, Any]:
        """Return the frozen value as redacted SQL parameters."""
        values = columns_of(row)
        redact_words(values, self.redact)
        return values

    def replace_all(self, rows: Iterable[Row]) -> None:
        """Insert or overwrite whole rows of one table by primary key."""
        table, values = "", []
        for row in rows:
            table = row.TABLE
            values.append(self.columns_of(row))
        if not values:
            return
        names = list(values[0])
        parameters = ", ".join(f":{name}" for name in names)
        with self.writing():
            self.execute_many(
                f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({parameters})",  # noqa: S608
                values,
            )

    def damaged(self, what: str) -> StateUnusableError:
        """Return the error for a state with an impossible value; ``what`` names its row."""
        return damaged(self.database.conn, what)
