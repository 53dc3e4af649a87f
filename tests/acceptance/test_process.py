"""The process among others: signals, a second daemon, manual syncs, edited settings, sides and disks that go away."""

from __future__ import annotations

import resource
import signal
import time
from typing import TYPE_CHECKING

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault
from daemon.sandbox.faults.answers import ask
from daemon.sandbox.wire import pause
from state.store import Store
from tests.acceptance.process import Processes, Running, a_second, is_pending, wait_until
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

GRAPH = "composite/graph"
NUMBER = "increment_id"


def number_of(world: World, entity_id: int) -> str:
    return str(world.shop.invoices.row(entity_id)[NUMBER])


def synced(world: World, *entity_ids: int) -> bool:
    """Whether all of these are in, with their notes."""
    try:
        rows = world.rows()
        return all(key in rows and rows[key].sync_status == "synced" for key in entity_ids) and not is_pending(world)
    except Exception:  # noqa: BLE001  (the state may not be there yet)
        return False


def status_of(world: World, entity_id: int) -> str | None:
    row = world.rows().get(entity_id)
    return row.sync_status if row else None


def passes_that_failed(world: World) -> int:
    with Store(world.state_path, lock=False) as store:
        return sum(done.error is not None for done in store.passes.newest(100))


def expect_each_once(world: World) -> None:
    assert_promises(world)
    shown = world.wire_invoices()
    comments = sum(len(invoice["comments"]) for invoice in shown)
    assert world.org.created["Magento_Invoice__c"] == len(shown)
    assert world.org.created["Magento_Invoice_Comment__c"] == world.org.created["ContentNote"] == comments


class Slow:
    """A call that takes its time; knows when it was under way and when its answer was ready."""

    def __init__(self, world: World, seconds: float, *, path: str = GRAPH) -> None:
        self.answered_at: float | None = None
        self.began_at: float | None = None
        self._seconds = seconds
        self.plan = world.salesforce_faults.add(Fault("slow", self._answer), path=path, times=1)

    def _answer(self, app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        self.began_at = time.monotonic()
        pause(environ, self._seconds)
        response = ask(app, environ)
        self.answered_at = time.monotonic()
        return response

    def wait(self) -> None:
        wait_until(lambda: self.began_at, "the slow call is under way")


@pytest.fixture
def idle(world: World, processes: Processes) -> Running:
    """A daemon with one invoice synced and nothing to do."""
    entity_id = world.invoice(comment="the first")
    running = processes.daemon()
    wait_until(lambda: synced(world, entity_id), "the first invoice is in")
    return running


# Signals


@pytest.mark.parametrize("times", [case("SIGTERM during a call", 1), case("twice", 2)])
def test_sigterm_ends_the_process_within_the_call_in_flight_plus_a_second(
    world: World, processes: Processes, times: int
) -> None:
    ids = [world.invoice(comment=f"comment {number}") for number in range(5)]
    slow = Slow(world, 2)
    running = processes.start("run")
    slow.wait()
    for _ in range(times):
        running.signal(signal.SIGTERM)
        time.sleep(0.1)  # two signals at one moment are one signal
    assert running.ended() == 0
    ended_at = time.monotonic()
    assert slow.answered_at is not None, "the call in flight was not abandoned"
    assert ended_at - slow.answered_at <= a_second()
    assert running.named("daemon.stopping")[0]["signal"] == "SIGTERM"
    assert {world.rows()[key].sync_status for key in ids} == {"synced"}, "its answer is remembered"
    assert world.org.created["ContentNote"] == 0, "and no further call was begun"
    assert world.command("run", "--once").returncode == 0
    expect_each_once(world)


def test_sigterm_ends_a_single_run_just_as_well_and_the_next_one_goes_on(world: World, processes: Processes) -> None:
    for number in range(5):
        world.invoice(comment=f"comment {number}")
    slow = Slow(world, 2)
    running = processes.start("run", "--once")
    slow.wait()
    running.signal(signal.SIGTERM)
    running.ended()
    assert slow.answered_at is not None
    assert time.monotonic() - slow.answered_at <= a_second()
    assert world.org.created["ContentNote"] == 0
    assert world.command("run", "--once").returncode == 0
    expect_each_once(world)


def test_sigint_ends_the_daemon_with_0(idle: Running) -> None:
    idle.signal(signal.SIGINT)
    assert idle.ended() == 0
    assert idle.named("daemon.stopping")[0]["signal"] == "SIGINT"


def test_sigterm_to_an_idle_daemon_ends_it_within_a_second(idle: Running) -> None:
    begun = time.monotonic()
    assert idle.terminate() == 0
    assert time.monotonic() - begun <= a_second()


def test_sighup_polls_at_once(world: World, processes: Processes) -> None:
    world.set("schedule.poll_interval", "1h")
    first = world.invoice()
    running = processes.daemon()
    wait_until(lambda: synced(world, first), "the first poll")
    second = world.invoice()
    running.signal(signal.SIGHUP)
    wait_until(lambda: synced(world, second), "the poll after SIGHUP")
    assert running.terminate() == 0


def test_sighup_during_a_pass_is_not_lost(world: World, processes: Processes) -> None:
    world.set("schedule.poll_interval", "1h")
    first = world.invoice()
    slow = Slow(world, 1)
    running = processes.daemon()
    slow.wait()
    second = world.invoice()  # after this pass has read Magento
    running.signal(signal.SIGHUP)
    wait_until(lambda: synced(world, first, second), "the poll after SIGHUP")
    assert running.terminate() == 0


@pytest.mark.fault("SIGHUP many times")
def test_sighup_many_times_neither_ends_nor_doubles_nor_crowds_anything(world: World, processes: Processes) -> None:
    ids = [world.invoice(comment=f"comment {number}") for number in range(5)]
    slow = Slow(world, 1)
    running = processes.daemon()
    slow.wait()
    for _ in range(200):
        running.signal(signal.SIGHUP)
        time.sleep(0.005)
    late = world.invoice(comment="during the storm")
    wait_until(lambda: synced(world, *ids, late), "everything is in")
    expect_each_once(world)
    assert world.magento_calls.count(path="/invoices") <= 220, "at most a poll a signal"
    assert running.terminate() == 0


@pytest.mark.parametrize(
    "stop", [case("stopped and continued", signal.SIGSTOP), case("Ctrl-Z and `fg`", signal.SIGTSTP)]
)
def test_a_daemon_that_is_stopped_and_continued_polls_on_and_still_ends_when_asked(
    world: World, idle: Running, stop: signal.Signals
) -> None:
    for seconds in (0.05, 1.3, 0.4, 2.2, 0.05, 1.1, 1.1):  # a beat is a second: within one, and beyond it
        idle.signal(stop)
        time.sleep(seconds)
        idle.signal(signal.SIGCONT)
        time.sleep(0.05)
    late = world.invoice(comment="after all that")
    wait_until(lambda: synced(world, late), "it polls on")
    assert idle.process.poll() is None
    assert not idle.named("daemon.stopping")
    assert not idle.named("settings.reloaded")
    begun = time.monotonic()
    assert idle.terminate() == 0
    assert time.monotonic() - begun <= 3.0  # a poll may be under way, on a machine that is busy
    expect_each_once(world)


def test_a_daemon_stopped_during_a_call_and_asked_to_end_meanwhile_ends_in_order(
    world: World, processes: Processes
) -> None:
    entity_id = world.invoice(comment="hello")
    slow = Slow(world, 0.5)
    running = processes.daemon()
    slow.wait()
    running.signal(signal.SIGSTOP)
    time.sleep(1.5)
    running.signal(signal.SIGTERM)
    running.signal(signal.SIGCONT)
    assert running.ended() == 0
    assert running.named("daemon.stopping")[0]["signal"] == "SIGTERM"
    assert world.rows()[entity_id].sync_status == "synced", "its answer is remembered"
    assert world.command("run", "--once").returncode == 0
    expect_each_once(world)


def test_a_command_that_is_stopped_and_continued_follows_its_request_to_the_end(
    world: World, processes: Processes, idle: Running
) -> None:
    entity_id = world.invoice(comment="by hand")
    number = number_of(world, entity_id)
    slow = Slow(world, 2)
    command = processes.start("sync", number)
    slow.wait()
    for seconds in (0.3, 1.2):
        command.signal(signal.SIGSTOP)
        time.sleep(seconds)
        command.signal(signal.SIGCONT)
    assert command.ended() == 0, command.text
    assert idle.terminate() == 0
    expect_each_once(world)


# One writer


@pytest.mark.fault("a second daemon")
def test_a_second_daemon_is_refused_with_75_and_the_first_ones_pid(world: World, idle: Running) -> None:
    for arguments in (["run"], ["run", "--once"]):
        second = world.command(*arguments)
        assert second.returncode == 75
        assert str(idle.pid) in second.stderr
        assert str(world.state_path) in second.stderr
    assert idle.process.poll() is None
    late = world.invoice(comment="the first goes on")
    wait_until(lambda: synced(world, late), "the first goes on")
    expect_each_once(world)


def test_after_a_kill_the_next_daemon_starts_at_once(world: World, processes: Processes, idle: Running) -> None:
    idle.kill()
    late = world.invoice()
    processes.daemon()
    wait_until(lambda: synced(world, late), "the next daemon works")


# Manual syncs


def test_a_manual_sync_is_done_by_the_running_daemon_and_shown(world: World, processes: Processes) -> None:
    world.set("invoices.enable_automatic_synchronization", False)
    entity_id = world.invoice(comment="by hand")
    running = processes.daemon()
    wait_until(lambda: status_of(world, entity_id) == "held", "it is held")
    done = world.command("sync", number_of(world, entity_id))
    assert done.returncode == 0, done.stderr
    assert f"{number_of(world, entity_id)}\tsynced\t" in done.stdout
    assert str(world.rows()[entity_id].salesforce_id) in done.stdout
    running.wait_for("request.received")
    running.wait_for("request.finished")
    expect_each_once(world)


def test_a_manual_sync_goes_before_a_long_backfill(world: World, processes: Processes) -> None:
    for number in range(160):
        world.invoice(comment=f"comment {number}")
    last = world.invoice()
    world.set("magento.page_size", 20)
    world.magento.seconds_per_call = 0.3
    world.salesforce.seconds_per_record = 0.003
    running = processes.daemon()
    wait_until(lambda: world.magento_calls.count(path="/invoices") >= 2, "the backfill is under way")
    done = world.command("sync", number_of(world, last))
    assert done.returncode == 0, done.stderr
    assert len(world.org.records("Magento_Invoice__c")) < 161, "it did not wait until all were in"
    wait_until(lambda: len(world.rows()) == 161 and synced(world), "the rest")
    expect_each_once(world)
    assert running.terminate() == 0


def test_a_manual_sync_without_a_daemon_is_done_by_the_command(world: World) -> None:
    entity_id = world.invoice(comment="by hand")
    done = world.command("sync", number_of(world, entity_id))
    assert done.returncode == 0, done.stderr
    assert f"{number_of(world, entity_id)}\tsynced\t" in done.stdout
    expect_each_once(world)


def test_a_manual_sync_whose_daemon_is_killed_ends_with_75_and_works_when_repeated(
    world: World, processes: Processes, idle: Running
) -> None:
    entity_id = world.invoice(comment="by hand")
    wait_until(lambda: synced(world, entity_id), "it is in")
    slow = Slow(world, 3)
    command = processes.start("sync", number_of(world, entity_id))
    slow.wait()
    idle.kill()
    assert command.ended() == 75
    assert "the daemon ended before this request was done" in command.text
    again = world.command("sync", number_of(world, entity_id))
    assert again.returncode == 0, again.stderr
    expect_each_once(world)
    assert world.command("run", "--once").returncode == 0
    with Store(world.state_path, lock=False) as store:
        assert store.requests.waiting() is None, "the request that was left is done too"
    expect_each_once(world)


def test_a_request_left_by_a_killed_daemon_is_done_first_by_the_next_one(
    world: World, processes: Processes, idle: Running
) -> None:
    world.set("invoices.enable_automatic_synchronization", False)
    idle.wait_for("settings.reloaded")
    entity_id = world.invoice()
    wait_until(lambda: status_of(world, entity_id) == "held", "it is held")
    slow = Slow(world, 3)
    command = processes.start("sync", number_of(world, entity_id))
    slow.wait()
    idle.kill()
    assert command.ended() == 75
    processes.daemon().wait_for("request.finished")
    assert synced(world, entity_id)
    expect_each_once(world)


# Settings edited while the daemon runs


def test_the_automatic_flag_takes_effect_while_the_daemon_runs(world: World, idle: Running) -> None:
    world.set("invoices.enable_automatic_synchronization", False)
    idle.wait_for("settings.reloaded")
    held = world.invoice()
    wait_until(lambda: status_of(world, held) == "held", "it is held")
    world.set("invoices.enable_automatic_synchronization", True)
    idle.wait_for("settings.reloaded", count=2)
    sent = world.invoice()
    wait_until(lambda: status_of(world, sent) == "synced", "a new one is sent")
    assert status_of(world, held) == "held", "held stays held until Magento shows a change"


def test_the_first_flag_off_means_that_no_call_to_salesforce_starts(world: World, idle: Running) -> None:
    world.set("invoices.enable_synchronization", False)
    idle.wait_for("settings.reloaded")
    world.salesforce_calls.clear()
    held = world.invoice(comment="not now")
    wait_until(lambda: status_of(world, held) == "held", "Magento is still polled")
    refused = world.command("sync", number_of(world, held))
    assert refused.returncode == 78
    assert "enable_synchronization" in refused.stderr
    polls = world.magento_calls.count(path="/invoices")
    wait_until(lambda: world.magento_calls.count(path="/invoices") > polls + 1, "further polls")
    assert len(world.salesforce_calls) == 0
    world.set("invoices.enable_synchronization", True)
    idle.wait_for("settings.reloaded", count=2)
    assert world.command("sync", number_of(world, held)).returncode == 0
    expect_each_once(world)


def test_the_notes_flag_takes_effect_while_the_daemon_runs(world: World, idle: Running) -> None:
    world.set("invoices.synchronize_notes", False)
    idle.wait_for("settings.reloaded")
    entity_id = world.invoice(comment="kept back")
    wait_until(lambda: status_of(world, entity_id) == "synced", "the invoice goes")
    assert world.org.created["ContentNote"] == 1, "its note does not"
    world.set("invoices.synchronize_notes", True)
    idle.wait_for("settings.reloaded", count=2)
    assert world.command("sync", number_of(world, entity_id)).returncode == 0
    expect_each_once(world)


def test_the_poll_interval_takes_effect_while_the_daemon_runs(world: World, idle: Running) -> None:
    world.set("schedule.poll_interval", "1h")
    idle.wait_for("settings.reloaded")
    polls = world.magento_calls.count(path="/invoices")
    time.sleep(3)
    assert world.magento_calls.count(path="/invoices") - polls <= 1, "it polls once an hour now"
    world.set("schedule.poll_interval", "1s")
    idle.signal(signal.SIGHUP)
    idle.wait_for("settings.reloaded", count=2)
    polls = world.magento_calls.count(path="/invoices")
    wait_until(lambda: world.magento_calls.count(path="/invoices") >= polls + 3, "it polls every second again")


@pytest.mark.parametrize("otherwise", [True, False], ids=["with another edit", "back to what it was"])
def test_a_broken_edit_is_refused_once_and_the_old_settings_stay_in_force(
    world: World, idle: Running, otherwise: bool
) -> None:
    world.settings_path.write_text("invoices: [\n")
    refused = idle.wait_for("settings.refused")
    assert str(world.settings_path) in str(refused)
    late = world.invoice(comment="after the broken edit")
    wait_until(lambda: synced(world, late), "the old settings stay in force")
    polls = world.magento_calls.count(path="/invoices")
    wait_until(lambda: world.magento_calls.count(path="/invoices") >= polls + 2, "further polls")
    assert len(idle.named("settings.refused")) == 1, "said once"
    if otherwise:
        world.set("magento.page_size", 50)
    else:
        world.write_settings()
    idle.wait_for("settings.reloaded")
    assert idle.process.poll() is None


# A side, or the disk, goes away


def test_magento_down_is_said_once_and_its_return_once(world: World, idle: Running) -> None:
    world.magento_server.stop()
    late = world.invoice(comment="while it was down")
    idle.wait_for("magento.failing")
    wait_until(lambda: passes_that_failed(world) >= 3, "three polls in vain")
    world.magento_server.start()
    idle.wait_for("magento.recovered")
    wait_until(lambda: synced(world, late), "what was missed is in")
    assert len(idle.named("magento.failing")) == len(idle.named("magento.recovered")) == 1
    expect_each_once(world)


def test_salesforce_down_is_said_once_and_its_return_once(world: World, idle: Running) -> None:
    world.salesforce_server.stop()
    late = world.invoice(comment="while it was down")
    idle.wait_for("salesforce.failing")
    wait_until(lambda: passes_that_failed(world) >= 3, "three passes in vain")
    assert status_of(world, late) == "pending"
    world.salesforce_server.start()
    idle.wait_for("salesforce.recovered")
    wait_until(lambda: synced(world, late), "what was owed is in")
    assert len(idle.named("salesforce.failing")) == len(idle.named("salesforce.recovered")) == 1
    expect_each_once(world)


@pytest.mark.fault("state: removed or replaced while running")
def test_a_state_removed_under_the_daemon_ends_it_with_an_error_and_doubles_nothing(
    world: World, processes: Processes, idle: Running
) -> None:
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        world.state_path.with_name(name).unlink(missing_ok=True)
    world.salesforce_calls.clear()
    world.invoice(comment="after the state was removed")
    assert idle.ended() == 78
    assert "removed or replaced" in idle.text
    assert str(world.state_path) in idle.text
    assert len(world.salesforce_calls) == 0, "nothing is sent that cannot be remembered"
    assert world.command("run", "--once").returncode == 0
    expect_each_once(world)
    assert sorted(row.sync_status for row in world.rows().values()) == ["synced", "synced"]


@pytest.mark.fault("state: disk full")
def test_a_disk_without_room_stops_the_sending_and_the_daemon_goes_on_when_there_is_room(
    world: World, idle: Running
) -> None:
    unlimited = resource.prlimit(idle.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(idle.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    world.salesforce_calls.clear()
    late = world.invoice(comment="no room")
    failed = idle.wait_for("pass.failed")
    assert str(world.state_path) in failed["error"]
    assert failed["level"] == "error"
    time.sleep(2.5)  # further beats
    assert len(world.salesforce_calls) == 0, "nothing is sent that cannot be remembered"
    assert len(idle.named("pass.failed")) == 1, "it is said once"
    resource.prlimit(idle.pid, resource.RLIMIT_FSIZE, unlimited)
    idle.wait_for("pass.recovered")
    wait_until(lambda: synced(world, late), "it goes on when there is room")
    expect_each_once(world)
    assert idle.terminate() == 0


@pytest.mark.fault("state: disk full")
def test_a_disk_that_fills_between_an_answer_and_its_commit_doubles_nothing(world: World, idle: Running) -> None:
    unlimited = resource.prlimit(idle.pid, resource.RLIMIT_FSIZE)
    slow = Slow(world, 1)
    late = world.invoice(comment="no room for the answer")
    slow.wait()
    resource.prlimit(idle.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))
    idle.wait_for("pass.failed")
    calls = world.salesforce_calls.count(path=GRAPH)
    time.sleep(2.5)  # further beats
    assert world.salesforce_calls.count(path=GRAPH) == calls, "nothing more is sent while nothing can be remembered"
    resource.prlimit(idle.pid, resource.RLIMIT_FSIZE, unlimited)
    wait_until(lambda: synced(world, late), "it goes on when there is room")
    expect_each_once(world)


# Commands


def test_exit_code_0_done_even_when_the_last_page_fills_no_batch(world: World) -> None:
    for _ in range(130):
        world.invoice()
    assert world.command("run", "--once").returncode == 0
    expect_each_once(world)
    assert world.command("status").returncode == 0


def test_exit_code_1_failed_when_nothing_that_was_asked_for_is_in(world: World) -> None:
    entity_id = world.invoice()
    world.org.add_rule("Magento_Invoice__c", lambda record: True, "No", ("Name",))
    done = world.command("sync", number_of(world, entity_id))
    assert done.returncode == 1
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in done.stdout


@pytest.mark.parametrize("arguments", [["sync"], ["sync", "no-such-number"], ["run", "--no-such-option"], ["no-such"]])
def test_exit_code_2_usage(world: World, arguments: list[str]) -> None:
    world.invoice()
    done = world.command(*arguments)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_exit_code_3_done_in_part_when_some_records_failed(world: World) -> None:
    ids = [world.invoice() for _ in range(3)]
    bad = number_of(world, ids[1])
    world.org.add_rule("Magento_Invoice__c", lambda record: record["Name"] == bad, "No", ("Name",))
    assert world.command("run", "--once").returncode == 3
    assert world.command("sync", *(number_of(world, key) for key in ids)).returncode == 3


@pytest.mark.parametrize("side", ["magento", "salesforce"])
def test_exit_code_75_when_a_side_is_unreachable(world: World, side: str) -> None:
    world.invoice()
    server = world.magento_server if side == "magento" else world.salesforce_server
    server.stop()
    done = world.command("run", "--once")
    assert done.returncode == 75
    assert side.capitalize() in done.stderr


def test_exit_code_78_for_settings_and_credentials_that_need_a_person(world: World) -> None:
    world.invoice()
    world.set("magento.page_sise", 10)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "page_size" in done.stderr, "the nearest known key is named"
    del world.values["magento"]["page_sise"]
    world.write_settings()
    world.salesforce.sign_in_refused = ("invalid_client", "invalid client credentials")
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "invalid_client" in done.stderr


def test_a_daemon_that_meets_another_org_ends_with_78_and_names_the_way_on(world: World, processes: Processes) -> None:
    world.invoice()
    world.run_once()
    with Store(world.state_path, lock=True) as store:
        store.facts.learn("organization_id", "00D000000000001AAA")
    world.invoice()
    daemon = processes.start("run")
    assert daemon.ended() == 78
    assert "state clear" in daemon.text
    assert len(world.org.records("Magento_Invoice__c")) == 1
