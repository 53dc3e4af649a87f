"""Numbers the points at which the process can die, and counts the state's transactions among them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, cast

from state.store import Store

_MANY = 4000


class Died(BaseException):
    """The process was killed here. No ``except Exception`` catches it, as with SIGKILL."""


class Endless(BaseException):
    """A schedule has taken more steps than any needs."""


class Steps:
    """Counts the steps, and lets the process die: at each with a probability, or at one number only."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.rate = 0.0
        self.die_at: int | None = None
        self.count = 0
        self.deaths = 0
        self.on_step: Callable[[], object] = lambda: None
        self._others = False
        self._trace = hashlib.sha256()

    @property
    def trace(self) -> str:
        """Return a digest, equal for runs of the same steps."""
        return self._trace.hexdigest()

    def note(self, what: str) -> None:
        """Add an event to the trace, without a chance to die."""
        self._trace.update(what.encode())

    @contextmanager
    def by_others(self) -> Iterator[None]:
        """Count no steps in this block, in which another process changes the state."""
        self._others = True
        yield
        self._others = False

    def point(self, what: str, *, rate: float = 0.0) -> None:
        """Take one step, at least at this rate of deaths; raise Died when the process dies at it."""
        if self._others:
            return
        self.count += 1
        self.note(what)
        if self.count > _MANY:
            raise Endless
        rate = 0.0 if self.die_at is not None else max(rate, self.rate)
        if self.count == self.die_at or (rate and self._random.random() < rate):
            self.deaths += 1
            raise Died(what)
        self.on_step()


# No other process opens the file, so locking it would waste time; two processes on one state have their own tests.
_ALONE = "PRAGMA locking_mode = EXCLUSIVE;"
# A row's way through its statuses, recorded by its writes: a rollback takes the record back, too.
_WATCH = """
    CREATE TEMP TABLE moves (entity_id INTEGER, before TEXT, after TEXT);
    CREATE TEMP TRIGGER moved BEFORE INSERT ON main.ledger
    WHEN EXISTS (SELECT 1 FROM main.ledger WHERE entity_id = NEW.entity_id AND sync_status != NEW.sync_status)
    BEGIN
        INSERT INTO moves
        SELECT entity_id, sync_status, NEW.sync_status FROM main.ledger WHERE entity_id = NEW.entity_id;
    END;
"""


class Watched:
    """The state's connection: a process can die before a transaction is committed, and right after.

    No committed transaction can be lost, as a COMMIT is synced before it returns (``synchronous = FULL``, in WAL mode
    the log is synced at each commit); :func:`loses_commits` checks that.
    """

    def __init__(self, connection: sqlite3.Connection, steps: Steps) -> None:
        self._connection = connection
        self._steps = steps

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Execute the statement; a COMMIT is two steps."""
        if sql != "COMMIT":
            return self._connection.execute(sql, *values)
        self._steps.point("commit")
        cursor = self._connection.execute(sql)
        self._steps.point("committed")
        return cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def watch(store: Store, steps: Steps) -> None:
    """Count this store's transactions as steps, and record the moves of its rows."""
    connection = store.connection.database.conn
    connection.executescript(_ALONE + _WATCH)
    store.connection.database.conn = cast("sqlite3.Connection", Watched(connection, steps))


def moves(store: Store) -> list[tuple[int, str, str]]:
    """Return the moves since the last call: (entity_id, status before, status after)."""
    found = store.connection.database.conn.execute(
        "SELECT entity_id, before, after FROM temp.moves ORDER BY rowid"
    ).fetchall()
    if found:
        store.connection.database.conn.execute("DELETE FROM temp.moves")
        store.connection.database.conn.commit()
    return found


def loses_commits(store: Store) -> bool:
    """Return whether a power cut could lose a committed transaction."""
    settings = [
        store.connection.database.conn.execute(f"PRAGMA main.{name}").fetchone()[0]
        for name in ("synchronous", "journal_mode")
    ]
    return settings not in ([2, "wal"], [3, "wal"])
