"""Every call ends in time, with an answer of bounded size or an error that says what happened; no token strays."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import pytest
import requests
from flask import Flask, Response, redirect, request

from daemon.errors import SideDenied, Unreachable
from daemon.limits import Limits
from daemon.sandbox.faults import Faults, drip, drop, hang, install, lost, truncate
from daemon.sandbox.server import Server
from daemon.transport import Transport, retry_after
from state.kinds import SideName
from tests.certificates import certificate


class Shop:
    """An application that answers, and remembers what it was sent."""

    def __init__(self) -> None:
        self.app = Flask(__name__)
        self.headers: list[dict[str, str]] = []
        self.faults: Faults
        self.app.add_url_rule("/", view_func=self._answer, methods=["GET", "POST"])
        self.app.add_url_rule("/bomb", "bomb", view_func=lambda: self._packed(b"\0" * 10_000_000))
        self.app.add_url_rule("/packed", "packed", view_func=lambda: self._packed(b'{"a": 1}'))
        self.app.add_url_rule("/plain", "plain", view_func=lambda: Response(b"x" * 3_000_000))
        self.app.add_url_rule("/moved", "moved", view_func=lambda: redirect("/elsewhere", 302))
        self.app.add_url_rule("/cookie", view_func=self._cookie)
        self.faults, _ = install(self.app)

    def _answer(self) -> Response:
        self.headers.append(dict(request.headers))
        return Response(b"hello " * 100)

    def _cookie(self) -> Response:
        self.headers.append(dict(request.headers))
        response = Response(b"hello")
        response.set_cookie("PHPSESSID", "1")
        return response

    def _packed(self, content: bytes) -> Response:
        return Response(gzip.compress(content), headers={"Content-Encoding": "gzip"})


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with Server(shop.app) as made:
        yield made


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with Transport(Limits(bytes=1_000_000)).open_session("magento", seconds=5) as made:
        yield made


def open_session(side: SideName, *, seconds: float, ca_bundle: str | None = None) -> requests.Session:
    return Transport().open_session(side, seconds=seconds, ca_bundle=ca_bundle)


def unanswered(session: requests.Session, url: str) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        session.get(url)
    assert caught.value.side == "magento"
    return caught.value


def test_a_good_answer_is_read_whole(session: requests.Session, server: Server) -> None:
    answer = session.get(server.url)
    assert answer.status_code == 200
    assert answer.content == b"hello " * 100


def test_a_compressed_answer_is_unpacked(session: requests.Session, server: Server) -> None:
    assert session.get(f"{server.url}/packed").json() == {"a": 1}


# --- time


@pytest.mark.parametrize("fault", [drip(40), hang(30)], ids=["dripping", "silent"])
def test_the_deadline_is_for_the_whole_answer(shop: Shop, server: Server, fault: object) -> None:
    shop.faults.add(fault)  # type: ignore[arg-type]
    with open_session("magento", seconds=0.6) as session:
        began = time.monotonic()
        error = unanswered(session, server.url)
        assert 0.5 < time.monotonic() - began < 2.5
    assert "did not answer within 0.6 seconds" in str(error)
    assert error.timed_out
    assert error.sent


def test_after_a_call_that_was_cut_off_the_next_one_is_answered(shop: Shop, server: Server) -> None:
    shop.faults.add(drip(40))
    with open_session("magento", seconds=0.6) as session:
        unanswered(session, server.url)
        assert session.get(server.url).status_code == 200


class Raw:
    """A server that does with each connection what it is told, until it is closed."""

    def __init__(self, serve: Callable[[Raw, socket.socket], object]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()[:2]
        self._serve = serve
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    connection.settimeout(5)
                    self._serve(self, connection)

    def drip(self, connection: socket.socket, data: bytes) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            if self.closing.wait(0.05):
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def timed_out(url: str, *, data: bytes | None = None, seconds: float = 0.8) -> Unreachable:
    """The error of a call to it, which ends at its deadline."""
    with open_session("magento", seconds=seconds) as session:
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            session.request("POST" if data else "GET", url, data=data)
        assert seconds - 0.1 < time.monotonic() - began < seconds + 1
    assert caught.value.timed_out, str(caught.value)
    assert f"did not answer within {seconds:g} seconds" in str(caught.value)
    return caught.value


def test_the_deadline_holds_while_the_head_of_the_answer_drips() -> None:
    with Raw(lambda raw, connection: raw.drip(connection, b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 400)) as raw:
        assert timed_out("http://{}:{}/".format(*raw.address)).sent


def test_the_deadline_holds_while_the_encrypted_connection_is_set_up_drop_by_drop() -> None:
    with Raw(lambda raw, connection: raw.drip(connection, b"\x16\x03\x03\x40\x00" + b"\2" * 400)) as raw:
        assert not timed_out("https://{}:{}/".format(*raw.address)).sent


def test_the_deadline_holds_while_nobody_takes_what_is_sent() -> None:
    with Raw(lambda raw, _: raw.closing.wait(10)) as raw:
        assert timed_out("http://{}:{}/".format(*raw.address), data=b"x" * 30_000_000).sent


def test_the_deadline_is_for_all_addresses_of_a_host_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as full, ExitStack() as others:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # from then on nobody gets in, and nobody is told so
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", full.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [found] * 5)
        assert not timed_out("http://shop.example.com/").sent


def test_no_call_has_a_thread_of_its_own(session: requests.Session, shop: Shop, server: Server) -> None:
    started: list[str] = []
    threading.setprofile(lambda *_: started.append(threading.current_thread().name))
    try:
        for _ in range(3):
            session.get(server.url)
    finally:
        threading.setprofile(None)
    assert {name for name in started if "process_request_thread" not in name} == set()


# --- size


def test_a_small_answer_that_unpacks_to_a_large_one_is_refused(session: requests.Session, server: Server) -> None:
    error = unanswered(session, f"{server.url}/bomb")
    assert "Magento's answer is larger than 1 MB" in str(error)
    assert error.sent


def test_a_large_answer_is_refused(session: requests.Session, server: Server) -> None:
    assert "larger than 1 MB" in str(unanswered(session, f"{server.url}/plain"))
    assert session.get(server.url).status_code == 200


# --- broken connections


def test_an_answer_that_is_cut_short_is_none(shop: Shop, session: requests.Session, server: Server) -> None:
    shop.faults.add(truncate())
    error = unanswered(session, server.url)
    assert "closed the connection before its answer was complete" in str(error)
    assert error.sent
    assert not error.timed_out


@pytest.mark.parametrize("fault", [drop(), lost()], ids=["dropped", "lost"])
def test_a_call_whose_answer_never_came_may_have_worked(
    shop: Shop, session: requests.Session, server: Server, fault: object
) -> None:
    shop.faults.add(fault)  # type: ignore[arg-type]
    error = unanswered(session, server.url)
    assert "closed the connection" in str(error)
    assert error.sent


def test_a_refused_connection_carried_nothing(session: requests.Session) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        port = taken.getsockname()[1]
        error = unanswered(session, f"http://127.0.0.1:{port}/")
    assert str(error) == f"Magento at 127.0.0.1:{port} refused the connection"
    assert not error.sent


def test_a_host_that_nobody_knows_carried_nothing(session: requests.Session) -> None:
    error = unanswered(session, "http://shop.invalid/")
    assert str(error) == "Magento at shop.invalid could not be found (DNS)"
    assert not error.sent


def test_a_server_that_speaks_no_http_is_unreachable(session: requests.Session) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]

        def chatter() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        thread = threading.Thread(target=chatter)
        thread.start()
        error = unanswered(session, f"http://127.0.0.1:{port}/")
        thread.join()
    assert error.sent


# --- what does not travel


def test_no_redirect_is_followed(session: requests.Session, server: Server) -> None:
    answer = session.get(f"{server.url}/moved")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")
    assert answer.history == []


def test_no_cookie_comes_back(shop: Shop, session: requests.Session, server: Server) -> None:
    for _ in range(2):
        session.get(f"{server.url}/cookie")
    assert not session.cookies
    assert "Cookie" not in shop.headers[1]


def test_netrc_and_proxy_settings_of_the_environment_are_not_read(
    shop: Shop, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    monkeypatch.setenv("no_proxy", "")
    with open_session("magento", seconds=5) as session:
        assert session.get(server.url).status_code == 200
    assert "Authorization" not in shop.headers[0]
    assert shop.headers[0]["User-Agent"] == "invoice-sync"


# --- TLS


def secure(app: Flask, path: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Server(app, ssl_context=context)


def test_a_named_authority_is_trusted(shop: Shop, tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    with (
        secure(shop.app, path) as server,
        open_session("magento", seconds=5, ca_bundle=str(path)) as session,
    ):
        assert session.get(server.url).status_code == 200


@pytest.mark.parametrize(
    ("host", "days", "trusted", "why"),
    [
        ("127.0.0.1", 1, False, "self-signed certificate"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("other.example.com", 1, True, "mismatch"),
    ],
)
def test_a_certificate_that_cannot_be_trusted_needs_a_person(
    shop: Shop, tmp_path: Path, host: str, days: int, trusted: bool, why: str
) -> None:
    path = certificate(tmp_path, host, days=days)
    bundle = str(path) if trusted else None
    with (
        secure(shop.app, path) as server,
        open_session("salesforce", seconds=5, ca_bundle=bundle) as session,
        pytest.raises(SideDenied) as caught,
    ):
        session.get(server.url)
    assert caught.value.side == "salesforce"
    assert f"Salesforce at 127.0.0.1:{server.port} shows a certificate that cannot be trusted" in str(caught.value)
    assert why in str(caught.value).lower()
    assert "ca_bundle" in (caught.value.hint or "")
    assert shop.headers == []  # nothing was sent


def test_the_environment_cannot_replace_the_chosen_authority(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with (
        secure(shop.app, path) as server,
        open_session("magento", seconds=5) as session,
        pytest.raises(SideDenied),
    ):
        session.get(server.url)


def test_the_deadline_holds_under_tls_too(shop: Shop, tmp_path: Path) -> None:
    path = certificate(tmp_path, "127.0.0.1")
    shop.faults.add(drip(40))
    with (
        secure(shop.app, path) as server,
        open_session("magento", seconds=0.8, ca_bundle=str(path)) as session,
    ):
        began = time.monotonic()
        assert unanswered(session, server.url).timed_out
        assert time.monotonic() - began < 3


def test_plain_http_where_tls_is_expected_breaks_off(session: requests.Session, server: Server) -> None:
    error = unanswered(session, server.url.replace("http://", "https://"))
    assert "broke off while the encrypted connection was set up" in str(error)
    assert not error.sent


def test_a_bundle_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with (
        open_session("magento", seconds=5, ca_bundle=str(tmp_path / "nowhere.pem")) as session,
        pytest.raises(SideDenied, match=r"nowhere\.pem") as caught,
    ):
        session.get("https://127.0.0.1:9/")
    assert "ca_bundle" in (caught.value.hint or "")


@pytest.mark.parametrize("device", [None, "/dev/zero"], ids=["a pipe", "a device"])
def test_a_bundle_that_is_a_pipe_or_a_device_is_not_read(tmp_path: Path, device: str | None) -> None:
    path = tmp_path / "authority.pem"
    if device is None:
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    with (
        open_session("magento", seconds=5, ca_bundle=str(path)) as session,
        pytest.raises(SideDenied, match="is no plain file") as caught,
    ):
        session.get("https://127.0.0.1:9/")
    assert "ca_bundle" in (caught.value.hint or "")


# --- how long to wait


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("-7", None),
        ("1.5", None),
        ("Sun, 22 Nov 2026 08:00:00 GMT", None),
        ("²", None),
    ],
)
def test_how_long_an_answer_asks_to_wait(text: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": text}) == seconds


def test_an_answer_may_ask_nothing() -> None:
    assert retry_after({}) is None


def test_no_answer_asks_to_wait_for_ever() -> None:
    waited = retry_after({"Retry-After": "9" * 400})
    assert waited is None or waited <= 86_400
