"""Every command does its work beside a running daemon, without one, and when the daemon dies under it."""

from __future__ import annotations

import json
import signal

import pytest

from state.store import Store
from tests.acceptance.process import Processes, Running, wait_until
from tests.world import World

# What is typed; "FILE" and "NUMBER" are filled in.
READING = [
    ["check"],
    ["check", "--json"],
    ["status"],
    ["status", "--json"],
    ["invoices"],
    ["invoices", "--status", "synced", "--limit", "2", "--json"],
    ["history"],
    ["explain", "NUMBER"],
    ["settings", "check"],
    ["settings", "show", "--defaults"],
    ["state", "path"],
    ["state", "backup", "FILE"],
    ["sync", "NUMBER", "--dry-run"],
]
WORKING = [
    ["sync", "NUMBER"],
    ["sync", "--id", "1"],
    ["sync", "--order", "ORDER"],
    ["sync", "--all"],
    ["sync", "--since", "2020-01-01", "--json"],
    ["state", "clear", "NUMBER", "--yes"],
    ["state", "clear", "--id", "1", "--yes"],
    ["state", "clear", "--checkpoint", "--yes"],
    ["state", "clear", "--yes"],
]


def filled_in(world: World, words: list[str]) -> list[str]:
    row = world.rows()[1]
    places = {"FILE": str(world.folder / "copy.db"), "NUMBER": row.increment_id, "ORDER": str(row.order_number)}
    return [places.get(word, word) for word in words]


def all_in(world: World) -> bool:
    rows = world.rows().values()
    return len(rows) == 4 and all(row.sync_status == "synced" for row in rows) and world.compared().equal


@pytest.fixture
def shop(world: World) -> World:
    """Four invoices, all in."""
    for _ in range(4):
        world.invoice(comment="here I am")
    world.run_once()
    return world


@pytest.mark.parametrize("words", READING + WORKING, ids=" ".join)
def test_without_a_daemon_it_does_its_work(shop: World, words: list[str]) -> None:
    created = sum(shop.org.created.values())
    done = shop.command(*filled_in(shop, words))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    if "--json" in words:
        json.loads(done.stdout)
    shop.run_once()
    assert all_in(shop), str(shop.compared())
    assert sum(shop.org.created.values()) == created


@pytest.mark.timeout(180)
def test_beside_a_running_daemon_each_does_its_work_and_the_daemon_goes_on(shop: World, processes: Processes) -> None:
    daemon = processes.daemon()
    created = sum(shop.org.created.values())
    for words in READING + WORKING:
        done = shop.command(*filled_in(shop, words))
        assert done.returncode == 0, f"{words}: {done.stderr}"
        wait_until(lambda: all_in(shop), f"all to be in after {words}")
    assert sum(shop.org.created.values()) == created, "nothing was created a second time"
    assert daemon.terminate() == 0


@pytest.mark.parametrize(
    "words", [["sync", "NUMBER"], ["state", "clear", "--yes"], ["state", "clear", "NUMBER", "--yes"]], ids=" ".join
)
def test_when_the_daemon_dies_under_it_the_command_says_so_and_the_next_daemon_does_it(
    shop: World, processes: Processes, words: list[str]
) -> None:
    shop.set("schedule.poll_interval", "60s")
    before = _last_pass(shop)
    daemon = processes.daemon()
    wait_until(lambda: _last_pass(shop) > before, "the first poll")
    daemon.signal(signal.SIGSTOP)  # idle, and it will not come to the request
    typed = Running(shop, *filled_in(shop, words))
    try:
        wait_until(lambda: _is_asked(shop), "the request")
        daemon.kill()
        assert typed.ended() == 75
        assert "the daemon ended before this request was done" in typed.text
    finally:
        typed.close()
    after = processes.daemon()
    after.wait_for("request.finished")
    wait_until(lambda: all_in(shop), "all to be in again")
    assert after.terminate() == 0


def _last_pass(world: World) -> int:
    with Store(world.state_path, lock=False) as store:
        last = store.passes.last()
        return last.id if last else 0


def _is_asked(world: World) -> bool:
    with Store(world.state_path, lock=False) as store:
        return store.requests.waiting() is not None


def test_one_number_in_two_stores_is_refused_with_the_ids_to_name(world: World) -> None:
    first, second = world.invoice(), world.invoice()
    number = world.shop.invoices.row(first)["increment_id"]
    world.shop.edit_invoice(second, increment_id=number, store_id=2)
    world.run_once()
    for words in (["sync", number], ["explain", number], ["state", "clear", number, "--yes"]):
        done = world.command(*words)
        assert done.returncode == 2, words
        assert f"2 stores have an invoice {number}" in done.stderr
        assert f"--id {first} (store 1), --id {second} (store 2)" in done.stderr
    assert world.command("sync", "--id", str(second)).returncode == 0


def test_an_invoice_that_was_never_seen_is_explained(world: World) -> None:
    world.run_once()
    world.invoice()
    number = world.shop.invoices.row(1)["increment_id"]
    done = world.command("explain", number)
    assert done.returncode == 0
    assert "no pass has read it yet" in done.stdout
    world.set("invoices.created_from", "2090-01-01")
    done = world.command("explain", number)
    assert f"before invoices.created_from ({world.settings_path}:" in done.stdout
    assert world.command("explain", "999").returncode == 2


def test_synchronization_off_refuses_with_the_settings_line(shop: World) -> None:
    shop.set("invoices.enable_synchronization", False)
    lines = shop.settings_path.read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "enable_synchronization" in text)
    for words in (["sync", "--all"], ["sync", "--id", "1", "--dry-run"]):
        done = shop.command(*words)
        assert done.returncode == 78
        assert f"{shop.settings_path}:{line}:" in done.stderr
        assert "invoices.enable_synchronization is off" in done.stderr


def test_a_bad_settings_file_is_said_by_every_command_without_a_traceback(shop: World) -> None:
    shop.settings_path.write_text("magento: [\n")
    for words in (["status"], ["run", "--once"], ["sync", "--all"], ["settings", "check"], ["state", "path"]):
        done = shop.command(*words)
        assert done.returncode == 78, words
        assert str(shop.settings_path) in done.stderr
        assert "Traceback" not in done.stderr
