"""Copies of a state: each appears under its name only when it is whole, and is led to no other place by a link."""

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
    """Return whether anything has this name, a link that leads nowhere too."""
    return os.path.lexists(target)


def is_beside(target: Path, state: Path) -> bool:
    """Return whether the copy is to stand in the state's own folder."""
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
    """Copy the state to another file of its folder: its owner's, as the folder is."""
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
    """Copy the state into a folder of somebody's: the copy is of who asked for it.

    Others may write there, and SQLite opens files by their names. So it writes to a folder that is ours alone; from
    there the copy goes through a handle that was opened on a new file, and gets its name when it is whole.
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
    """StateError when a folder on the way is a link that is neither root's nor ours: it leads where its owner likes."""
    for place in reversed(target.absolute().parents):
        try:
            found = place.lstat()
        except OSError:
            return  # what is not there is said by who opens it
        if os.path.islink(place) and found.st_uid not in (0, os.geteuid()):  # noqa: PTH114  (needs no second look)
            raise StateError(
                f"{place} is a link that another user made", path=target, hint="Name the folder that it leads to."
            )


def sync_folder(folder: Path) -> None:
    """Have the disk remember the names in this folder."""
    with suppress(OSError):  # some file systems know nothing like it
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _staged(database: Database, state: Path) -> Iterator[Path]:
    """A whole copy in a folder of ours: beside the state, or where that has no room, among the temporary files."""
    folder = _folder_of_ours(state)
    try:
        copy = folder / "copy"
        os.close(open_private(copy, os.O_WRONLY | os.O_EXCL))
        write_copy(database, copy)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_of_ours(state: Path) -> Path:
    """Root stages no copy where another user could move it."""
    ours = state.parent.stat().st_uid == os.geteuid()
    if ours:
        with suppress(OSError):
            return Path(tempfile.mkdtemp(prefix=".copy-", dir=state.parent))
    return Path(tempfile.mkdtemp(prefix="invoice-sync-"))


def write_copy(database: Database, to: Path) -> None:
    """Write a copy to a file that is there and empty; it is on the disk when this returns."""
    with closing(connect(to, "rw", timeout=30)) as copy:
        copy.execute("PRAGMA synchronous = FULL")
        database.conn.backup(copy)


def _carry(whole: Path, folder: int, target: Path) -> None:
    """Write it to a new file in the folder, then give that its name unless somebody else has taken it."""
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
    """Give the copy its name. A rename would overwrite what came there meanwhile; not every file system links."""
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
