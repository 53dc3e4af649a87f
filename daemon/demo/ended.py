"""Waits for the end of a process so that a signal at any moment leaves the process endable."""

import subprocess
import time
from contextlib import suppress
from typing import Any

from daemon.demo.interrupts import held_back

_LOOK_SECONDS = 0.02
_KILLED_SECONDS = 5


def code_of(process: subprocess.Popen[Any]) -> int | None:
    """Return the exit code of a process that has ended, else None.

    Signals are delayed meanwhile. An exception in the middle of ``poll`` may leave the lock of Popen held, and then no
    later wait ends.
    """
    with held_back():
        code: int | None = process.poll()
    return code


def code_within(process: subprocess.Popen[Any], seconds: float) -> int | None:
    """Wait for the process to end; return its exit code, None after this time."""
    until = time.monotonic() + seconds
    while (code := code_of(process)) is None and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)
    return code


def terminate(process: subprocess.Popen[Any], seconds: float) -> int:
    """End the process in order, after this time by force; return its exit code."""
    with held_back():
        process.terminate()
    code = code_within(process, seconds)
    if code is None:
        code = kill(process)
    return code


def kill(process: subprocess.Popen[Any], seconds: float = _KILLED_SECONDS) -> int:
    """Kill the process; return its exit code. The wait for its end is bounded: Popen may have lost its lock."""
    with held_back():
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return -9 if process.returncode is None else process.returncode
