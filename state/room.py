"""Tells whether this process lacks open files or memory: the usual cause when a good file cannot be opened."""

import errno
import os

# SQLite needs the state, its log, the memory that readers share and their folder at one time.
_FILES = 4
LACKING = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


def is_starved() -> bool:
    """Return whether this process cannot open as many files as a state needs."""
    opened: list[int] = []
    try:
        for _ in range(_FILES):
            opened.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))  # noqa: PERF401  (closed one by one below)
    except OSError as error:
        return error.errno in LACKING
    except MemoryError:
        return True
    finally:
        for handle in opened:
            os.close(handle)
    return False
