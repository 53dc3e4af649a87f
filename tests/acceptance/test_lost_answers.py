"""An answer lost, late, cut or refused at every call of a first sync, and of one after the state was cleared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault, Faults, drop, garble, hang, hang_after, lost, status, truncate
from daemon.sandbox.faults.answers import ask
from daemon.sandbox.wire import Dropped
from daemon.scheduler import run_once
from state.store import Store
from tests.promises import assert_promises
from tests.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

INVOICES = 24
MAGENTO_401 = b'{"message":"The consumer isn\'t authorized to access %resources.","parameters":{"resources":"x"}}'
SALESFORCE_401 = b'[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]'
MAINTENANCE = b"<!doctype html><html><body><h1>Down for maintenance</h1></body></html>"
JSON = "application/json"

# Each is made anew for each call that it meets.
FAULTS: dict[str, Callable[[], Fault]] = {
    "lost": lost,
    "dropped": drop,
    "cut short": lambda: truncate(0.5),
    "garbled": lambda: garble(lambda body: body.replace(b":", b";", 3)),
    "500": lambda: status(500, b'[{"errorCode":"UNKNOWN_EXCEPTION","message":"Error ID 12345-67 (-89)"}]', JSON),
    "500 with an empty page": lambda: status(500),
    "502": lambda: status(502, b"<html><body>Bad Gateway</body></html>"),
    "503 with an HTML page": lambda: status(503, MAINTENANCE),
    "429 with Retry-After": lambda: status(429, b"{}", JSON, [("Retry-After", "120")]),
}


@contextmanager
def made(folder: Path, name: str) -> Iterator[World]:
    """A fresh world with the invoices of these tests, of which the first, the last and every other have comments."""
    place = folder / name.replace(" ", "-")
    place.mkdir()
    world = World(place).start()
    try:
        world.set("magento.page_size", 9)
        for number in range(INVOICES):
            world.invoice(comment=f"comment {number}" if number % 2 == 0 or number == INVOICES - 1 else None)
        yield world
    finally:
        world.stop()


def faults_of(world: World, side: str) -> Faults:
    found: Faults = getattr(world, f"{side}_faults")
    return found


def calls_of(world: World, side: str) -> int:
    return len(world.magento_calls if side == "magento" else world.salesforce_calls)


def clear_state(world: World) -> None:
    for name in (world.state_path.name, world.state_path.name + "-wal", world.state_path.name + "-shm"):
        world.state_path.with_name(name).unlink(missing_ok=True)


def count_calls(folder: Path, side: str, *, cleared: bool) -> int:
    """How many calls the sync makes when nothing fails."""
    with made(folder, f"count {side} {cleared}") as world:
        world.run_once()
        if cleared:
            world.magento_calls.clear()
            world.salesforce_calls.clear()
            clear_state(world)
            world.run_once()
        return calls_of(world, side)


def longest_wait(world: World) -> datetime | None:
    """The latest instant for which anything waits: an attempt, a side, a call that may still commit."""
    with Store(world.state_path, lock=False) as store:
        stamps = [
            row["at"]
            for table, column in (("ledger", "next_attempt_at"), ("notes", "next_attempt_at"), ("sides", "next_try_at"))
            for row in store.connection.database.query(f"SELECT {column} AS at FROM {table} WHERE {column} IS NOT NULL")
        ]
    return max((datetime.fromisoformat(stamp).astimezone(UTC) for stamp in stamps), default=None)


def expect_done_within_three_passes(world: World) -> None:
    """With the faults over, three passes after the waits in force everything is in, and each record once."""
    for _ in range(3):
        wait = longest_wait(world)
        if wait is not None and wait > world.clock.now():
            assert wait <= world.clock.now() + timedelta(hours=1), "no wait is longer than an hour"
            world.clock.advance(seconds=(wait - world.clock.now()).total_seconds() + 1)
        world.run_once()
    expect_each_exactly_once(world)
    world.clock.advance(minutes=11)  # what had no answer is sent once more
    world.run_once()
    expect_each_exactly_once(world)
    calls = calls_of(world, "salesforce")
    world.run_once()
    assert calls_of(world, "salesforce") == calls, "then there is nothing left to send"


def expect_each_exactly_once(world: World) -> None:
    assert_promises(world)
    shown = world.wire_invoices()
    comments = sum(len(invoice["comments"]) for invoice in shown)
    assert world.org.created["Magento_Invoice__c"] == len(shown)
    assert world.org.created["Magento_Invoice_Item__c"] == sum(len(invoice["items"]) for invoice in shown)
    assert world.org.created["Magento_Invoice_Comment__c"] == comments
    assert world.org.created["ContentNote"] == comments


@pytest.mark.fault("Salesforce: answer lost after commit")
@pytest.mark.fault("Salesforce: at every call")
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("side", ["magento", "salesforce"])
def test_an_answer_that_fails_at_any_call_of_a_first_sync_loses_and_doubles_nothing(
    tmp_path: Path, side: str, name: str
) -> None:
    total = count_calls(tmp_path, side, cleared=False)
    assert total >= 3
    for call in range(total):
        with made(tmp_path, f"call {call}") as world:
            plan = faults_of(world, side).add(FAULTS[name](), after=call, times=1)
            world.run_once()
            assert plan.hits == 1, f"call {call} was made"
            expect_done_within_three_passes(world)


@pytest.mark.parametrize("name", ["lost", "cut short", "503 with an HTML page"])
@pytest.mark.parametrize("side", ["magento", "salesforce"])
def test_an_answer_that_fails_at_any_call_after_the_state_was_cleared_doubles_nothing(
    tmp_path: Path, side: str, name: str
) -> None:
    """The notes are all there: the calls now include those that ask which ones."""
    total = count_calls(tmp_path, side, cleared=True)
    for call in range(total):
        with made(tmp_path, f"call {call}") as world:
            world.run_once()
            clear_state(world)
            plan = faults_of(world, side).add(FAULTS[name](), after=call, times=1)
            world.run_once()
            assert plan.hits == 1, f"call {call} was made"
            expect_done_within_three_passes(world)


@pytest.mark.parametrize("name", ["lost", "503 with an HTML page", "cut short"])
@pytest.mark.parametrize("side", ["magento", "salesforce"])
def test_a_side_whose_answers_all_fail_for_three_passes_loses_and_doubles_nothing(
    tmp_path: Path, side: str, name: str
) -> None:
    with made(tmp_path, "all") as world:
        plan = faults_of(world, side).add(FAULTS[name](), times=None)
        for _ in range(3):
            world.run_once()
            world.clock.advance(minutes=1)
        assert plan.hits >= 3
        assert len(world.named(f"{side}.failing")) == 1, "said once"
        faults_of(world, side).clear()
        expect_done_within_three_passes(world)
        assert len(world.named(f"{side}.recovered")) == 1


@pytest.mark.parametrize("carried_out", [False, True], ids=["not carried out", "carried out"])
@pytest.mark.parametrize("side", ["magento", "salesforce"])
def test_a_call_that_hangs_ends_at_its_deadline_and_loses_and_doubles_nothing(
    tmp_path: Path, side: str, carried_out: bool
) -> None:
    total = count_calls(tmp_path, side, cleared=False)
    for call in range(total):
        with made(tmp_path, f"call {call}") as world:
            world.set(f"{side}.timeout", 1)
            fault = hang_after(30) if carried_out else hang(30)
            plan = faults_of(world, side).add(fault, after=call, times=1)
            begun = datetime.now(UTC)
            world.run_once()
            assert (datetime.now(UTC) - begun).total_seconds() < 15
            assert plan.hits == 1
            expect_done_within_three_passes(world)


class Late:
    """Calls whose client is gone, carried out when the test says so."""

    def __init__(self) -> None:
        self._waiting: list[tuple[WSGIApplication, WSGIEnvironment]] = []

    def fault(self) -> Fault:
        def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
            later = {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
            later["wsgi.input"] = BytesIO(environ["wsgi.input"].read())
            self._waiting.append((app, later))
            raise Dropped("the call goes on without its client")

        return Fault("late", answer)

    def commit(self) -> None:
        for app, environ in self._waiting:
            ask(app, environ)


@pytest.mark.fault("Salesforce: answer lost")
@pytest.mark.fault("Salesforce: committed ten minutes later")
@pytest.mark.parametrize("when", ["before the next attempt", "after the next attempt"])
def test_a_call_that_commits_late_never_leaves_an_older_version_over_a_newer_one(tmp_path: Path, when: str) -> None:
    total = count_calls(tmp_path, "salesforce", cleared=False)
    for call in range(total):
        with made(tmp_path, f"call {call}") as world:
            late = Late()
            plan = world.salesforce_faults.add(late.fault(), after=call, times=1)
            world.run_once()
            assert plan.hits == 1
            world.clock.advance(seconds=5)
            for entity_id in list(world.shop.invoices.ids)[:20]:
                world.shop.change_state(entity_id, 3)
            if when == "before the next attempt":
                late.commit()
            world.clock.advance(minutes=1)
            world.run_once()
            expect_each_exactly_once(world)
            if when == "after the next attempt":
                late.commit()
            world.clock.advance(minutes=10)
            world.run_once()
            expect_done_within_three_passes(world)


def test_a_session_that_expires_before_any_call_costs_a_sign_in_and_nothing_else(tmp_path: Path) -> None:
    total = count_calls(tmp_path, "salesforce", cleared=False)
    for call in range(1, total):
        with made(tmp_path, f"call {call}") as world:

            def expire(app: WSGIApplication, environ: WSGIEnvironment, world: World = world) -> Response:
                world.salesforce.expire_sessions()
                return ask(app, environ)

            world.salesforce_faults.add(Fault("expire", expire), after=call, times=1)
            world.run_once()
            assert world.salesforce.sign_ins == 2
            assert world.named("salesforce.failing") == []
            expect_each_exactly_once(world)


@pytest.mark.parametrize(("side", "body"), [("magento", MAGENTO_401), ("salesforce", SALESFORCE_401)])
def test_a_sign_in_that_is_refused_for_ever_pauses_the_side_and_goes_on_when_it_is_mended(
    tmp_path: Path, side: str, body: bytes
) -> None:
    with made(tmp_path, "refused") as world:
        path = "/rest/" if side == "magento" else "/services/data/"
        plan = faults_of(world, side).add(status(401, body, JSON), path=path, times=None)
        for _ in range(3):
            with world.work() as work:
                run_once(work)
                assert work.failure is None or work.failure.exit_code == 78
        assert plan.hits <= 2, "a side that waits for a person is not tried at every pass"
        assert len(world.named(f"{side}.failing")) == 1
        faults_of(world, side).clear()
        expect_done_within_three_passes(world)
        assert len(world.named(f"{side}.recovered")) == 1
