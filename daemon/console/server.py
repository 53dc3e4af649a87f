"""Serves the pages in threads of their own, where settings.yaml says; without them the daemon goes on."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from structlog.typing import FilteringBoundLogger
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class _Silent(WSGIRequestHandler):
    """A scrape every few seconds is no event."""

    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  (the parent's)
        """Say nothing."""


class Console:
    """One server, on one address at a time."""

    def __init__(self, make_app: Callable[[], Flask], log: FilteringBoundLogger) -> None:
        self._make_app = make_app
        self._log = log
        self._listen: str | None = None
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    def follow(self, listen: str | None) -> None:
        """Serve there from now on; null: nowhere. An address that cannot be had is said, and the daemon goes on."""
        if listen == self._listen:
            return
        self.stop()
        self._listen = listen
        if listen is None:
            return
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            bound = socket.create_server((host, int(port)), family=family)
        except OSError as error:
            hint = "Set console.listen to another one, or to null; metrics and health are not served until then."
            self._log.warning("console.failing", path=listen, reason=error.strerror, hint=hint)
            return
        with bound:  # given by its number: the library ends the process where a port is taken
            server = make_server(
                host, int(port), self._make_app(), threaded=True, request_handler=_Silent, fd=bound.fileno()
            )
        server.daemon_threads = True  # type: ignore[attr-defined]  # of the threaded one
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, name="console", daemon=True)
        self._thread.start()
        self._log.info("console.listening", path=listen)

    def stop(self) -> None:
        """Serve nothing any more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = self._listen = None
