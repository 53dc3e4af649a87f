"""Sockets that end with their call: each wait for the other side takes no longer than the call's deadline is away."""

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
    """One HTTP exchange under way: when it must be over, and whether anything of it was sent.

    A socket's own time-out starts again with each byte, so an answer that drips would never end by it. ``on_sent`` is
    called when all of the request is sent.
    """

    def __init__(self, seconds: float, on_sent: Callable[[], object] = lambda: None) -> None:
        self._until = time.monotonic() + seconds
        self.sent = False
        self.on_sent = on_sent

    @property
    def expired(self) -> bool:
        """Return whether its time is up."""
        return time.monotonic() >= self._until

    def left(self, at_most: float = float("inf")) -> float:
        """Return the seconds that the next wait may take; TimeoutError when none are left."""
        seconds = min(self._until - time.monotonic(), at_most)
        if seconds <= 0:
            raise TimeoutError("the call's time is up")
        return seconds


current: ContextVar[Call] = ContextVar("call")
"""The call that this thread makes."""


class _Plain(socket.socket):
    """A socket without TLS. The library sends by ``sendall``, whose time-out is for all of it, and reads by these."""

    __slots__ = ()

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(buffer, nbytes, flags)

    def sendall(self, data: "ReadableBuffer", flags: int = 0) -> None:
        self.settimeout(current.get().left())
        super().sendall(data, flags)


class _Tls(ssl.SSLSocket):
    """The same under TLS, where ``sendall`` is many of ``send``."""

    def recv_into(self, buffer: "WriteableBuffer", nbytes: int | None = None, flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().recv_into(buffer, nbytes, flags)

    def send(self, data: "ReadableBuffer", flags: int = 0) -> int:
        self.settimeout(current.get().left())
        return super().send(data, flags)


class _Connection(HTTPConnection):
    """Connects within the call's time, whatever number of addresses the host has, and notes when it begins to send."""

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
