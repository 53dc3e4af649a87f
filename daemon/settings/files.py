"""Reads small files written by people, and never waits: a pipe or a device is refused."""

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, most: int) -> bytes:
    """Return the file's bytes; OSError for an unreadable file, one above ``most`` bytes, a pipe or a device."""
    # Without O_NONBLOCK, open() would wait for a writer of a pipe.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is not a plain file, but a pipe or a device")
        content = bytearray()
        while len(content) <= most and (part := os.read(handle, most + 1 - len(content))):
            content += part
    finally:
        os.close(handle)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most // 1000:,} kB")
    return bytes(content)
