"""Reads the small files that people write, and waits for nothing: a pipe or a device is none of them."""

import errno
import os
import stat
from pathlib import Path


def read_small(path: Path, most: int) -> bytes:
    """Return what the file holds; OSError when it cannot be read, is no plain file, or has more than ``most`` bytes."""
    # Without O_NONBLOCK, a pipe that nobody writes to would be waited for.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is no plain file, but a pipe or a device")
        content = bytearray()
        while len(content) <= most and (part := os.read(handle, most + 1 - len(content))):
            content += part
    finally:
        os.close(handle)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than such a file can be ({most // 1000:,} kB)")
    return bytes(content)
