"""Tells whether this process lacks open files or memory: the usual cause when a good file cannot be opened."""

import errno
import os

# SQLite needs the state, its log, the memory that readers share and their folder at one time.
_FILES = 4
_WORDS = ("allocate memory", "failed to map segment", "Too many open files", "can't start new thread")
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


def lacks_room(error: BaseException | None) -> bool:
    """Return whether this error or its cause is a lack of files, threads or memory.

    An error raised ``from None`` has no cause: such as the error for a lock of another process.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if _is_lack(error):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _is_lack(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in LACKING
    # The loader of libraries and the threads tell a lack in words alone.
    return isinstance(error, (ImportError, RuntimeError, OSError)) and any(word in str(error) for word in _WORDS)
