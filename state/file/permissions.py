"""Gives the state's files to the owner of their folder, whoever makes them.

Root's command beside a service leaves no file that the service's own user could not open (SQLite does the same for its
files beside a state). No link of that user leads the command to another user's file.
"""

import os
from pathlib import Path


def open_private(path: Path, flags: int) -> int:
    """Open a file of the state for its owner alone; make a missing file."""
    handle = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.fchown(handle, folder.st_uid, folder.st_gid)
    return handle


def make_private(path: Path) -> None:
    """Make an empty file of the state, in place of a half-made one."""
    path.unlink(missing_ok=True)
    os.close(open_private(path, os.O_WRONLY | os.O_EXCL))
