"""Opens the state file, or tells the problem; never replaces a damaged state by a new one in silence."""

import sqlite3
from pathlib import Path

from sqlite_utils.db import Database

from state.errors import StateError, StateMissingError, StateReplacedError, StateStarvedError, starved, unusable
from state.file.checks import Identity, identity, is_there, require_in_use, require_ours, require_whole
from state.file.permissions import make_private
from state.file.sqlite import connect
from state.migrations import migrations
from state.observer import StateObserver
from state.room import LACKING

_BUSY_SECONDS = 30.0
LET_WRITE = "See that its disk has room, and that this user may write the file and its folder."
# SQLite's errors for a good file that it cannot write.
_NOT_WRITABLE = (
    "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHM",
)  # fmt: skip
# SQLite's files beside a state. Without the state they belong to nothing, and SQLite would replay the first into any
# later file of the state's name.
LOG_FILES = ("{}-wal", "{}-shm", "{}-journal")
_TRIES = 5


def open_to_work(path: Path, observer: StateObserver) -> tuple[Database, Identity]:
    """Open the state for the holder of its lock: check an existing state, else make a new one."""
    for _ in range(_TRIES):
        if not is_there(path):
            remove_side_files(path)
            _make(path, observer)
        before = identity(path)
        if before is None:
            continue  # removed since: the state is cleared again
        try:
            with _told(path):
                database = _connect(path, check=True)
        except StateError:
            if identity(path) == before:
                raise
            continue  # the opened file is not there any more
        if identity(path) == before:
            return database, before
        database.close()
    raise StateReplacedError(
        f"the state at {path} is removed or replaced again and again", path=path, hint="Find out who does that."
    )


def open_to_read(path: Path, *, asks: bool) -> tuple[Database, Identity]:
    """Open the state without changing it; with ``asks`` requests can be left in the state."""
    in_use = require_in_use(path)
    before = identity(path)
    if not is_there(path) or before is None:
        raise StateMissingError(
            f"there is no state at {path} yet",
            path=path,
            hint="Nothing has been synced here so far: start the daemon with `invoice-sync run`.",
        )
    with _told(path):
        return _connect_reader(path, asks=asks, in_use=in_use), before


def remove_side_files(path: Path) -> None:
    """Remove the files left beside a missing state. Only the holder of the lock may do this."""
    for name in (*LOG_FILES, ".{}.new"):
        left = path.with_name(name.format(path.name))
        try:
            left.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(path, f"{left.name} is left of an earlier one and cannot be removed ({error.strerror})",
                           hint=LET_WRITE) from None  # fmt: skip


class _told:  # noqa: N801  (reads as a statement)
    """Turns an error of SQLite while the state is opened into a StateError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            cannot_write = (getattr(error, "sqlite_errorname", None) or "").startswith(_NOT_WRITABLE)
            raise unusable(self._path, str(error), hint=LET_WRITE if cannot_write else None) from None


def _make(path: Path, observer: StateObserver) -> None:
    """Make a new state, which gets its name only when whole: an empty or half-made state means damage."""
    new = path.with_name(f".{path.name}.new")
    try:
        make_private(new)
        connection = connect(new, "rw", timeout=_BUSY_SECONDS)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")  # synced to the disk once, not after each migration
            migrations.apply(Database(connection))
            observer.schema_made()
            connection.execute("COMMIT")
        finally:
            connection.close()
        new.replace(path)
    except StateStarvedError:
        raise
    except (OSError, sqlite3.Error) as error:
        if getattr(error, "errno", None) in LACKING:
            raise starved(path, str(error)) from None
        raise unusable(path, f"it cannot be made ({error})", hint=LET_WRITE) from None


def _connect(path: Path, *, check: bool) -> Database:
    connection = connect(path, "rw", timeout=_BUSY_SECONDS)
    try:
        database = Database(connection)
        require_ours(path, database)  # before anything is set in it
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if check:
            require_whole(path, connection)
            # A state that cannot be written is found here, not after a call; a read-only file lets BEGIN pass.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE written (once)")
            connection.execute("ROLLBACK")
    except BaseException:
        connection.close()
        raise
    return database


def _connect_reader(path: Path, *, asks: bool, in_use: bool) -> Database:
    """Connect a reader, which never writes a log back into the file.

    A log without a process that works on the state may be of another file. SQLite reads the log, so that damage is
    found, but never writes the log back. Without a log there is nothing to write back, and SQLite tidies up its own
    files for reading.
    """
    left = in_use or path.with_name(f"{path.name}-wal").exists()
    connection = connect(path, "rw" if asks or not left else "ro", timeout=_BUSY_SECONDS)
    try:
        require_in_use(path)  # again: nothing was read yet, and SQLite finds the log by the file's name
        database = Database(connection)
        require_ours(path, database)
        if not asks:
            connection.execute("PRAGMA query_only = ON")
        if not in_use:  # no process has checked the state
            require_whole(path, connection)
    except BaseException:
        connection.close()
        raise
    return database
