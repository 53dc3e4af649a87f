"""One process works on a state at a time: an exclusive lock on a file beside it, held for the process's life."""

import fcntl
import os
from pathlib import Path

from state.errors import StateLockedError, unusable


def take_lock(path: Path) -> int:
    """Lock the state; the handle is what keeps it. StateLockedError names the process that has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(_lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        why = f"its folder cannot be written ({error.strerror})"
        hint = "Let this user write the folder, or set state.path to one that it can write."
        raise unusable(path, why, hint=hint) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(handle, 32, 0).strip()
        os.close(handle)
        raise StateLockedError(path, int(pid) if pid.isdigit() else None) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def release_lock(handle: int) -> None:
    """Let go. The file stays: were it removed, two processes could lock two files of one name."""
    os.ftruncate(handle, 0)  # nobody holds it: a process that asks must not take our id for a holder's
    os.close(handle)


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
