"""The answers of Magento, or of a proxy in front, in place of a list with an unreadable record."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault, big, drop, garble, hang, reset, status, truncate
from daemon.sandbox.magento.shop import WAYS, Way
from daemon.sandbox.wire import Dropped

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

BROKEN = "sandbox.broken"
"""Key of the WSGI environment for the way in which the answer breaks."""

_HUGE = 65_000_000
_SILENCE = 3600.0
_JSON = "application/json; charset=utf-8"
_ID = re.compile(rb'"entity_id":(\d+)')
_GATEWAY = b"<html>\r\n<head><title>%s</title></head>\r\n<body><center><h1>%s</h1></center></body>\r\n</html>\r\n"


class App(Flask):
    """A Flask application that passes the order to drop a connection on to the server."""

    def handle_exception(self, e: Exception) -> Response:  # type: ignore[override]  # Flask's own response is one
        """Raise the order to drop the connection; answer 500 for any other exception."""
        if isinstance(e, Dropped):
            raise e
        return super().handle_exception(e)


def break_answer(response: Response, environ: WSGIEnvironment, ways: Mapping[Way, Fault]) -> Response:
    """Return the answer, broken by the record in it; an answer without such a record unchanged."""
    way = environ.pop(BROKEN, None)
    return response if way is None else ways[way].answer(response, environ)


def ways_to_break() -> dict[Way, Fault]:
    """Return a fault for each way; tests may replace it."""
    return {way: _FAULTS[way] for way in WAYS}


def _says(code: int, body: Callable[[], object]) -> Fault:
    """Return a fault that answers JSON with that status; `body` makes each answer's body."""

    def answer(_app: WSGIApplication, _environ: WSGIEnvironment) -> Response:
        return Response(json.dumps(body(), separators=(",", ":")), code, content_type=_JSON)

    return Fault(f"status {code}", answer)


def _error() -> object:
    report = secrets.token_hex(7)[:13]
    return {"message": f"Internal Error. Details are available in Magento log file. Report ID: webapi-{report}"}


def _fatal() -> object:
    report = f"Server internal error. See details in report api/{secrets.randbelow(10**12)}"
    return {"messages": {"error": [{"code": 500, "message": report}]}}


def _gateway(code: int, title: bytes) -> Fault:
    return status(code, _GATEWAY % (title, title))


def _beside_the_id(text: bytes) -> Fault:
    """Return a fault that puts this text before the answer's first entity_id."""
    return garble(lambda body: _ID.sub(lambda found: text + b"," + found[0], body, count=1))


_MISSING = {"message": "The entity that was requested doesn't exist. Verify the entity and try again."}
_UNSERIALIZABLE = {"message": "Unable to unserialize value. Error: Syntax error"}
_WARNING = (
    b"<br />\n<b>Warning</b>:  Undefined array key 1 in <b>/var/www/app/code/Module.php</b> on line <b>17</b><br />\n"
)
_FAULTS: dict[Way, Fault] = {
    "error": _says(500, _error),
    "fatal": _says(500, _fatal),
    "not found": _says(404, lambda: _MISSING),
    "bad request": _says(400, lambda: _UNSERIALIZABLE),
    "bad gateway": _gateway(502, b"502 Bad Gateway"),
    "unavailable": _gateway(503, b"503 Service Temporarily Unavailable"),
    "gateway time-out": _gateway(504, b"504 Gateway Time-out"),
    "empty": status(200, b"", _JSON),
    "message": _says(200, lambda: _MISSING),
    "cut": garble(lambda body: body[: len(body) * 2 // 3]),
    "cut on the wire": truncate(0.6),
    "not a number": _beside_the_id(b'"grand_total":NaN'),
    "not utf-8": _beside_the_id(b'"note":"caf\xe9"'),
    "warning": garble(lambda body: _WARNING + body),
    "mark": garble(lambda body: b"\xef\xbb\xbf" + body),
    "deep": _beside_the_id(b'"note":' + b"[" * 150 + b"]" * 150),
    "long number": _beside_the_id(b'"note":' + b"7" * 5000),
    "text id": garble(lambda body: _ID.sub(rb'"entity_id":"\1"', body, count=1)),
    "huge": big(_HUGE),
    "reset": reset(),
    "drop": drop(),
    "silence": hang(_SILENCE),
}
