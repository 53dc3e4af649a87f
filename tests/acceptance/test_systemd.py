"""The real process and what it tells systemd: READY, STATUS, RELOADING, STOPPING, and the watchdog's food."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.acceptance.process import Processes, wait_until
from tests.acceptance.test_process import Slow, synced
from tests.notified import Notified
from tests.world import World


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Notified]:
    made = Notified(tmp_path)
    yield made
    made.close()


def status(systemd: Notified) -> str:
    return (systemd.of("STATUS") or [""])[-1]


def test_it_is_ready_when_the_state_is_open_whether_or_not_the_sides_answer(
    world: World, processes: Processes, systemd: Notified
) -> None:
    world.magento_server.stop()
    world.salesforce_server.stop()
    running = processes.start("run", environ=systemd.environ())
    wait_until(lambda: systemd.of("READY"), "READY")
    assert world.state_path.exists()
    wait_until(lambda: "Magento failing: " in status(systemd), "STATUS says which side does not answer")
    assert running.terminate() == 0


def test_it_is_not_ready_with_settings_that_are_refused(world: World, processes: Processes, systemd: Notified) -> None:
    world.set("magento.page_size", 0)
    running = processes.start("run", environ=systemd.environ())
    assert running.ended() == 78
    assert not systemd.messages


def test_the_status_says_what_is_next_and_what_is_owed_and_why(
    world: World, processes: Processes, systemd: Notified
) -> None:
    world.set("schedule.poll_interval", "1h")
    world.salesforce.sign_in_refused = ("invalid_client", "invalid client credentials")
    ids = [world.invoice(comment="for jane.canary@example.com") for _ in range(3)]
    running = processes.start("run", environ=systemd.environ())
    wait_until(lambda: "3 pending · Salesforce paused: " in status(systemd), "what is owed, and why")
    assert status(systemd).startswith("next poll in 3")
    assert "canary" not in " ".join(systemd.of("STATUS"))
    world.salesforce.sign_in_refused = None
    world.set("salesforce.timeout", 6)  # settings end the pause
    running.signal(signal.SIGHUP)
    wait_until(lambda: synced(world, *ids), "all are in")
    wait_until(lambda: "pending" not in status(systemd) and "paused" not in status(systemd), "nothing is owed")
    world.set("invoices.enable_synchronization", False)
    running.signal(signal.SIGHUP)
    wait_until(lambda: "synchronization off" in status(systemd), "it is switched off")
    assert running.terminate() == 0


@pytest.mark.parametrize("edit", ["good", "broken"])
def test_a_reload_is_over_when_the_settings_were_read_good_or_not(
    world: World, processes: Processes, systemd: Notified, edit: str
) -> None:
    world.set("schedule.poll_interval", "1h")
    running = processes.start("run", environ=systemd.environ())
    wait_until(lambda: "next poll" in status(systemd), "it is idle")
    world.set("magento.page_size", 7 if edit == "good" else 0)
    asked_at = time.monotonic()
    running.signal(signal.SIGHUP)
    wait_until(lambda: len(systemd.of("READY")) == 2, "the reload is over")
    names = [name for _, message in systemd.messages for name in message if name in {"RELOADING", "READY"}]
    assert names == ["READY", "RELOADING", "READY"]
    said_at = int(systemd.of("MONOTONIC_USEC")[0]) / 1_000_000
    assert asked_at <= said_at <= time.monotonic()
    assert len(running.named("settings.reloaded" if edit == "good" else "settings.refused")) == 1
    assert running.terminate() == 0


def test_the_end_is_told_with_how_long_the_call_in_flight_may_take(
    world: World, processes: Processes, systemd: Notified
) -> None:
    world.invoice()
    slow = Slow(world, 1)
    running = processes.start("run", environ=systemd.environ())
    slow.wait()
    running.signal(signal.SIGTERM)
    wait_until(lambda: systemd.of("STOPPING"), "STOPPING")
    assert slow.answered_at is None, "it is told at once, not after the call"
    assert int(systemd.of("EXTEND_TIMEOUT_USEC")[0]) == 65_000_000  # the longest time-out, and a minute to close
    assert running.ended() == 0


def test_a_call_that_takes_longer_than_the_watchdog_waits_does_not_starve_it(
    world: World, processes: Processes, systemd: Notified
) -> None:
    entity_id = world.invoice()
    slow = Slow(world, 4)
    running = processes.start("run", environ=systemd.environ(watchdog=2))
    slow.wait()
    wait_until(lambda: synced(world, entity_id), "the slow call is answered")
    fed = [at for at, message in systemd.messages if "WATCHDOG" in message]
    assert max(after - before for before, after in pairwise(fed)) < 2
    assert running.terminate() == 0


def test_a_pass_that_hangs_starves_the_watchdog_while_the_process_still_answers(
    world: World, processes: Processes, systemd: Notified
) -> None:
    world.set("magento.timeout", 1)
    world.set("salesforce.timeout", 1)
    running = processes.start("run", environ=systemd.environ(watchdog=1))
    wait_until(lambda: systemd.of("WATCHDOG"), "it is fed")
    other = sqlite3.connect(world.state_path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # the daemon waits for half a minute, in the thread that does the passes
    try:
        world.invoice()
        starved = lambda: time.monotonic() - systemd.last_at("WATCHDOG") >= 3  # noqa: E731  (read as one sentence)
        wait_until(starved, "no more food than for two calls of 1 s and a second", seconds=25)
        assert running.process.poll() is None
    finally:
        other.close()
    wait_until(lambda: time.monotonic() - systemd.last_at("WATCHDOG") < 1, "it is fed again when passes go on")
    assert running.terminate() == 0
