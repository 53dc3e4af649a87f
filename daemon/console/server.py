"""Serves the pages on the address in settings.yaml, with a few threads for any number of connections."""

import logging
import os
import socket
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from structlog.typing import FilteringBoundLogger
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

_THREADS = 2
_MOST_CONNECTIONS = 64
_LIMITS = {
    "threads": _THREADS,
    "connection_limit": 2 * _MOST_CONNECTIONS,
    "channel_timeout": 30,
    "cleanup_interval": 5,
    "max_request_header_size": 16_384,
    "max_request_body_size": 65_536,
    "inbuf_overflow": 131_072,  # above the largest body: nothing is written to a temporary file
    "log_socket_errors": False,
    "asyncore_use_poll": True,
    "ident": None,
}
_HINT = "Set console.listen to another address, or to null. Until then metrics and health are not served."


class _Connection(HTTPChannel):  # type: ignore[misc]  # the library is untyped
    """One connection; when there are too many, it takes the place of the oldest idle one."""

    def __init__(self, server: Any, *args: object, **options: object) -> None:
        super().__init__(server, *args, **options)
        open_ones = [each for each in server.active_channels.values() if not each.will_close]
        if len(open_ones) > _MOST_CONNECTIONS:
            idle = [each for each in open_ones if not each.requests and each is not self]
            if idle:
                min(idle, key=lambda each: float(each.creation_time)).close_soon()

    def close_soon(self) -> None:
        """Have the server's thread close the connection, even when the caller takes no answer.

        For such a caller ``poll`` never reports the socket as writable.
        """
        self.will_close = True
        self.server.trigger.pull_trigger(self._close_now)

    def _close_now(self) -> None:
        if self.connected:
            self.handle_write()  # sends as much as the caller takes, closes, and wakes the thread that waits to write


def _close_silent(server: Any, now: float) -> None:
    """Close connections on which nothing moved for ``channel_timeout``.

    The library leaves out connections with a request under way, so the thread of one whose caller takes no answer
    would wait for ever.
    """
    cutoff = now - server.adj.channel_timeout
    for each in list(server.active_channels.values()):
        if each.last_activity < cutoff and not each.will_close:
            each.close_soon()


class _Server:
    """The library's server with its thread, on a socket that is bound already."""

    def __init__(self, app: Flask, bound: socket.socket) -> None:
        logging.getLogger("waitress").disabled = True  # a connection more or less is no event
        logging.getLogger("waitress.queue").disabled = True
        self._connections: dict[int, object] = {}
        self._server = create_server(app, map=self._connections, sockets=[bound], **_LIMITS)
        self._server.channel_class = _Connection
        self._server.maintenance = partial(_close_silent, self._server)
        self._thread = threading.Thread(target=self._serve, name="console", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        wasyncore.loop(timeout=1.0, use_poll=True, map=self._connections)

    def stop(self) -> None:
        """Close the socket and every connection."""
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._connections))
        self._thread.join()
        self._server.task_dispatcher.shutdown(timeout=1)


class Console:
    """One server, on one address at a time."""

    def __init__(self, make_app: Callable[[], Flask], log: FilteringBoundLogger) -> None:
        self._make_app = make_app
        self._log = log
        self._listen: str | None = None
        self._server: _Server | None = None

    def follow(self, listen: str | None) -> None:
        """Serve on this address from now on; None: nowhere. Log an address that cannot be bound; the daemon goes on."""
        if listen == self._listen:
            return
        self.stop()
        self._listen = listen
        if listen is None:
            return
        try:
            with _bind(listen) as bound:
                # A number of its own: the library closes what it was given.
                self._server = _Server(self._make_app(), bound.dup())
        except (OSError, RuntimeError) as error:  # no such address, no file number or no thread left
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self._log.warning("console.failing", path=listen, reason=reason, hint=_HINT)
            return
        self._log.info("console.listening", path=listen)

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.stop()
            if is_path(str(self._listen)):
                Path(str(self._listen)).unlink(missing_ok=True)
        self._server = self._listen = None


def is_path(listen: str) -> bool:
    """Return whether ``listen`` is the path of a Unix socket, not an address with a port."""
    return listen.startswith("/")


def _bind(listen: str) -> socket.socket:
    if is_path(listen):
        return _bind_path(Path(listen))
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, int(port)), family=family)


def _bind_path(path: Path) -> socket.socket:
    """Bind a Unix socket for this user and group; replace a socket without a listener."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _is_listened_on(path):
            path.unlink()
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.bind(str(path))
        os.chmod(path, 0o660)  # noqa: PTH101
        bound.listen(128)
    except OSError:
        bound.close()
        raise
    return bound


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True
