"""HTTP without a socket: a client's request reaches the sandbox's application as a function call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import requests
from flask import Flask
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from daemon.transport import Transport
from state.kinds import SideName


@dataclass(frozen=True)
class Reply:
    """An answer before a client reads it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Exchange = Callable[[requests.PreparedRequest], Reply]


class Network(Protocol):
    """Takes the calls to both sides."""

    @property
    def magento(self) -> Exchange:
        """The shop."""

    @property
    def salesforce(self) -> Exchange:
        """The org."""


class InProcess(BaseAdapter):
    """Takes the place of the adapter that speaks HTTP; raises the same errors (``daemon.errors``) as that one."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Return the answer, read whole, as the session's caller gets it."""
        reply = self._exchange(request)
        response = requests.Response()
        response.status_code = reply.status
        response.headers = CaseInsensitiveDict(reply.headers)
        response.url = str(request.url)
        response.request = request
        response.encoding = "utf-8"
        response.raw = BytesIO(reply.body)
        return response

    def close(self) -> None:
        """Close nothing: no connection is open."""


class InProcessTransport(Transport):
    """Opens the daemon's own sessions, whose calls reach the network of the simulation."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def open_session(self, side: SideName, *, seconds: float, ca_bundle: str | None = None) -> requests.Session:
        """Open a session that speaks to the network."""
        session = super().open_session(side, seconds=seconds, ca_bundle=ca_bundle)
        session.mount("https://", InProcess(self._network.magento if side == "magento" else self._network.salesforce))
        return session


def call(app: Flask, request: requests.PreparedRequest) -> Reply:
    """Return the application's own answer."""
    status: list[Any] = []

    def start_response(line: str, headers: list[tuple[str, str]], _info: Any = None) -> Any:
        status[:] = [int(line[:3]), dict(headers)]

    # Flask's own entry, past the sandbox's log of calls and its compression, which have no use here.
    body = b"".join(Flask.wsgi_app(app, _environ(request), start_response))
    return Reply(status[0], status[1], body)


def body_of(request: requests.PreparedRequest) -> bytes:
    """Return a request's body."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    url = urlsplit(str(request.url))
    body = body_of(request)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path, "latin-1"),
        "QUERY_STRING": url.query,
        "REQUEST_URI": f"{url.path}?{url.query}" if url.query else url.path,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ
