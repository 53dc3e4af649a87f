"""The log of an app's calls, as the server received them."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


@dataclass(frozen=True, slots=True)
class Call:
    """One call, with its time (`time.monotonic`)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def target(self) -> str:
        """Return path and decoded query, the text for patterns to match."""
        return f"{self.path}?{self.query}" if self.query else self.path


class CallLog:
    """The calls of one app since the last clear, in the order of their arrival."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def append(self, call: Call) -> None:
        """Keep a call."""
        with self._lock:
            self._calls.append(call)

    def matching(self, *, method: str | None = None, path: str | None = None) -> list[Call]:
        """Return the calls with that method, and with `path` (a regular expression) found in path and query."""
        return [call for call in self if matches(call, method=method, path=path)]

    def count(self, method: str | None = None, path: str | None = None) -> int:
        """Return the number of calls with that method and path."""
        return len(self.matching(method=method, path=path))

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._calls.clear()

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(self._calls.copy())

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)

    def __getitem__(self, index: int) -> Call:
        with self._lock:
            return self._calls[index]


def matches(call: Call, *, method: str | None, path: str | None, body: str | None = None) -> bool:
    """Return whether a call has that method and the patterns are found in its target and its body."""
    return (
        (method is None or call.method == method.upper())
        and (path is None or re.search(path, call.target) is not None)
        and (body is None or re.search(body, call.body.decode("utf-8", "replace")) is not None)
    )


def read_call(environ: WSGIEnvironment) -> Call:
    """Return the call in a WSGI environment; its body stays readable."""
    stream = environ["wsgi.input"]
    body = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = BytesIO(body)
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    }
    return Call(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        query=unquote_plus(environ.get("QUERY_STRING", "")),
        headers=MappingProxyType(headers),
        body=body,
        at=time.monotonic(),
    )
