"""Sockets whose waits for the other side end at the call's deadline."""

import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

CONNECT_SECONDS = 10.0


class Call:
    """One HTTP exchange under way: its deadline, and whether sending has begun.

    A socket's own time-out starts again with each byte, so an answer that drips would never end. ``on_sent`` is called
    when all of the request is sent.
    """

    def __init__(self, seconds: float, on_sent: Callable[[], object] = lambda: None) -> None:
        self._until = time.monotonic() + seconds
        self.sent = False
        self.on_sent = on_sent

    @property
    def expired(self) -> bool:
        """Return whether the deadline has passed."""
        return time.monotonic() >= self._until

    def left(self, at_most: float = float("inf")) -> float:
        """Return the seconds for the next wait; TimeoutError after the deadline."""
        seconds = min(self._until - time.monotonic(), at_most)
        if seconds <= 0:
            raise TimeoutError("the call's time is up")
        return seconds


current: ContextVar[Call] = ContextVar("call")
"""The call that this thread makes: the way from the adapter to the library's sockets, which take no arguments of ours.

Each thread has its own, so shops and lanes of one process do not meet here.
"""


class _Plain(socket.socket):
    """A socket without TLS. The library reads by ``recv_into`` and sends by ``sendall``, which has one time-out."""

    __slots__ = ()

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.settimeout(current.get().left())
        super().sendall(data, flags)


class _Tls(ssl.SSLSocket):
    """A socket with TLS, where ``sendall`` makes many calls of ``send``."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().send(data, flags)


class _Connection(HTTPConnection):
    """Connects within the call's time to any of the host's addresses, and notes the beginning of sending."""

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            unknown = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, unknown) from unknown
        failure: OSError = OSError("it has no address")
        for family, kind, protocol, _, address in found:
            sock = _Plain(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(current.get().left(CONNECT_SECONDS))
                sock.connect(address)
                sock.settimeout(current.get().left(CONNECT_SECONDS))  # for the handshake of TLS, all of it
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "no connection in time") from failure
        raise NewConnectionError(self, str(failure)) from failure

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        current.get().sent = True
        super().send(data)

    def getresponse(self) -> Any:
        """Return the answer's head, once it comes."""
        current.get().on_sent()
        return super().getresponse()


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context()
            self.ssl_context.sslsocket_class = _Tls
        super().connect()


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _TlsPool}
