"""An application's answer in the hand: asked for, compressed, padded."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

COMPRESSED_FROM = 1000
"""Bytes from which a body is compressed, if the client asks."""


def ask(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """The application's answer, read whole."""
    return Response.from_app(app, environ, buffered=True)


def takes_gzip(environ: WSGIEnvironment) -> bool:
    """Whether the client says that it reads gzip."""
    return "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")


def compress(response: Response, environ: WSGIEnvironment) -> Response:
    """Compress the body in place, if the client asks and it is worth it."""
    body = response.get_data()
    if takes_gzip(environ) and len(body) > COMPRESSED_FROM and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(body, compresslevel=1))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


def padding(size: int) -> Iterator[bytes]:
    """A JSON list envelope of exactly so many bytes, in pieces."""
    head, tail = b'{"items":[],"total_count":0,"padding":"', b'"}'
    left = max(0, size - len(head) - len(tail))
    piece = b"a" * 65_536
    yield head
    while left:
        yield piece[:left]
        left -= min(left, len(piece))
    yield tail


def squeeze(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one gzip stream."""
    squeezer = zlib.compressobj(wbits=31)
    for piece in pieces:
        if data := squeezer.compress(piece):
            yield data
    yield squeezer.flush()
