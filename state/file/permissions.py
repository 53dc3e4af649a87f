"""Whose the state's files are: its folder's owner's, whoever makes them.

Root's command beside a service leaves no file that the service's own user could not open (SQLite does the same for what
it makes beside a state); and it is led by no link that this user could have put there to a file of another's.
"""

import os
from pathlib import Path


def open_private(path: Path, flags: int) -> int:
    """Open a file of the state, made if it is not there, for its owner alone."""
    handle = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(handle, folder.st_uid, folder.st_gid)
    return handle


def make_private(path: Path) -> None:
    """An empty file of the state, in place of one that was left half made."""
    path.unlink(missing_ok=True)
    os.close(open_private(path, os.O_WRONLY | os.O_EXCL))
