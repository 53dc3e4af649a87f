"""Locks a state for one process: an exclusive lock on a file beside the state, held for the process's life.

The lock belongs to the open file (Linux's open file description locks). So another process can ask whether the lock is
held without taking it, and closing another handle of the file does not release it. The file's first line is the
holder's process id, for people to read: only the lock itself tells whether it is held. The second line is the state's
generation. The third line names the file that the holder works on. A killed holder leaves the first line there.
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from state.errors import StateLockedError, starved, unusable
from state.file.permissions import open_private
from state.room import LACKING

_FLOCK = struct.Struct("hhqqi")  # struct flock: type, whence, start, length (0: the whole file), pid (0)


class _Lines(NamedTuple):
    """The lines of the lock's file; a missing line is empty."""

    pid: str = ""
    generation: str = ""
    in_use: str = ""


class Taken(NamedTuple):
    """A held lock, until ``handle`` is closed. ``left_by_killed``: the last holder never released the lock."""

    handle: int
    left_by_killed: bool


def take_lock(path: Path) -> Taken:
    """Lock the state, or raise StateLockedError with the holder's process id."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = open_private(_lock_path(path), os.O_RDWR)
    except OSError as error:
        if error.errno in LACKING:
            raise starved(path, str(error.strerror)) from None
        why = f"its folder cannot be written ({error.strerror})"
        hint = "Let this user write the folder, or set state.path to one that it can write."
        raise unusable(path, why, hint=hint) from None
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _exclusive())
    except (BlockingIOError, PermissionError):  # the system chooses which of the two
        pid = _lines(handle).pid
        os.close(handle)
        raise StateLockedError(path, int(pid) if pid.isdigit() else None) from None
    before = _lines(handle)
    _write(handle, _Lines(str(os.getpid()), before.generation))
    return Taken(handle, bool(before.pid))


def release_lock(handle: int) -> None:
    """Release the lock. The file stays, because else two processes could lock two files of one name."""
    _write(handle, _Lines(generation=_lines(handle).generation))
    os.close(handle)


def generation_beside(handle: int) -> str | None:
    """Return the generation beside the state (``state.generation``), from the second line of the lock's file."""
    return _lines(handle).generation or None


def write_generation(handle: int, word: str) -> None:
    """Write the generation beside the state."""
    _write(handle, _lines(handle)._replace(generation=word))


def tell_in_use(handle: int, device: int, inode: int) -> None:
    """Write the identity of the holder's state file into the third line."""
    _write(handle, _lines(handle)._replace(in_use=f"{device}:{inode}"))


def state_in_use(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of the holder's state file; None without a third line."""
    try:
        handle = os.open(_lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        device, _, inode = _lines(handle).in_use.partition(":")
    finally:
        os.close(handle)
    return (int(device), int(inode)) if device.isdigit() and inode.isdigit() else None


def is_locked(path: Path) -> bool:
    """Return whether a process works on this state now."""
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
    """Return the process id in the first line, for people to read."""
    try:
        text = _lock_path(path).read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return None
    return int(text) if text.isdigit() else None


def _lines(handle: int) -> _Lines:
    found = os.pread(handle, 128, 0).decode("ascii", "replace").split("\n")
    return _Lines(*(line.strip() for line in [*found, "", "", ""][:3]))


def _write(handle: int, lines: _Lines) -> None:
    text = "\n".join(lines).rstrip("\n")
    with suppress(OSError):  # without room the file stays empty, and the state is treated like an older copy
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{text}\n".encode() if text else b"", 0)


def _exclusive() -> bytes:
    return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")
