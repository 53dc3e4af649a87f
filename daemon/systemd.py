"""Tells systemd how the daemon stands: READY, STATUS, WATCHDOG, RELOADING, STOPPING, a datagram each."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from daemon.words import visible

_LONGEST_STATUS = 400
_SEND_SECONDS = 2.0


class Systemd:
    """The socket of systemd for this process; without a socket, every method returns at once.

    ``watchdog_seconds``: how long systemd waits for :meth:`feed` before it ends the process; None: it never does.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self.watchdog_seconds = _watchdog_seconds(environ)
        self._status: str | None = None

    @property
    def listens(self) -> bool:
        """Return whether systemd listens."""
        return bool(self._address)

    def ready(self) -> None:
        """Report the daemon ready: at its start, and again after a reload."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """Say the present status in a line for people; only after a change of the line."""
        line = visible(" ".join(text.split())[:_LONGEST_STATUS])  # a line break would begin a message of its own
        if line != self._status:
            self._status = line
            self._say(f"STATUS={line}")

    def feed(self) -> None:
        """Report progress, which restarts systemd's watchdog."""
        self._say("WATCHDOG=1")

    def reloading(self, monotonic: float) -> None:
        """Announce a reading of the settings; :meth:`ready` reports its end."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={_microseconds(monotonic)}")

    def stopping(self, seconds: float) -> None:
        """Announce the end of the daemon, which may take so many seconds: the daemon waits for the call in flight."""
        self._say("STOPPING=1", "STATUS=stopping", f"EXTEND_TIMEOUT_USEC={_microseconds(seconds)}")

    def _say(self, *words: str) -> None:
        if not self._address:
            return
        # No failure here is worth ending for; systemd itself misses what matters, and says so.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
            door.settimeout(_SEND_SECONDS)
            door.sendto("\n".join(words).encode(), self._address)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    pid, wait = environ.get("WATCHDOG_PID", ""), environ.get("WATCHDOG_USEC", "")
    if not wait.isdigit() or int(wait) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(wait) / 1_000_000


def _microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)
