"""The pages that a daemon serves, asked without a daemon: what they tell of a damaged state; and their server."""

from __future__ import annotations

import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import requests
import structlog
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import create_environ, run_wsgi_app

from daemon.console import Console, server
from daemon.console.app import create_app
from daemon.console.health import Pulse
from daemon.metrics import Metrics
from state.store import Store
from tests.world import World


def pages(world: World) -> FlaskClient:
    """A caller of the pages, with the settings and the state as they are now."""
    with world.work() as work:
        configuration = work.session.configuration

    def open_state() -> Store:
        return Store(world.state_path, lock=False)

    metrics = Metrics(lambda: configuration, open_state, Counter(), world.clock)
    return create_app(Pulse(world.clock), metrics, lambda: configuration, open_state).test_client()


def damage(world: World, sql: str) -> None:
    with closing(sqlite3.connect(world.state_path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT OR REPLACE INTO sides (side, status, since, failures) VALUES ('magento', 'failing', '2026-13x', 1)",
        "INSERT OR REPLACE INTO sides (side, status, failures) VALUES ('notes', 'paused!', 1)",
        "UPDATE ledger SET sync_status = 'pending', reason = 'r', waiting_since = '2000-01-01T00:00:0xZ'",
        "UPDATE ledger SET sync_status = 'pend1ng'",
        "UPDATE checkpoints SET at = 'x'",
        "DROP TABLE sides",
    ],
)
def test_a_damaged_state_breaks_no_page(world: World, sql: str) -> None:
    world.invoice(comment="here")
    world.run_once()
    client = pages(world)
    assert client.get("/healthz").json["status"] == "ok"  # type: ignore[index]
    damage(world, sql)
    for page in ("/metrics", "/healthz", "/livez", "/readyz"):
        assert client.get(page).status_code in {200, 503}, page
    assert "invoice_sync_up 1.0" in client.get("/metrics").text


def test_a_damaged_side_is_degraded_health(world: World) -> None:
    world.run_once()
    client = pages(world)
    damage(world, "INSERT OR REPLACE INTO sides (side, status, since, failures) VALUES ('magento', 'ok', 'x', 0)")
    told = client.get("/healthz")
    assert (told.status_code, told.json["status"]) == (200, "degraded")  # type: ignore[index]
    assert told.json["magento"] == {"status": None, "reason": None}  # type: ignore[index]


@pytest.mark.parametrize(
    ("host", "status"),
    [(None, 200), ("localhost", 200), ("192.0.2.7:8470", 200), ("", 421), ("shop.example.com", 421)],
)
def test_only_a_host_header_with_another_name_is_refused(world: World, host: str | None, status: int) -> None:
    world.set("console.listen", "127.0.0.1:8470")
    environ = create_environ("/livez", headers=None if host is None else {"Host": host})
    if host is None:
        del environ["HTTP_HOST"]
    _body, answered, _headers = run_wsgi_app(pages(world).application, environ)
    assert answered.startswith(f"{status} ")


def slow_pages() -> Flask:
    app = Flask("pages")

    @app.get("/large")
    def show_large() -> str:
        return "x" * 1_000_000

    @app.get("/livez")
    def show_life() -> str:
        return "ok"

    return app


@pytest.fixture(params=[100_000, 100_000_000], ids=["the thread waits to write", "all is written, none is sent"])
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a console that waits one second for a caller instead of thirty, and has room for six."""
    limits = {
        "channel_timeout": 1,
        "cleanup_interval": 1,
        "connection_limit": 8,
        "outbuf_high_watermark": request.param,
    }
    for name, value in limits.items():
        monkeypatch.setitem(server._LIMITS, name, value)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    console = Console(slow_pages, structlog.get_logger())
    console.follow(f"127.0.0.1:{port}")
    yield port
    console.stop()


def test_callers_that_take_no_answer_are_closed_and_hold_no_thread(impatient: int) -> None:
    with ExitStack() as stack:
        for _ in range(6):
            held = stack.enter_context(socket.socket())
            held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            held.connect(("127.0.0.1", impatient))
            held.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n" * 8)
        time.sleep(0.5)  # until the threads have come to answers that nobody takes
        assert requests.get(f"http://127.0.0.1:{impatient}/livez", timeout=8).text == "ok"
