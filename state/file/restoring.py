"""Puts a backup in place of the state; at any moment one of the two is there, whole."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from sqlite_utils.db import Database

from state.errors import StateError, unusable
from state.file.backup import backup_path, copy_beside, sync_folder, write_copy
from state.file.checks import has_log, is_there, look_at, require_ours, require_whole
from state.file.lock import release_lock, take_lock, write_generation
from state.file.opening import LET_WRITE, LOG_FILES
from state.file.permissions import make_private
from state.file.sqlite import connect

_BUSY_SECONDS = 5.0
_LEFT_AS_IT_IS = "The state is left as it is. Name another backup."


def restore_state(path: Path, backup: Path, now: datetime, *, magento_name: str) -> Path | None:
    """Put the backup in place of the state at ``path``; return the path of a copy of the old state, None without one.

    Raise StateLockedError while a process works on the state. The next process does not trust the backup's view of
    Salesforce, because the backup lacks everything sent since.
    """
    source = _look_at_backup(backup)
    found = look_at(path)
    if found is not None and os.path.samestat(found, source):
        raise StateError(f"{backup} is the state itself", path=backup, hint="Name a backup of it.")
    if found is not None and stat.S_ISDIR(found.st_mode):
        raise unusable(path, "it is a folder", hint="Move it away.")
    lock = take_lock(path).handle
    try:
        with _checked(backup, magento_name) as whole:
            new = path.with_name(f".{path.name}.new")
            make_private(new)
            write_copy(whole, new)
            write_generation(lock, token_hex(8))  # from here on any file there counts as an older copy
            kept = _keep(path, now)
            _put(new, path)
    except OSError as error:
        raise unusable(path, f"it cannot be replaced ({error})", hint=LET_WRITE) from error
    finally:
        release_lock(lock)
    return kept


def _look_at_backup(backup: Path) -> os.stat_result:
    try:
        found = look_at(backup)
    except StateError as error:
        error.hint = _LEFT_AS_IT_IS
        raise
    if found is None:
        raise StateError(f"there is no file {backup}", path=backup, hint="Name a backup.")
    if stat.S_ISDIR(found.st_mode):
        raise StateError(f"{backup} is a folder", path=backup, hint="Name a backup.")
    return found


@contextmanager
def _checked(backup: Path, magento_name: str) -> Iterator[Database]:
    """Yield the backup, checked: whole, ours, of no newer version, and of this shop. The backup is only read."""
    if not is_there(backup):
        raise StateError(f"there is no file {backup}", path=backup, hint="Name a backup.")
    # A copy of a state with its log is read with the log; else SQLite leaves no file beside the backup.
    how = "ro" if has_log(backup) else "ro&immutable=1"
    try:
        with closing(connect(backup, how, timeout=_BUSY_SECONDS)) as connection:
            database = Database(connection)
            require_ours(backup, database)
            require_whole(backup, connection, thorough=True)
            _require_shop(backup, connection, magento_name)
            yield database
    except sqlite3.Error as error:
        raise unusable(backup, str(error), hint=_LEFT_AS_IT_IS) from None
    except StateError as error:
        if error.path == backup:
            error.hint = _LEFT_AS_IT_IS
        raise


def _require_shop(backup: Path, connection: sqlite3.Connection, magento_name: str) -> None:
    row = connection.execute("SELECT value FROM facts WHERE name = 'magento_name'").fetchone()
    if row is not None and row[0] != magento_name:
        raise unusable(backup, f"it was made for the shop {row[0]!r}, and magento.name is {magento_name!r}")


def _keep(path: Path, now: datetime) -> Path | None:
    """Keep a copy of the old state; keep an unreadable state byte for byte, with its log."""
    if not os.path.lexists(path):
        return None
    copy = backup_path(path, now)
    try:
        with closing(connect(path, "rw", timeout=_BUSY_SECONDS)) as connection:
            require_ours(path, Database(connection))
            require_whole(path, connection)
            copy_beside(Database(connection), path, copy)
            # The file becomes whole without its log: the next step removes the log, and may be the last step.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except (sqlite3.Error, StateError):
        _keep_bytes(path, copy)
    return copy


def _keep_bytes(path: Path, copy: Path) -> None:
    for suffix in ("", "-wal"):
        source, target = path.with_name(path.name + suffix), copy.with_name(copy.name + suffix)
        if not source.is_file():
            continue
        new = target.with_name(f".{target.name}.new")
        make_private(new)
        with source.open("rb") as one, new.open("r+b") as other:
            shutil.copyfileobj(one, other)
            os.fsync(other.fileno())
        new.replace(target)


def _put(new: Path, path: Path) -> None:
    """Put the new file in place. The log goes first, because SQLite would replay the log into the new file."""
    for name in LOG_FILES:
        with suppress(FileNotFoundError):
            path.with_name(name.format(path.name)).unlink()
    sync_folder(path.parent)
    new.replace(path)
    sync_folder(path.parent)
