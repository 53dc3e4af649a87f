"""Asks an application for its answer, and compresses or pads the body."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

COMPRESSED_FROM = 1000
"""The smallest body, in bytes, to compress for a client with gzip."""


def ask(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
    """Return the application's answer, read whole."""
    return Response.from_app(app, environ, buffered=True)


def takes_gzip(environ: WSGIEnvironment) -> bool:
    """Return whether the client accepts gzip."""
    return "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")


def compress(response: Response, environ: WSGIEnvironment) -> Response:
    """Compress a large body in place for a client with gzip; return the response."""
    body = response.get_data()
    if takes_gzip(environ) and len(body) > COMPRESSED_FROM and "Content-Encoding" not in response.headers:
        response.set_data(gzip.compress(body, compresslevel=1))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


def padding(size: int) -> Iterator[bytes]:
    """Yield a JSON list envelope of exactly so many bytes, in pieces."""
    head, tail = b'{"items":[],"total_count":0,"padding":"', b'"}'
    left = max(0, size - len(head) - len(tail))
    piece = b"a" * 65_536
    yield head
    while left:
        yield piece[:left]
        left -= min(left, len(piece))
    yield tail


def squeeze(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces as one gzip stream."""
    squeezer = zlib.compressobj(wbits=31)
    for piece in pieces:
        if data := squeezer.compress(piece):
            yield data
    yield squeezer.flush()
