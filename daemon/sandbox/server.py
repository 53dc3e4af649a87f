"""An HTTP server on loopback, for starting, stopping and starting again on its port at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import sys
import threading
from typing import Any, Self

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer

from daemon.sandbox.wire import RESET, Connection

HOST = "127.0.0.1"


class Server:
    """One HTTP server on loopback, in threads of its own."""

    def __init__(self, app: Flask, *, port: int = 0, ssl_context: ssl.SSLContext | None = None) -> None:
        self._app = app
        self._ssl_context = ssl_context
        # Bound but not listening: the port is reserved and known, and connections to it are refused.
        self._reserved: socket.socket | None = _bind(port)
        self.port: int = self._reserved.getsockname()[1]
        scheme = "http" if ssl_context is None else "https"
        self.url: str = f"{scheme}://{HOST}:{self.port}"
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen and answer in the background; connections are accepted when this returns."""
        if self._listener is None:
            reserved = self._reserved or _bind(self.port)
            self._reserved = None
            with reserved:
                self._listener = _Listener(self._app, reserved, self._ssl_context)
            self._thread = threading.Thread(target=self._listener.serve, name=f"sandbox-{self.port}", daemon=True)
            self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection, in the middle of its call too, and refuse new ones."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        if self._listener is not None and self._thread is not None:
            self._listener.stop_accepting()
            self._thread.join()
            self._listener.close_connections()
        self._listener = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _bind(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((HOST, port))
    except OSError:
        bound.close()
        raise
    return bound


def _is_to_be_reset(connection: socket.socket) -> bool:
    with contextlib.suppress(OSError):
        return connection.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)[:4] == RESET[:4]
    return False


class _Listener(ThreadedWSGIServer):
    """The listening socket and its accepted connections."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, app: Flask, bound: socket.socket, ssl_context: ssl.SSLContext | None) -> None:
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        handler = type("Connection", (Connection,), {"stopping": self.stopping})
        super().__init__(HOST, bound.getsockname()[1], app, handler, fd=bound.fileno())
        # Not given to the base class, which would shake hands in the accepting thread: one silent client there
        # would keep all others out.
        self.ssl_context = ssl_context
        self._bell, self._ringer = socket.socketpair()
        self.server_activate()
        self.socket.setblocking(False)  # a client that is gone before its turn must not keep the bell from being heard

    def serve(self) -> None:
        """Accept connections until ``stop_accepting`` rings the bell: ``serve_forever`` would poll for its end."""
        with self._bell, selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while not self.stopping.is_set():
                selector.select()
                if not self.stopping.is_set():
                    self._accept()
        self.server_close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the client may have gone since
            self.process_request(*self.get_request())

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        if _is_to_be_reset(request):  # a FIN before the RST would look like an ordinary end
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the application's errors, but not broken connections."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop_accepting(self) -> None:
        """End ``serve``; calls that wait are dropped."""
        self.stopping.set()
        self._ringer.close()

    def close_connections(self) -> None:
        """Close every open connection."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):  # the connection may have been closed since
                connection.shutdown(socket.SHUT_RDWR)
