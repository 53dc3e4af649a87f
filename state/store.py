"""Opens the state file, locks it, migrates it: the one door to the tables."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlite_utils.db import Database

from state.attempts import Attempts
from state.checkpoints import Checkpoints
from state.errors import StateError, StateLockedError, StateMissingError, StateUnusableError
from state.facts import Facts
from state.ledger import Ledger
from state.migrations import story
from state.notes import Notes
from state.passes import Passes
from state.requests import Requests
from state.scans import Scans
from state.sides import Sides

_BUSY_SECONDS = 30.0


class Store:
    """One connection to the state.

    It may be handed to another thread, but only one works with it at a time.

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
        self.attempts = Attempts(self)
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
            for table in ("facts", "checkpoints", "scans", "ledger", "notes", "attempts", "sides"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  (names from the line above)

    def forget_reading(self) -> None:
        """Forget how far Magento was read: all of it is read again, and only differences are sent."""
        with self.writing():
            self._db.execute("DELETE FROM checkpoints")
            self._db.execute("DELETE FROM scans")

    def forget_invoices(self, entity_ids: list[int]) -> None:
        """Forget what is known of these invoices' content and notes: they are sent again, as by hand."""
        with self.writing():
            self.ledger.write(
                replace(
                    row,
                    digest="",
                    fingerprint=None,
                    sync_status="pending",
                    reason=None,
                    asked=True,
                    named=True,
                    attempts=0,
                    next_attempt_at=None,
                )
                for row in self.ledger.known(entity_ids).values()
            )
            self.notes.forget(entity_ids)

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
            os.ftruncate(self._lock, 0)  # nobody holds it: a process that asks must not take our id for a holder's
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


def is_locked(path: Path) -> bool:
    """Whether a process works on this state now."""
    try:
        handle = os.open(_lock_path(path), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        pid = os.pread(handle, 32, 0).strip()
        # Trying the lock would take it for a moment, in the way of a process that starts; so ask for its holder first.
        if pid.isdigit() and _is_alive(int(pid)):
            return True
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _known_migrations() -> set[str]:
    return {m.name for m in story._migrations}  # noqa: SLF001  (the library offers no public list)


def _take_lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
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
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
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
