"""What systemd is told of the daemon: READY, STATUS, WATCHDOG, RELOADING, STOPPING, a datagram each; else silence."""

import os
import socket
from collections.abc import Mapping
from contextlib import suppress

from daemon.words import visible

_LONGEST_STATUS = 400
_SEND_SECONDS = 2.0


class Systemd:
    """The socket that systemd gave this process; every word is a no-op where there is none.

    ``watchdog_seconds``: how long systemd waits for :meth:`feed` before it ends the process; None: it does not.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self.watchdog_seconds = _watchdog_seconds(environ)
        self._status: str | None = None

    @property
    def listens(self) -> bool:
        """Whether anybody is told anything."""
        return bool(self._address)

    def ready(self) -> None:
        """The daemon works: at its start, and again after a reload."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """What goes on, a line for people; said when it has changed."""
        line = visible(" ".join(text.split())[:_LONGEST_STATUS])  # a line break would begin a message of its own
        if line != self._status:
            self._status = line
            self._say(f"STATUS={line}")

    def feed(self) -> None:
        """Passes get on; systemd waits anew for so long."""
        self._say("WATCHDOG=1")

    def reloading(self, monotonic: float) -> None:
        """The settings are about to be read again; :meth:`ready` says that they were."""
        self._say("RELOADING=1", f"MONOTONIC_USEC={_microseconds(monotonic)}")

    def stopping(self, seconds: float) -> None:
        """The daemon ends, and may take so long: the call in flight is waited for."""
        self._say("STOPPING=1", "STATUS=stopping", f"EXTEND_TIMEOUT_USEC={_microseconds(seconds)}")

    def _say(self, *words: str) -> None:
        if not self._address:
            return
        # Nothing of this is worth ending for; what matters is missed by systemd itself, and said by it.
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
