"""One process works on a state at a time: an exclusive lock on a file beside it, held for the process's life.

The lock belongs to the open file (Linux's open file description locks), so that another process can ask whether it is
held without taking it, and none of our own closing the file once more lets go of it. Who holds it is written in the
file's first line for people to read; nothing is decided by that. The second is the state's mark.
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path

from state.errors import StateLockedError, unusable
from state.ownership import open_private

_FLOCK = struct.Struct("hhqqi")  # struct flock: type, whence, start, length (0: the whole file), pid (0)


def take_lock(path: Path) -> int:
    """Lock the state; the handle is what keeps it. StateLockedError names the process that has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = open_private(_lock_path(path), os.O_RDWR)
    except OSError as error:
        why = f"its folder cannot be written ({error.strerror})"
        hint = "Let this user write the folder, or set state.path to one that it can write."
        raise unusable(path, why, hint=hint) from None
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _exclusive())
    except (BlockingIOError, PermissionError):  # which of the two is left to the system
        pid = _lines(handle)[0]
        os.close(handle)
        raise StateLockedError(path, int(pid) if pid.isdigit() else None) from None
    _write(handle, str(os.getpid()), mark_beside(handle))
    return handle


def release_lock(handle: int) -> None:
    """Let go. The file stays: were it removed, two processes could lock two files of one name."""
    _write(handle, "", mark_beside(handle))
    os.close(handle)


def mark_beside(handle: int) -> str | None:
    """The word that was left beside the state (``state.mark``), in the second line of the lock's file."""
    return _lines(handle)[1] or None


def write_mark(handle: int, word: str) -> None:
    """Leave this word there."""
    _write(handle, _lines(handle)[0], word)


def is_locked(path: Path) -> bool:
    """Whether a process works on this state now."""
    try:
        handle = os.open(_lock_path(path), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _exclusive()))
    finally:
        os.close(handle)
    return bool(kind != fcntl.F_UNLCK)


def holder(path: Path) -> int | None:
    """The process that wrote its id when it took the lock, for people to read."""
    try:
        text = _lock_path(path).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def _lines(handle: int) -> tuple[str, str]:
    """Who holds the lock, and the mark; each empty when it is not there."""
    first, _, second = os.pread(handle, 64, 0).decode("ascii", "replace").partition("\n")
    return first.strip(), second.strip()


def _write(handle: int, first: str, mark: str | None) -> None:
    text = f"{first}\n{mark}\n" if mark else f"{first}\n" if first else ""
    with suppress(OSError):  # without room it says nothing, and then the state is doubted like a copy
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)


def _exclusive() -> bytes:
    return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
