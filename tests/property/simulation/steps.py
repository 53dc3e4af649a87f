"""Every point at which the process can die, numbered; and the connection that counts the state's transactions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from state.observer import StateObserver
from state.store import Store

_MANY = 4000


class Died(BaseException):
    """The process was killed here. No ``except`` of ours catches it, as none survives SIGKILL."""


class Endless(BaseException):
    """One schedule has done more than any could need."""


class Steps:
    """Counts the steps, and lets the process die at one: at each with this probability, or at just this number."""

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
        """Equal when two runs took the same steps."""
        return self._trace.hexdigest()

    def note(self, what: str) -> None:
        """Something that belongs to the run, though nothing can die at it."""
        self._trace.update(what.encode())

    @contextmanager
    def by_others(self) -> Iterator[None]:
        """What another process does to the state in this block is no step of the daemon."""
        self._others = True
        yield
        self._others = False

    def point(self, what: str, *, rate: float = 0.0) -> None:
        """One step, at this rate when it is more dangerous than others. Raises Died when the process ends at it."""
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


# Nobody else opens the file, so no time goes into locking it; two processes on one state have their own tests.
_ALONE = "PRAGMA locking_mode = EXCLUSIVE;"
# A row's way through its statuses, written down as it is written: what a transaction rolls back is not in it.
_WATCH = """
    CREATE TEMP TABLE moves (entity_id INTEGER, before TEXT, after TEXT);
    CREATE TEMP TRIGGER moved BEFORE INSERT ON main.ledger
    WHEN EXISTS (SELECT 1 FROM main.ledger WHERE entity_id = NEW.entity_id AND sync_status != NEW.sync_status)
    BEGIN
        INSERT INTO moves
        SELECT entity_id, sync_status, NEW.sync_status FROM main.ledger WHERE entity_id = NEW.entity_id;
    END;
"""


class Commits(StateObserver):
    """Counts each transaction of the state as two steps: the process can die before its commit, and right after.

    Nothing else can be lost, since a COMMIT is synced before it returns (``synchronous = FULL``, in WAL mode the log
    is synced at each commit); :func:`loses_commits` is how the simulation would notice that it is not.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._counts = False

    def watch(self, store: Store) -> None:
        """Count the transactions of this store from now on, and write down how its rows move."""
        store.connection.database.conn.executescript(_ALONE + _WATCH)
        self._counts = True

    def transaction_commits(self) -> None:
        if self._counts:
            self._steps.point("commit")

    def transaction_committed(self) -> None:
        if self._counts:
            self._steps.point("committed")


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
