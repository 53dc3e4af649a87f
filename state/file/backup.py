"""Copies a state: each copy gets its name only when whole, and no link leads a copy to another place."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from sqlite_utils.db import Database

from state.errors import StateError
from state.file.permissions import make_private, open_private
from state.file.sqlite import connect

_CHUNK = 1 << 20


def exists(target: Path) -> bool:
    """Return whether anything has this name, even a link to nowhere."""
    return os.path.lexists(target)


def is_beside(target: Path, state: Path) -> bool:
    """Return whether the target is in the state's own folder."""
    return target.absolute().parent == state.absolute().parent


def backup_path(path: Path, now: datetime) -> Path:
    """Return an unused path beside the state that tells the time."""
    number = 0
    while True:
        suffix = f".{number}" if number else ""
        copy = path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%SZ}{suffix}.bak")
        if not copy.exists():
            return copy
        number += 1


def copy_state(database: Database, state: Path, target: Path) -> None:
    """Copy the state: to its own folder as the folder's owner, elsewhere as the present user."""
    if is_beside(target, state):
        copy_beside(database, state, target)
    else:
        copy_elsewhere(database, state, target)


def copy_beside(database: Database, state: Path, target: Path) -> None:
    """Copy the state to another file of its folder; the copy belongs to the folder's owner."""
    new = target.with_name(f".{target.name}.new")
    make_private(new)
    try:
        write_copy(database, new)
        new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    sync_folder(state.parent)


def copy_elsewhere(database: Database, state: Path, target: Path) -> None:
    """Copy the state into another folder; the copy belongs to the present user.

    Others may write there, and SQLite opens files by their names. So SQLite writes to a folder of ours alone; from
    there the copy goes through a handle to a new file, and the new file gets its name when whole.
    """
    refuse_others_links(target)
    try:
        folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _cannot_write(target, error) from error
    try:
        with _staged(database, state) as whole:
            _carry(whole, folder, target)
    finally:
        os.close(folder)


def refuse_others_links(target: Path) -> None:
    """Raise StateError for a folder on the way that is another user's link: its owner may lead the copy anywhere."""
    for place in reversed(target.absolute().parents):
        try:
            found = place.lstat()
        except OSError:
            return  # whoever opens the path tells that the folder is missing
        if os.path.islink(place) and found.st_uid not in (0, os.geteuid()):  # noqa: PTH114  (needs no second look)
            raise StateError(
                f"{place} is a link that another user made", path=target, hint="Name the folder that it leads to."
            )


def sync_folder(folder: Path) -> None:
    """Sync the names in this folder to the disk."""
    with suppress(OSError):  # some file systems cannot sync a folder
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _staged(database: Database, state: Path) -> Iterator[Path]:
    """Yield a whole copy in a folder of ours: beside the state, or among the temporary files if there is no room."""
    folder = _folder_of_ours(state)
    try:
        copy = folder / "copy"
        os.close(open_private(copy, os.O_WRONLY | os.O_EXCL))
        write_copy(database, copy)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_of_ours(state: Path) -> Path:
    """Return a new folder of ours; root never stages a copy where another user could move the copy."""
    ours = state.parent.stat().st_uid == os.geteuid()
    if ours:
        with suppress(OSError):
            return Path(tempfile.mkdtemp(prefix=".copy-", dir=state.parent))
    return Path(tempfile.mkdtemp(prefix="invoice-sync-"))


def write_copy(database: Database, to: Path) -> None:
    """Write a copy to an empty file, and sync the file to the disk."""
    with closing(connect(to, "rw", timeout=30)) as copy:
        copy.execute("PRAGMA synchronous = FULL")
        database.conn.backup(copy)


def _carry(whole: Path, folder: int, target: Path) -> None:
    """Write the copy to a new file in the folder, then give the file its name unless the name is taken."""
    new = f".{target.name}.new"
    try:
        with suppress(FileNotFoundError):
            os.unlink(new, dir_fd=folder)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600,
                         dir_fd=folder)  # fmt: skip
        try:
            with whole.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    os.write(handle, chunk)
            os.fsync(handle)
            _name(new, target, folder)
            os.fsync(folder)
        finally:
            os.close(handle)
            with suppress(FileNotFoundError):
                os.unlink(new, dir_fd=folder)
    except FileExistsError:
        raise StateError(f"{target} exists already", path=target, hint="Name a file that is not there yet.") from None
    except OSError as error:
        raise _cannot_write(target, error) from error


def _name(new: str, target: Path, folder: int) -> None:
    """Give the copy its name by a link, because a rename would overwrite a newer file; not every file system links."""
    try:
        os.link(new, target.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:
        os.rename(new, target.name, src_dir_fd=folder, dst_dir_fd=folder)


def _cannot_write(target: Path, error: OSError) -> StateError:
    return StateError(
        f"{target} cannot be written ({error.strerror})",
        path=target,
        hint="Name a file in a folder that this user can write and that has room.",
    )
