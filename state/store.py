"""Opens the state file, locks it, migrates it: the one door to the tables."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlite_utils.db import Database

from state.checkpoints import Checkpoints
from state.facts import Facts
from state.ledger import Ledger
from state.migrations import story
from state.notes import Notes
from state.passes import Passes
from state.requests import Requests
from state.scans import Scans
from state.sides import Sides

_BUSY_SECONDS = 30.0


class StateError(Exception):
    """The state cannot be used as it is; ``hint`` says what a person can do about it."""

    def __init__(self, message: str, *, path: Path, hint: str) -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


class StateLockedError(StateError):
    """Another process works on this state; ``pid`` is its id when it could be read."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{path} is in use by {who}",
            path=path,
            hint="Wait until it has finished, or stop it; only one process works on a state at a time.",
        )
        self.pid = pid


class StateUnusableError(StateError):
    """The file is damaged, foreign, or from a newer version. It is left as it is."""


class StateMissingError(StateError):
    """There is no state yet: nothing has run here."""


class Store:
    """One connection to the state; belongs to the thread that opened it.

    With ``lock=True`` it is the one process that works on this state, for as long as it is open; the lock is a
    file beside the state, taken before the schema is touched. Without, it reads, and leaves requests.
    """

    def __init__(self, path: Path, *, lock: bool) -> None:
        self.path = path
        self._lock = _take_lock(path) if lock else None
        try:
            self._db = _open(path, create=lock)
            if lock:
                self._migrate()
            elif story.pending(self._db):
                raise StateMissingError(f"{path} is not ready yet", path=path, hint="Try again in a moment.")
        except BaseException:
            self._release()
            raise
        self.facts = Facts(self)
        self.checkpoints = Checkpoints(self)
        self.scans = Scans(self)
        self.ledger = Ledger(self)
        self.notes = Notes(self)
        self.passes = Passes(self)
        self.requests = Requests(self)
        self.sides = Sides(self)

    @property
    def db(self) -> Database:
        """The connection, for the table modules beside this one and nobody else."""
        return self._db

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of the block is remembered, or none of it. Blocks nest.

        BEGIN IMMEDIATE, because a deferred BEGIN that reads first and writes later fails at once (without
        waiting) when another process has written in between.
        """
        if self._db.conn.in_transaction:
            yield
            return
        self._db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.conn.execute("COMMIT")

    def backup(self, target: Path) -> None:
        """Write a consistent copy to ``target``, which must not exist; also while another process writes."""
        if target.exists():
            raise StateError(f"{target} exists already", path=target, hint="Name a file that is not there yet.")
        target.touch(mode=0o600)
        copy = sqlite3.connect(target)
        try:
            self._db.conn.backup(copy)
        finally:
            copy.close()

    def clear(self) -> None:
        """Forget everything but the past passes' numbers, so that all is looked at again."""
        with self.writing():
            for table in ("facts", "checkpoints", "scans", "ledger", "notes", "requests", "sides"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  (names from the line above)

    def close(self) -> None:
        """Close the connection and let go of the lock."""
        self._db.close()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)  # closing is what lets go of an flock; the file stays, or two could hold it
            self._lock = None

    def _migrate(self) -> None:
        newer = {m.name for m in story.applied(self._db)} - _known_migrations()
        if newer:
            raise StateUnusableError(
                f"{self.path} was written by a newer version of invoice-sync",
                path=self.path,
                hint="Install that version again, or restore a backup made before the upgrade.",
            )
        if story.pending(self._db):
            with self.writing():
                story.apply(self._db)


def _known_migrations() -> set[str]:
    return {m.name for m in story._migrations}  # noqa: SLF001  (the library offers no public list)


def _take_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock_path = path.with_name(path.name + ".lock")
    handle = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 32, 0).strip()
        os.close(handle)
        raise StateLockedError(path, int(pid) if pid.isdigit() else None) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def _open(path: Path, *, create: bool) -> Database:
    if not create and not path.exists():
        raise StateMissingError(
            f"there is no state at {path} yet",
            path=path,
            hint="Nothing has been synced here so far: start the daemon with `invoice-sync run`.",
        )
    if create and not path.exists():
        path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0] if create else "ok"
    except sqlite3.DatabaseError as error:
        connection.close()
        damage = str(error)
    if damage != "ok":
        with suppress(sqlite3.ProgrammingError):
            connection.close()
        raise StateUnusableError(
            f"{path} cannot be used: {damage}",
            path=path,
            hint="Restore a backup over it, or move the file away to start over: "
            "everything is then read again and nothing is doubled in Salesforce.",
        )
    return Database(connection)
