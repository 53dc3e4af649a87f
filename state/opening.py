"""Opens the state file, or says why it cannot be used; never in silence a fresh one in place of a damaged one."""

import os
import sqlite3
from functools import cache
from pathlib import Path

from sqlite_utils.db import Database

from state.errors import StateMissingError, unusable
from state.migrations import story
from state.ownership import make_private

_BUSY_SECONDS = 30.0
_LET_WRITE = "See that its disk has room, and that this user may write the file and its folder."
# What SQLite says of a file that is good, but that it is kept from writing.
_NOT_WRITABLE = (
    "SQLITE_FULL", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHM",
)  # fmt: skip


def open_database(path: Path, *, create: bool) -> Database:
    """The database at ``path``. With ``create`` it is made when there is none, and checked when there is one."""
    if not path.exists():
        if not create:
            raise StateMissingError(
                f"there is no state at {path} yet",
                path=path,
                hint="Nothing has been synced here so far: start the daemon with `invoice-sync run`.",
            )
        _make(path)
    elif path.stat().st_size == 0:
        raise unusable(path, "it is empty")
    try:
        return _connect(path, check=create)
    except sqlite3.Error as error:
        cannot_write = (getattr(error, "sqlite_errorname", None) or "").startswith(_NOT_WRITABLE)
        raise unusable(path, str(error), hint=_LET_WRITE if cannot_write else None) from None


def _make(path: Path) -> None:
    """A new state appears under its name only when it is whole: one that is empty or half made was damaged."""
    new = path.with_name(f".{path.name}.new")
    try:
        make_private(new)
        connection = sqlite3.connect(new)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN")  # synced to the disk once, not after each migration
            story.apply(Database(connection))
            connection.execute("COMMIT")
        finally:
            connection.close()
        new.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, f"it cannot be made ({error})", hint=_LET_WRITE) from None


def _connect(path: Path, *, check: bool) -> Database:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    try:
        database = Database(connection)
        _require_ours(path, database)  # before anything is set in it
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if check:
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise unusable(path, f"it is damaged ({str(damage).splitlines()[-1]})")  # below a heading
            # A state that cannot be written is found here, not after a call; a read-only file lets BEGIN pass.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE written (once)")
            connection.execute("ROLLBACK")
    except BaseException:
        connection.close()
        raise
    return database


def _require_ours(path: Path, database: Database) -> None:
    applied = {migration.name for migration in story.applied(database)}
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
        return frozenset(migration.name for migration in story.pending(Database(empty)))
    finally:
        empty.close()


def identity(path: Path) -> tuple[int, int] | None:
    """Tells the file at ``path`` from another one that was put there; None when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116  (one call says whether and which)
    except OSError:
        return None
    return found.st_dev, found.st_ino
