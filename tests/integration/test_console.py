"""The pages that a daemon serves, asked without a daemon: what they tell of a state that is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from daemon.console.app import create_app
from daemon.console.health import Pulse
from daemon.metrics import Metrics
from state.store import Store
from tests.world import World


def pages(world: World) -> FlaskClient:
    """A caller of the pages, with the settings and the state as they are now."""
    with world.work() as work:
        configuration = work.parts.configuration

    def open_state() -> Store:
        return Store(world.state_path, lock=False)

    metrics = Metrics(lambda: configuration, open_state)
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
