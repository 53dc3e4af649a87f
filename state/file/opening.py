"""Opens the state file, or says why it cannot be used; never in silence a fresh one in place of a damaged one."""

import os
import sqlite3
from functools import cache
from pathlib import Path

from sqlite_utils.db import Database

from state.errors import StateError, StateMissingError, StateReplacedError, StateStarvedError, starved, unusable
from state.file.lock import is_locked, state_in_use
from state.file.permissions import make_private
from state.file.sqlite import connect
from state.migrations import migrations
from state.observer import StateObserver
from state.room import LACKING

_BUSY_SECONDS = 30.0
LET_WRITE = "See that its disk has room, and that this user may write the file and its folder."
# What SQLite says of a file that is good, but that it is kept from writing.
_NOT_WRITABLE = (
    "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHM",
)  # fmt: skip
# What SQLite puts beside a state. Without that file they belong to nothing, and SQLite would replay the first into
# whatever comes to stand there.
LOG_FILES = ("{}-wal", "{}-shm", "{}-journal")
_TRIES = 5


Identity = tuple[int, int]


def open_to_work(path: Path, observer: StateObserver) -> tuple[Database, Identity]:
    """Open the state for the process that holds its lock: made when there is none, checked when there is one."""
    for _ in range(_TRIES):
        if not is_there(path):
            remove_side_files(path)
            _make(path, observer)
        before = identity(path)
        if before is None:
            continue  # removed since: it is a cleared state again
        try:
            with _told(path):
                database = _connect(path, check=True)
        except StateError:
            if identity(path) == before:
                raise
            continue  # what was opened is not there any more
        if identity(path) == before:
            return database, before
        database.close()
    raise StateReplacedError(
        f"the state at {path} is removed or replaced again and again", path=path, hint="Find out who does that."
    )


def open_to_read(path: Path, *, asks: bool) -> tuple[Database, Identity]:
    """Open the state as it stands, and change nothing of it; with ``asks`` requests can be left in it."""
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


def is_there(path: Path) -> bool:
    """Return whether there is a state, or anything in its place. An empty file is a damaged state."""
    found = look_at(path)
    if found is not None and found.st_size == 0:
        raise unusable(path, "it is empty")
    return found is not None


def look_at(path: Path) -> os.stat_result | None:
    """Return what the system tells of the file, None where there is none; StateUnusableError where one may not look."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unusable(path, f"it cannot be looked at ({error.strerror})") from error


def require_in_use(path: Path) -> bool:
    """Return whether a process works on this state; StateReplacedError when it works on another file of that name.

    What is there then is not what that process knows, and its log (which SQLite finds by name) belongs to the other.
    """
    if not is_locked(path):
        return False
    theirs = state_in_use(path)
    if theirs is not None and theirs != identity(path) and is_locked(path):
        raise StateReplacedError(
            f"the state at {path} was removed or replaced while a process works on it",
            path=path,
            hint="What stands there is not what that process knows. It ends by itself before it sends anything; then "
            "start invoice-sync again.",
        )
    return True


def remove_side_files(path: Path) -> None:
    """Remove what is left beside a state that is not there. Only the process that holds the lock may do this."""
    for name in (*LOG_FILES, ".{}.new"):
        left = path.with_name(name.format(path.name))
        try:
            left.unlink(missing_ok=True)
        except OSError as error:
            raise unusable(path, f"{left.name} is left of an earlier one and cannot be removed ({error.strerror})",
                           hint=LET_WRITE) from None  # fmt: skip


class _told:  # noqa: N801  (reads as a statement)
    """What SQLite says of opening the state, as a StateError."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            cannot_write = (getattr(error, "sqlite_errorname", None) or "").startswith(_NOT_WRITABLE)
            raise unusable(self._path, str(error), hint=LET_WRITE if cannot_write else None) from None


def _make(path: Path, observer: StateObserver) -> None:
    """A new state appears under its name only when it is whole: one that is empty or half made was damaged."""
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
    """Whoever reads takes part in nothing that is put back into the file.

    A log without a process that works on the state may be of another file. It is read, so that damage is found, but
    never written back. Without a log there is nothing to write back, and SQLite tidies up what it makes for reading.
    """
    left = in_use or path.with_name(f"{path.name}-wal").exists()
    connection = connect(path, "rw" if asks or not left else "ro", timeout=_BUSY_SECONDS)
    try:
        require_in_use(path)  # again: nothing was read yet, and SQLite finds the log by the name of the file
        database = Database(connection)
        require_ours(path, database)
        if not asks:
            connection.execute("PRAGMA query_only = ON")
        if not in_use:  # nobody has looked through it who would know
            require_whole(path, connection)
    except BaseException:
        connection.close()
        raise
    return database


def require_whole(path: Path, connection: sqlite3.Connection, *, thorough: bool = False) -> None:
    """StateUnusableError when SQLite finds damage; ``thorough``: also between tables and their indexes."""
    check = "integrity_check" if thorough else "quick_check"
    damage = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if damage != "ok":
        raise unusable(path, f"it is damaged ({str(damage).splitlines()[-1]})")  # below a heading


def require_ours(path: Path, database: Database) -> None:
    """StateUnusableError when it is another program's, or of a newer version."""
    applied = {migration.name for migration in migrations.applied(database)}
    if not applied:
        raise unusable(path, "it is another program's database")
    unknown = sorted(applied - known_migrations())
    if unknown:
        raise unusable(
            path,
            f"it was written by a newer version of invoice-sync ({unknown[-1]})",
            hint="Install that version again, or restore a backup made before the upgrade.",
        )


@cache
def known_migrations() -> frozenset[str]:
    """The migrations that this version knows."""
    empty = sqlite3.connect(":memory:")
    try:
        return frozenset(migration.name for migration in migrations.pending(Database(empty)))
    finally:
        empty.close()


def has_log(path: Path) -> bool:
    """Return whether SQLite's log is there with anything in it."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def identity(path: Path) -> Identity | None:
    """Tells the file at ``path`` from another one that was put there; None when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  (one call says whether and which)
    except OSError:
        return None
    return found.st_dev, found.st_ino
