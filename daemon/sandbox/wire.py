"""One HTTP/1.1 connection: keep-alive, chunks, and closing without an answer."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.http import http_date
from werkzeug.serving import WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

STOPPING = "sandbox.stopping"
"""Key of the WSGI environment for the event of the server's end."""

RESET = struct.pack("ii", 1, 0)
"""The value of SO_LINGER that makes close() reset the connection."""


class Dropped(ConnectionError):  # noqa: N818 - an instruction to the server, not a mistake
    """Raised by an application to close the connection at once, without another byte."""


def pause(environ: WSGIEnvironment, seconds: float) -> None:
    """Wait; raise Dropped when the server stops in the meantime."""
    stopping = environ.get(STOPPING)
    if not isinstance(stopping, threading.Event):
        stopping = threading.Event()
    if stopping.wait(seconds):
        raise Dropped("the server stops")


class Connection(WSGIRequestHandler):
    """Serves the exchanges of one connection, one after another.

    Werkzeug's own `run_wsgi` closes after each answer and swallows the client's next bytes. For keep-alive this
    class reads the body whole before it calls the application.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65_536  # head and first piece of the body go out in one packet: the client wakes up once
    stopping: threading.Event

    def make_environ(self) -> WSGIEnvironment:
        """Return the application's environment, with the body read, so that the next call can follow."""
        environ = super().make_environ()
        body = environ["wsgi.input"]
        chunked = environ.get("wsgi.input_terminated", False)
        data = body.read() if chunked else body.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["CONTENT_LENGTH"] = str(len(data))
        environ["wsgi.input"] = BytesIO(data)
        environ[STOPPING] = self.stopping
        return environ

    def run_wsgi(self) -> None:
        """Answer one exchange; a `ConnectionError` out of the application ends the connection."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        self.environ = environ = self.make_environ()
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
            started[:] = [(status, headers)]

        answer = self.server.app(environ, start_response)
        try:
            self._send(answer, started)
        finally:
            if hasattr(answer, "close"):
                answer.close()

    def _send(self, answer: Iterable[bytes], started: list[tuple[str, list[tuple[str, str]]]]) -> None:
        chunked: bool | None = None
        for data in answer:
            if chunked is None:
                chunked = self._send_head(*started[0])
            if data:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
                self.wfile.flush()
        if chunked is None:
            chunked = self._send_head(*started[0])
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _send_head(self, status: str, headers: list[tuple[str, str]]) -> bool:
        """Write status and headers; return whether the body is sent in chunks."""
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "date" not in names:
            self.send_header("Date", http_date())
        bodiless = self.command == "HEAD" or int(code) in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
        chunked = not bodiless and "content-length" not in names
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        return chunked

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        """Print nothing: the call log is the record."""
