"""The wall clock is set while the daemon runs, or it is stopped for hours: it goes on by the monotonic clock."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from state.store import Store
from tests.acceptance.process import Processes, wait_until
from tests.acceptance.test_process import expect_each_once, synced
from tests.world import World

HOUR = 3600.0
YEAR = 365 * 24 * HOUR


@pytest.fixture
def set_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the wall clock of the world's processes, so many seconds apart from the real one."""
    path = world.folder / "clock"

    def set_to(seconds: float) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(path)

    set_to(0)
    monkeypatch.setenv("CLOCK_FILE", str(path))
    world.module = "tests.acceptance.set_clock"
    return set_to


def polls(world: World) -> int:
    count: int = world.magento_calls.count("GET", r"/invoices\?.*updated_at")
    return count


@pytest.mark.parametrize(
    "seconds",
    [
        pytest.param(-HOUR, marks=pytest.mark.fault("clock one hour back or forward"), id="an hour back"),
        pytest.param(HOUR, marks=pytest.mark.fault("clock one hour back or forward"), id="an hour forward"),
        pytest.param(10 * YEAR, marks=pytest.mark.fault("ten years forward"), id="ten years forward"),
    ],
)
def test_polling_goes_on_within_two_intervals_after_the_clock_was_set(
    world: World, processes: Processes, set_clock: Callable[[float], None], seconds: float
) -> None:
    first = world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: synced(world, first), "the first invoice")
    before, began = polls(world), time.monotonic()
    set_clock(seconds)
    second = world.invoice(comment="after")
    wait_until(lambda: synced(world, second), "the invoice after the step", seconds=8)
    assert running.wait_for("clock.stepped", seconds=5)["seconds"] == pytest.approx(seconds, abs=2)
    wait_until(lambda: polls(world) >= before + 4, "more polls", seconds=10)
    assert polls(world) - before <= time.monotonic() - began + 3, "one poll a second, and no storm"
    assert running.terminate() == 0
    expect_each_once(world)


def test_what_waits_for_a_time_is_not_put_off_by_a_clock_that_was_wrong(
    world: World, processes: Processes, set_clock: Callable[[float], None]
) -> None:
    world.org.lock("Magento_Invoice__c", lambda _record: True, times=1)
    set_clock(10 * YEAR)
    entity_id = world.invoice()
    running = processes.daemon()
    wait_until(lambda: entity_id in world.rows() and world.rows()[entity_id].attempts == 1, "the refused first attempt")
    set_clock(0)
    running.wait_for("clock.stepped")
    row = world.rows()[entity_id]
    wait_until(lambda: _seconds_left(world, entity_id) <= 15 * 60, "a wait by the clock as it is now", seconds=5)
    assert row.sync_status == "pending"
    assert running.terminate() == 0


def test_a_wait_told_by_a_wrong_clock_is_shortened_at_the_next_start(world: World) -> None:
    world.org.lock("Magento_Invoice__c", lambda _record: True, times=1)
    entity_id = world.invoice()
    world.clock.advance(days=3650)
    world.run_once()
    world.clock.advance(days=-3650)
    world.run_once()
    assert world.rows()[entity_id].sync_status == "pending"
    world.clock.advance(minutes=16)
    world.run_once()
    assert world.rows()[entity_id].sync_status == "synced"
    assert world.compared().equal, str(world.compared())


@pytest.mark.fault("a process stopped for 8 hours")
def test_a_process_that_was_stopped_for_eight_hours_polls_at_once_and_only_once(
    world: World, processes: Processes, set_clock: Callable[[float], None]
) -> None:
    world.set("schedule.poll_interval", "30s")
    first = world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: synced(world, first), "the first invoice")
    os.kill(running.pid, signal.SIGSTOP)
    second = world.invoice(comment="meanwhile")
    before = polls(world)
    set_clock(8 * HOUR)
    os.kill(running.pid, signal.SIGCONT)
    wait_until(lambda: synced(world, second), "the invoice of those hours", seconds=10)
    time.sleep(3)
    assert polls(world) - before == 1
    assert running.terminate() == 0
    expect_each_once(world)


def _seconds_left(world: World, entity_id: int) -> float:
    with Store(world.state_path, lock=False) as store:
        at = store.ledger.known([entity_id])[entity_id].next_attempt_at
    return 0 if at is None else at.timestamp() - time.time()
