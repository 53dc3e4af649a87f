"""Opens, locks and migrates the state: the one door to its tables."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from sqlite_utils.db import Database

from state.attempts import Attempts
from state.checkpoints import Checkpoints
from state.connection import Connection
from state.errors import StateError, StateOlderError, StateReplacedError
from state.facts import Facts
from state.file.backup import copy_state, exists
from state.file.checks import Identity, has_log, identity
from state.file.lock import release_lock, take_lock, tell_in_use, write_generation
from state.file.opening import open_to_read, open_to_work
from state.generation import Generation
from state.ledger import Ledger
from state.migrations import migrations
from state.notes import Notes
from state.observer import StateObserver
from state.passes import Passes
from state.requests import Requests
from state.scans import Scans
from state.sides import Sides
from state.unanswered import Unanswered


class Store:
    """One connection to the state, with the tables.

    A store may go to another thread, but only one thread works with it at a time.

    With ``lock=True`` this is the one process that works on the state, for as long as the store is open. The lock is a
    file beside the state, taken before the schema is touched. Without a lock the store reads; with ``asks`` requests
    can be left too. ``redact`` takes secrets and customer data out of a text before the text is kept; whoever writes
    the words of a side hands it in. ``observer`` hears of transactions, copies and migrations.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: bool,
        asks: bool = False,
        redact: Callable[[str], str] = str,
        observer: StateObserver | None = None,
    ) -> None:
        self.path = path
        self._observer = observer or StateObserver()
        self._lock: int | None = None
        database, self._identity = self._open_to_work() if lock else self._open_to_read(asks=asks)
        self.connection = Connection(database, redact, self._observer)
        if lock:
            self._migrate()
        self.facts = Facts(self.connection)
        self.checkpoints = Checkpoints(self.connection)
        self.scans = Scans(self.connection)
        self.ledger = Ledger(self.connection)
        self.notes = Notes(self.connection)
        self.passes = Passes(self.connection)
        self.attempts = Attempts(self.connection)
        self.requests = Requests(self.connection)
        self.sides = Sides(self.connection)
        self.unanswered = Unanswered(self.connection, self.ledger, self.notes, self.facts)
        self.generation = Generation(self.facts, self._lock)

    def writing(self) -> AbstractContextManager[None]:
        """Open a transaction: commit the whole block, or roll it back. Blocks nest."""
        return self.connection.writing()

    def redact(self, text: str) -> str:
        """Return the text as the state keeps it, without secrets and customer data."""
        return self.connection.redact(text)

    def require_in_place(self) -> None:
        """Raise StateReplacedError when the file was removed or replaced: further rows would be lost with it."""
        if identity(self.path) != self._identity:
            raise StateReplacedError(
                f"the state at {self.path} was removed or replaced while this process worked on it",
                path=self.path,
                hint="Nothing more is sent. Start invoice-sync again: with no state it reads everything again, and "
                "nothing is doubled in Salesforce.",
            )

    def backup(self, target: Path) -> None:
        """Write a consistent copy to ``target``, a new file; another process may write to the state meanwhile."""
        if exists(target):
            raise StateError(f"{target} exists already", path=target, hint="Name a file that is not there yet.")
        self._copy_to(target)

    def close(self) -> None:
        """Close the connection and release the lock."""
        self.connection.database.close()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_to_work(self) -> tuple[Database, Identity]:
        taken = take_lock(self.path)
        self._lock = taken.handle
        try:
            # A killed process leaves a log. Without the log the state is an older one, and nothing in it tells so.
            if taken.left_by_killed and not has_log(self.path):
                write_generation(taken.handle, token_hex(8))
            database, found = open_to_work(self.path, self._observer)
            tell_in_use(taken.handle, *found)
        except BaseException:
            self._release()
            raise
        return database, found

    def _open_to_read(self, *, asks: bool) -> tuple[Database, Identity]:
        database, found = open_to_read(self.path, asks=asks)
        if migrations.pending(database):
            database.close()
            raise StateOlderError(
                f"the state at {self.path} was written by an older version",
                path=self.path,
                hint="Run `invoice-sync run` to bring it up to date: it keeps a copy.",
            )
        return database, found

    def _migrate(self) -> None:
        """Bring an older state up to date, after a copy of the state as it was."""
        try:
            waiting = migrations.pending(self.connection.database)
            if not waiting:
                return
            # An existing copy is of an upgrade that was cut off: the state still holds all that the copy was to keep.
            self._copy_to(self.path.with_name(f"{self.path.name}.before-{waiting[0].name}.bak"))
            with self.writing():
                migrations.apply(self.connection.database)
                self._observer.schema_made()
        except BaseException:
            self.close()
            raise

    def _copy_to(self, target: Path) -> None:
        copy_state(self.connection.database, self.path, target)
        self._observer.copy_made()

    def _release(self) -> None:
        if self._lock is not None:
            release_lock(self._lock)
            self._lock = None
