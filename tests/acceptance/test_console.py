"""What a running daemon tells over HTTP: metrics and health; and that it goes on without telling."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from importlib.resources import files

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from tests.acceptance.process import Processes, Running, wait_until
from tests.acceptance.test_process import synced
from tests.promises import assert_promises
from tests.world import World


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def listen(world: World) -> str:
    where = f"127.0.0.1:{free_port()}"
    world.set("console.listen", where)
    return where


@pytest.fixture
def watched(world: World, processes: Processes, listen: str) -> Iterator[Running]:
    """A daemon that has sent one invoice with its note."""
    entity_id = world.invoice(comment="hello")
    running = processes.daemon()
    wait_until(lambda: synced(world, entity_id), "the first invoice")
    yield running
    assert running.terminate() == 0


def ask(listen: str, page: str, **headers: str) -> requests.Response:
    return requests.get(f"http://{listen}{page}", headers=headers, timeout=5)


def samples(listen: str) -> dict[str, float]:
    """Each sample by its name and labels."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(ask(listen, "/metrics").text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_metrics_tell_how_the_sync_stands_and_name_no_invoice(world: World, watched: Running, listen: str) -> None:
    wait_until(lambda: samples(listen).get("invoice_sync_passes_total{outcome=ok}", 0) >= 1, "a pass in the counters")
    found = samples(listen)
    expected = {
        "invoice_sync_up": 1,
        "invoice_sync_enabled": 1,
        "invoice_sync_invoices{sync_status=synced}": 1,
        "invoice_sync_invoices{sync_status=failed}": 0,
        "invoice_sync_notes{status=synced}": 1,
        "invoice_sync_side_healthy{side=magento}": 1,
        "invoice_sync_side_healthy{side=salesforce}": 1,
        "invoice_sync_sync_delay_seconds_count": 1,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["invoice_sync_salesforce_api_used"] <= found["invoice_sync_salesforce_api_limit"]
    assert found["invoice_sync_http_requests_total{code=200,side=magento}"] >= 1
    assert found["invoice_sync_http_requests_total{code=200,side=salesforce}"] >= 3
    assert found["invoice_sync_checkpoint_timestamp_seconds"] > 1.7e9
    assert found["invoice_sync_last_success_timestamp_seconds"] > 1.7e9
    assert found["invoice_sync_pass_duration_seconds_count"] >= 1
    assert "invoice_sync_oldest_pending_timestamp_seconds" not in found, "nothing is pending"
    text = ask(listen, "/metrics").text
    number = next(iter(world.rows().values())).increment_id
    assert not re.search(rf"\b{number}\b", text), "nor is one within the digits of a sum of seconds"
    assert "canary" not in text


def test_a_restart_loses_no_gauge(world: World, processes: Processes, watched: Running, listen: str) -> None:
    before = samples(listen)
    assert watched.terminate() == 0
    processes.daemon().wait_for("console.listening")
    after = samples(listen)
    for name in ("invoice_sync_invoices{sync_status=synced}", "invoice_sync_notes{status=synced}"):
        assert after[name] == before[name] == 1


def test_health_says_what_is_wrong_and_keeps_alive_what_is_only_degraded(
    world: World, watched: Running, listen: str
) -> None:
    assert ask(listen, "/livez").status_code == 200
    wait_until(lambda: ask(listen, "/readyz").status_code == 200, "the first beat")
    assert ask(listen, "/healthz").json()["status"] == "ok"
    world.salesforce_server.stop()
    late = world.invoice()
    watched.wait_for("salesforce.failing")
    told = ask(listen, "/healthz")
    assert (told.status_code, told.json()["status"]) == (200, "degraded")
    assert told.json()["salesforce"]["status"] == "failing"
    assert samples(listen)["invoice_sync_side_healthy{side=salesforce}"] == 0
    assert samples(listen)["invoice_sync_oldest_pending_timestamp_seconds"] > 1.7e9
    assert ask(listen, "/livez").status_code == 200
    world.set("invoices.enable_synchronization", False)
    wait_until(lambda: ask(listen, "/healthz").json()["status"] == "ok", "switched off by the operator is healthy")
    assert samples(listen)["invoice_sync_enabled"] == 0
    world.salesforce_server.start()
    world.set("invoices.enable_synchronization", True)
    wait_until(lambda: synced(world, late), "what was owed is in")


@pytest.mark.fault("console: foreign Host header")
def test_a_page_of_another_host_is_not_served(world: World, watched: Running, listen: str) -> None:
    for page in ("/metrics", "/livez", "/readyz", "/healthz", "/alerts.yaml", "/nowhere"):
        refused = ask(listen, page, Host="evil.example.com")
        assert refused.status_code == 421
        assert "invoice_sync" not in refused.text
    assert ask(listen, "/livez", Host=f"localhost:{listen.rpartition(':')[2]}").status_code == 200
    assert_promises(world)


@pytest.mark.fault("console: port taken")
def test_a_port_that_is_taken_is_said_and_the_daemon_goes_on(world: World, processes: Processes, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    with socket.create_server((host, int(port))):
        entity_id = world.invoice(comment="hello")
        running = processes.daemon()
        said = running.wait_for("console.failing")
        assert said["path"] == listen
        assert "console.listen" in said["hint"]
        wait_until(lambda: synced(world, entity_id), "the invoice is in all the same")
        assert len(running.named("console.failing")) == 1
    elsewhere = f"127.0.0.1:{free_port()}"
    world.set("console.listen", elsewhere)
    running.wait_for("console.listening")
    assert ask(elsewhere, "/livez").status_code == 200
    world.set("console.listen", None)
    running.wait_for("settings.reloaded", count=2)
    wait_until(lambda: not _answers(elsewhere), "nothing is served any more")
    assert running.terminate() == 0
    assert_promises(world)


def _answers(listen: str) -> bool:
    try:
        return ask(listen, "/livez").ok
    except requests.ConnectionError:
        return False


def test_every_metric_that_an_alert_uses_exists(watched: Running, listen: str) -> None:
    rules = ask(listen, "/alerts.yaml").text
    assert rules == files("daemon.console").joinpath("alerts.yaml").read_text()
    exposed = {family.name for family in text_string_to_metric_families(ask(listen, "/metrics").text)}
    for group in YAML(typ="safe").load(rules)["groups"]:
        for rule in group["rules"]:
            used = set(re.findall(r"invoice_sync_\w+", rule["expr"]))
            assert used, rule
            assert used <= exposed, rule
            assert rule["annotations"]["summary"].endswith(".")
