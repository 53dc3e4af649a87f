"""Checks a state file: its presence and identity before it is opened, its content and owner after."""

import os
import sqlite3
from functools import cache
from pathlib import Path

from sqlite_utils.db import Database

from state.errors import StateReplacedError, unusable
from state.file.lock import is_locked, state_in_use
from state.migrations import migrations

Identity = tuple[int, int]


def is_there(path: Path) -> bool:
    """Return whether anything stands at the state's path. Raise StateUnusableError for an empty file: damage."""
    found = look_at(path)
    if found is not None and found.st_size == 0:
        raise unusable(path, "it is empty")
    return found is not None


def look_at(path: Path) -> os.stat_result | None:
    """Return the system's facts about the file, None without a file; raise StateUnusableError if access is denied."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unusable(path, f"it cannot be looked at ({error.strerror})") from error


def require_in_use(path: Path) -> bool:
    """Return whether a process works on this state; raise StateReplacedError if its file is another of that name.

    That process does not know the present file, and the log (which SQLite finds by name) belongs to the other file.
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


def require_whole(path: Path, connection: sqlite3.Connection, *, thorough: bool = False) -> None:
    """Raise StateUnusableError for damage that SQLite finds; ``thorough``: also between tables and their indexes."""
    check = "integrity_check" if thorough else "quick_check"
    damage = connection.execute(f"PRAGMA {check}(1)").fetchone()[0]
    if damage != "ok":
        raise unusable(path, f"it is damaged ({str(damage).splitlines()[-1]})")  # below a heading


def require_ours(path: Path, database: Database) -> None:
    """Raise StateUnusableError for the database of another program or of a newer version."""
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
    """Return the migrations of this version."""
    empty = sqlite3.connect(":memory:")
    try:
        return frozenset(migration.name for migration in migrations.pending(Database(empty)))
    finally:
        empty.close()


def has_log(path: Path) -> bool:
    """Return whether a log of SQLite with any content is there."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def identity(path: Path) -> Identity | None:
    """Return the identity of the file at ``path``, different for any replacement; None without a file."""
    try:
        found = os.stat(path)  # noqa: PTH116  (one call tells existence and identity)
    except OSError:
        return None
    return found.st_dev, found.st_ino
