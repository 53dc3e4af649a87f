"""The sandbox's server and its faults, as a client on the wire meets them."""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from flask import Flask, request

from daemon.sandbox import faults as fault
from daemon.sandbox.faults import CallLog, Faults, install
from daemon.sandbox.server import Server


@dataclass
class Shelf:
    """A tiny application that remembers what was put into it."""

    url: str
    server: Server
    faults: Faults
    calls: CallLog
    kept: list[str] = field(default_factory=list)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    app = Flask("shelf")
    faults, calls = install(app)
    kept: list[str] = []

    @app.post("/put")
    def put() -> dict[str, str]:
        kept.append(request.get_data(as_text=True))
        return {"kept": kept[-1]}

    @app.get("/long")
    def long() -> list[str]:
        return ["invoice"] * 2000

    with Server(app) as server:
        yield Shelf(server.url, server, faults, calls, kept)


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def put(client: requests.Session, shelf: Shelf, text: str = "x") -> requests.Response:
    return client.post(f"{shelf.url}/put", data=text, timeout=5)


def wait_until_kept(shelf: Shelf) -> None:
    deadline = time.monotonic() + 5
    while not shelf.kept and time.monotonic() < deadline:
        time.sleep(0.005)


def test_one_connection_carries_many_calls(shelf: Shelf) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shelf.server.port, timeout=5)
    try:
        ends: set[object] = set()
        for number in range(5):
            connection.request("POST", "/put", body=f"call {number}")
            answer = connection.getresponse()
            assert json.loads(answer.read()) == {"kept": f"call {number}"}
            ends.add(connection.sock.getsockname())
        assert len(ends) == 1
    finally:
        connection.close()


def test_kept_alive_calls_take_well_under_five_milliseconds(shelf: Shelf, client: requests.Session) -> None:
    put(client, shelf)
    began = time.perf_counter()
    for _ in range(100):
        put(client, shelf)
    assert time.perf_counter() - began < 1.5


def test_body_in_chunks_is_read_and_the_connection_goes_on(shelf: Shelf, client: requests.Session) -> None:
    answer = client.post(f"{shelf.url}/put", data=iter([b"in ", b"chunks"]), timeout=5)
    assert answer.json() == {"kept": "in chunks"}
    assert put(client, shelf).json() == {"kept": "x"}


def test_stopped_server_refuses_and_starts_again_on_its_port(shelf: Shelf, client: requests.Session) -> None:
    put(client, shelf)
    shelf.server.stop()
    with pytest.raises(requests.ConnectionError, match="refused"):
        put(client, shelf)
    shelf.server.start()
    assert put(client, shelf).status_code == 200


def test_server_not_yet_started_refuses() -> None:
    server = Server(Flask("nothing"))
    try:
        with pytest.raises(requests.ConnectionError, match="refused"):
            requests.get(server.url, timeout=5)
    finally:
        server.stop()


def test_stop_is_prompt_while_a_call_hangs(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.hang(60))
    errors: list[BaseException] = []

    def call() -> None:
        try:
            put(client, shelf)
        except requests.ConnectionError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    while not shelf.calls:
        time.sleep(0.005)
    began = time.monotonic()
    shelf.server.stop()
    thread.join(5)
    assert time.monotonic() - began < 1
    assert len(errors) == 1
    assert shelf.kept == []


def test_long_answer_is_compressed_only_if_asked(shelf: Shelf, client: requests.Session) -> None:
    plain = client.get(f"{shelf.url}/long", headers={"Accept-Encoding": "identity"}, timeout=5)
    packed = client.get(f"{shelf.url}/long", headers={"Accept-Encoding": "gzip"}, timeout=5)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 10
    assert packed.content == plain.content


def test_short_answer_is_not_compressed(shelf: Shelf, client: requests.Session) -> None:
    assert "Content-Encoding" not in put(client, shelf).headers


# --- the ways to fail


def test_status_answers_in_the_applications_place(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.status(503, b"<h1>maintenance</h1>", headers=[("Retry-After", "7")]))
    answer = put(client, shelf)
    assert (answer.status_code, answer.text) == (503, "<h1>maintenance</h1>")
    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["Content-Type"].startswith("text/html")
    assert shelf.kept == []
    assert put(client, shelf).status_code == 200


def test_status_keeps_the_connection(shelf: Shelf) -> None:
    shelf.faults.add(fault.status(500), times=None)
    connection = http.client.HTTPConnection("127.0.0.1", shelf.server.port, timeout=5)
    try:
        for _ in range(2):
            connection.request("POST", "/put", body="x")
            assert connection.getresponse().read() == b""
            assert connection.sock is not None
    finally:
        connection.close()


def test_drop_closes_before_the_call(shelf: Shelf, client: requests.Session) -> None:
    put(client, shelf, "before")
    shelf.faults.add(fault.drop())
    with pytest.raises(requests.ConnectionError):
        put(client, shelf)
    assert shelf.kept == ["before"]
    assert put(client, shelf, "after").status_code == 200


def test_reset_breaks_the_connection_off(shelf: Shelf) -> None:
    shelf.faults.add(fault.reset())
    connection = http.client.HTTPConnection("127.0.0.1", shelf.server.port, timeout=5)
    connection.request("GET", "/long")
    with pytest.raises(ConnectionResetError):  # an ordinary end would be a RemoteDisconnected that is none
        connection.sock.recv(1)
    connection.close()


def test_lost_commits_and_closes(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.lost())
    with pytest.raises(requests.ConnectionError):
        put(client, shelf)
    assert shelf.kept == ["x"]


def test_late_commit_comes_after_the_connection_is_closed(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.late_commit(0.1))
    with pytest.raises(requests.ConnectionError):
        put(client, shelf)
    assert shelf.kept == []
    wait_until_kept(shelf)
    assert shelf.kept == ["x"]


def test_late_commit_waits_for_an_event(shelf: Shelf, client: requests.Session) -> None:
    moment = threading.Event()
    shelf.faults.add(fault.late_commit(moment))
    with pytest.raises(requests.ConnectionError):
        put(client, shelf)
    assert shelf.kept == []
    moment.set()
    wait_until_kept(shelf)
    assert shelf.kept == ["x"]


def test_hang_is_silent_until_the_client_gives_up(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.hang(60))
    with pytest.raises(requests.ReadTimeout):
        client.post(f"{shelf.url}/put", data="x", timeout=0.1)
    assert shelf.kept == []


def test_hang_ends_by_closing(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.hang(0.05))
    with pytest.raises(requests.ConnectionError):
        put(client, shelf)
    assert shelf.kept == []


def test_hang_after_commits_first(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.hang_after(60))
    with pytest.raises(requests.ReadTimeout):
        client.post(f"{shelf.url}/put", data="x", timeout=0.1)
    assert shelf.kept == ["x"]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_truncate_announces_more_than_it_sends(shelf: Shelf, encoding: str) -> None:
    shelf.faults.add(fault.truncate(0.25))
    connection = http.client.HTTPConnection("127.0.0.1", shelf.server.port, timeout=5)
    try:
        connection.request("GET", "/long", headers={"Accept-Encoding": encoding})
        answer = connection.getresponse()
        announced = int(answer.headers["Content-Length"])
        with pytest.raises(http.client.IncompleteRead) as raised:
            answer.read()
        assert len(raised.value.partial) == announced // 4
    finally:
        connection.close()


def test_garble_changes_the_decoded_body(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.garble(lambda body: body.replace(b"invoice", b"\xff")))
    answer = client.get(f"{shelf.url}/long", timeout=5)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"invoice" not in answer.content
    assert b"\xff" in answer.content
    assert answer.status_code == 200


def test_drip_sends_the_whole_body_slowly(shelf: Shelf, client: requests.Session) -> None:
    body = put(client, shelf).content
    shelf.faults.add(fault.drip(len(body) / 0.3))
    began = time.monotonic()
    assert put(client, shelf).content == body
    assert 0.25 < time.monotonic() - began < 2


def test_latency_delays_then_answers(shelf: Shelf, client: requests.Session) -> None:
    delays = iter([0.1, 0.0])
    shelf.faults.add(fault.latency(lambda: next(delays)), times=2)
    began = time.monotonic()
    assert put(client, shelf).status_code == 200
    assert time.monotonic() - began >= 0.1
    assert put(client, shelf).status_code == 200


def test_big_is_big_when_decoded_and_small_on_the_wire(shelf: Shelf, client: requests.Session) -> None:
    size = 20_000_000
    shelf.faults.add(fault.big(size))
    with client.get(f"{shelf.url}/long", stream=True, timeout=5) as answer:
        raw = answer.raw.read(decode_content=False)
    assert len(raw) < size / 100
    body = gzip.decompress(raw)
    assert len(body) == size
    assert json.loads(body)["items"] == []


def test_big_without_gzip_is_streamed(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.big(100_001))
    answer = client.get(f"{shelf.url}/long", headers={"Accept-Encoding": "identity"}, timeout=5)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.content) == 100_001


# --- which calls


def test_plan_hits_only_the_calls_that_match(shelf: Shelf, client: requests.Session) -> None:
    plan = shelf.faults.add(fault.status(500), method="POST", path=r"/put\?.*a b", body="second", times=None)
    url = f"{shelf.url}/put?q=a%20b"
    answers = [client.post(url, data=body, timeout=5).status_code for body in ("first", "second")]
    answers.append(put(client, shelf, "second").status_code)
    assert answers == [200, 500, 200]
    assert plan.hits == 1
    plan.remove()
    assert client.post(url, data="second", timeout=5).status_code == 200


def test_plan_lets_calls_pass_first_and_ends(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.status(500), after=1, times=2)
    assert [put(client, shelf).status_code for _ in range(5)] == [200, 500, 500, 200, 200]


def test_plans_follow_one_another(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.status(500))
    shelf.faults.add(fault.status(502))
    assert [put(client, shelf).status_code for _ in range(3)] == [500, 502, 200]


def test_cleared_faults_hit_nothing(shelf: Shelf, client: requests.Session) -> None:
    shelf.faults.add(fault.status(500), times=None)
    shelf.faults.clear()
    assert put(client, shelf).status_code == 200


def test_call_log_keeps_what_was_asked(shelf: Shelf, client: requests.Session) -> None:
    client.post(f"{shelf.url}/put?a%5B0%5D=b%20c", data="höflich".encode(), headers={"X-A": "1"}, timeout=5)
    call = shelf.calls[0]
    assert (call.method, call.path, call.query) == ("POST", "/put", "a[0]=b c")
    assert call.headers["x-a"] == "1"
    assert call.body.decode() == "höflich"
    assert shelf.calls.count("POST", r"a\[0\]") == 1
    assert shelf.calls.count("GET") == 0
    shelf.calls.clear()
    assert len(shelf.calls) == 0


def test_dropped_calls_print_nothing(shelf: Shelf, client: requests.Session, capfd: pytest.CaptureFixture[str]) -> None:
    for way in (fault.drop(), fault.lost(), fault.truncate(), fault.hang(0.01)):
        shelf.faults.add(way)
        with pytest.raises(requests.RequestException):
            put(client, shelf)
    shelf.server.stop()
    assert capfd.readouterr() == ("", "")


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=loopback"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[Server]:
    app = Flask("secure")
    install(app)
    app.add_url_rule("/", "root", lambda: request.url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Server(app, ssl_context=context) as server:
        yield server


def test_tls_is_served_and_kept_alive(secure: Server, certificate: Path, client: requests.Session) -> None:
    assert secure.url.startswith("https://")
    for _ in range(3):
        answer = client.get(secure.url, verify=str(certificate.with_suffix(".crt")), timeout=5)
        assert answer.text == f"{secure.url}/"


def test_unknown_certificate_is_refused_by_the_client_in_silence(
    secure: Server, client: requests.Session, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        client.get(secure.url, timeout=5)
    secure.stop()
    assert capfd.readouterr() == ("", "")


def test_client_that_never_shakes_hands_keeps_nobody_out(
    secure: Server, certificate: Path, client: requests.Session
) -> None:
    with socket.create_connection(("127.0.0.1", secure.port), timeout=5):
        answer = client.get(secure.url, verify=str(certificate.with_suffix(".crt")), timeout=5)
        assert answer.status_code == 200
        began = time.monotonic()
        secure.stop()
        assert time.monotonic() - began < 1


def test_many_clients_at_once(shelf: Shelf) -> None:
    def work(number: int) -> list[str]:
        with requests.Session() as session:
            return [put(session, shelf, f"{number}.{step}").json()["kept"] for step in range(20)]

    with ThreadPoolExecutor(8) as pool:
        answers = [text for texts in pool.map(work, range(8)) for text in texts]
    assert len(set(answers)) == 160
    assert len(shelf.calls) == 160
