"""What a running daemon tells over HTTP: metrics and health; and that it goes on without telling."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from importlib.resources import files
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from tests.acceptance.process import Processes, Running, a_second, wait_until
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
    if running.process.poll() is None:
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
    wait_until(lambda: ask(listen, "/healthz").json()["status"] == "degraded", "the state to say so, too")
    told = ask(listen, "/healthz")
    assert told.status_code == 200
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


@pytest.mark.fault("console: scraped by an address")
def test_an_address_in_the_host_header_is_served_and_any_other_name_is_not(
    world: World, watched: Running, listen: str
) -> None:
    for host in ("192.0.2.7", "192.0.2.7:8470", "[2001:db8::7]:8470", "127.0.0.1", "LOCALHOST"):
        assert ask(listen, "/metrics", Host=host).status_code == 200, host
    for host in ("[", "192.0.2.7.example.com", "2130706433", "0x7f.1", "127.1", "a b", "evil.example.com:8470", "::1"):
        assert ask(listen, "/metrics", Host=host).status_code in {400, 421}, host


def threads_of(running: Running) -> int:
    found = re.search(r"^Threads:\s+(\d+)", Path(f"/proc/{running.pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="silent"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-", id="half a head"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\nx", id="half a body"),
        pytest.param(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20, id="answers not taken"),
    ],
)
@pytest.mark.fault("console: 200 connections held")
def test_connections_that_are_held_take_neither_threads_nor_passes_nor_the_pages_away(
    world: World, watched: Running, listen: str, sent: bytes
) -> None:
    assert ask(listen, "/livez").ok
    before = threads_of(watched)
    host, _, port = listen.rpartition(":")
    with ExitStack() as stack:
        for _ in range(200):
            held = stack.enter_context(socket.create_connection((host, int(port)), timeout=5))
            held.sendall(sent)
        for page in ("/livez", "/healthz", "/metrics"):
            assert ask(listen, page).ok
        assert threads_of(watched) == before
        late = world.invoice(comment="meanwhile")
        wait_until(lambda: synced(world, late), "passes go on")
        assert len(list(Path(f"/proc/{watched.pid}/fd").iterdir())) < 150
        begun = time.monotonic()
        assert watched.terminate() == 0
        assert time.monotonic() - begun <= a_second()
    assert_promises(world)


def test_what_is_too_long_is_refused_before_it_is_read_whole(watched: Running, listen: str) -> None:
    assert ask(listen, "/livez", Cookie="x" * 20_000).status_code == 431
    with suppress(requests.ConnectionError):  # it may close before it was sent all
        assert requests.post(f"http://{listen}/livez", data=b"x" * 1_000_000, timeout=5).status_code in {405, 413}
    assert ask(listen, "/livez").ok


def test_the_pages_can_be_served_on_a_unix_socket(world: World, processes: Processes, tmp_path: Path) -> None:
    path = tmp_path / "console.sock"
    world.set("console.listen", str(path))
    with socket.socket(socket.AF_UNIX) as left:  # by a process that was killed
        left.bind(str(path))
    running = processes.daemon()
    running.wait_for("console.listening")
    assert path.stat().st_mode & 0o777 == 0o660
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        caller.connect(str(path))
        caller.sendall(b"GET /livez HTTP/1.0\r\nHost: any.example.com\r\n\r\n")
        assert b"200 OK" in caller.recv(1000)
    assert running.terminate() == 0
    assert not path.exists()


def test_a_socket_that_somebody_listens_on_and_a_file_are_left_alone(
    world: World, processes: Processes, tmp_path: Path
) -> None:
    path, file = tmp_path / "taken.sock", tmp_path / "file"
    file.write_text("kept")
    world.set("console.listen", str(path))
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        running = processes.daemon()
        assert running.wait_for("console.failing")["path"] == str(path)
        world.set("console.listen", str(file))
        assert running.wait_for("console.failing", count=2)["path"] == str(file)
        assert running.terminate() == 0
        assert path.exists()
    assert file.read_text() == "kept"


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
