"""Stands in for systemd's end of $NOTIFY_SOCKET: keeps every message with its time."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path


class Notified:
    """A socket with its received messages, as ``(monotonic instant, {name: value})``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self.messages: list[tuple[float, dict[str, str]]] = []
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._door.bind(str(self.path))
        self._door.settimeout(0.05)
        self._open = True
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def environ(self, *, watchdog: float | None = None) -> dict[str, str]:
        """Return systemd's environment for the process."""
        found = {"NOTIFY_SOCKET": str(self.path)}
        return found if watchdog is None else {**found, "WATCHDOG_USEC": str(int(watchdog * 1_000_000))}

    def of(self, name: str) -> list[str]:
        """Return the values of this name so far."""
        return [message[name] for _, message in list(self.messages) if name in message]

    def last_at(self, name: str) -> float:
        """Return the time of the last message with this name."""
        return max((at for at, message in list(self.messages) if name in message), default=0.0)

    def close(self) -> None:
        self._open = False
        self._reader.join()
        self._door.close()

    def _read(self) -> None:
        while self._open:
            try:
                text = self._door.recv(65_536).decode()
            except TimeoutError:
                continue
            self.messages.append((time.monotonic(), dict(line.split("=", 1) for line in text.splitlines())))
