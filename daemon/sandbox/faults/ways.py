"""The ways in which a network, a proxy or a server lets a call fail."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from daemon.sandbox.faults.answers import ask, compress, padding, squeeze, takes_gzip
from daemon.sandbox.wire import RESET, Dropped, pause

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: an answer in place of, or made of, the application's own."""

    name: str
    answer: Callable[[WSGIApplication, WSGIEnvironment], Response]


def status(
    code: int, body: bytes = b"", content_type: str = "text/html", headers: Iterable[tuple[str, str]] = ()
) -> Fault:
    """Send this answer instead, without calling the application."""
    fixed = tuple(headers)
    return Fault(f"status {code}", lambda _app, _environ: Response(body, code, fixed, content_type=content_type))


def drop() -> Fault:
    """Close the connection without an answer, and without calling the application."""

    def answer(_app: WSGIApplication, _environ: WSGIEnvironment) -> Response:
        raise Dropped("before the call")

    return Fault("drop", answer)


def reset() -> Fault:
    """Reset the connection (TCP RST) without an answer, and without calling the application."""

    def answer(_app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        if "werkzeug.socket" in environ:  # an application that is called without a server has none
            environ["werkzeug.socket"].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise Dropped("reset")

    return Fault("reset", answer)


def lost() -> Fault:
    """Call the application, so that the call commits, then close the connection without an answer."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        ask(app, environ)
        raise Dropped("after the call")

    return Fault("lost", answer)


def late_commit(when: float | threading.Event, meanwhile: Fault | None = None) -> Fault:
    """Close the connection at once; call the application so many seconds later, or when the event is set.

    ``meanwhile``: a gateway's answer, in place of closing the connection.
    """
    moment = threading.Event() if isinstance(when, float | int) else when
    wait = when if isinstance(when, float | int) else None

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        body = environ["wsgi.input"].read()
        later = {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
        later["wsgi.input"] = BytesIO(body)

        def commit() -> None:
            moment.wait(wait)
            ask(app, later)

        threading.Thread(target=commit, name="late-commit", daemon=True).start()
        if meanwhile is not None:
            return meanwhile.answer(app, environ)
        raise Dropped("the call goes on without its client")

    return Fault("late commit", answer)


def hang(seconds: float) -> Fault:
    """Send no byte for so long, or until the server stops, then close, without calling the application."""

    def answer(_app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        pause(environ, seconds)
        raise Dropped("after silence")

    return Fault("hang", answer)


def hang_after(seconds: float) -> Fault:
    """Call the application, then send no byte for so long, then close."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        ask(app, environ)
        pause(environ, seconds)
        raise Dropped("after the call and silence")

    return Fault("hang after", answer)


def truncate(fraction: float = 0.5) -> Fault:
    """Send the right Content-Length but only a part of the body, then close."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        whole = compress(ask(app, environ), environ)
        body = whole.get_data()

        def cut() -> Iterator[bytes]:
            yield body[: int(len(body) * fraction)]
            raise Dropped("in the middle of the body")

        whole.response = cut()
        whole.headers["Content-Length"] = str(len(body))
        return whole

    return Fault("truncate", answer)


def garble(change: Callable[[bytes], bytes]) -> Fault:
    """Call the application and send its body, changed by `change`."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        response.set_data(change(response.get_data()))
        return response

    return Fault("garble", answer)


def longer_than(rows: int, fault: Fault) -> Fault:
    """Apply the fault only if the application's own answer is a list of more records than this."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        found = response.get_json(silent=True) if response.status_code == 200 else None
        too_long = isinstance(found, dict) and len(found.get("items") or ()) > rows
        return fault.answer(app, environ) if too_long else response

    return Fault(f"{fault.name} where the list is long", answer)


def drip(bytes_per_second: float) -> Fault:
    """Send the real body at this speed, a few bytes at a time."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        whole = compress(ask(app, environ), environ)
        body = whole.get_data()
        size = max(1, round(bytes_per_second / 20))

        def drops() -> Iterator[bytes]:
            for start in range(0, len(body), size):
                yield body[start : start + size]
                pause(environ, size / bytes_per_second)

        whole.response = drops()
        whole.headers["Content-Length"] = str(len(body))
        return whole

    return Fault("drip", answer)


def latency(seconds: float | Callable[[], float]) -> Fault:
    """Wait, then answer as usual; a callable gives the seconds of each call."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        pause(environ, seconds() if callable(seconds) else seconds)
        return ask(app, environ)

    return Fault("latency", answer)


def big(size: int) -> Fault:
    """Stream a JSON body of so many bytes, as gzip for a client with gzip."""

    def answer(_app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = Response(content_type="application/json; charset=utf-8")
        response.response = padding(size)
        if takes_gzip(environ):
            response.headers["Content-Encoding"] = "gzip"
            response.response = squeeze(padding(size))
        return response

    return Fault("big", answer)
