"""A call without an answer may still be carried out, over a newer version, whatever is forgotten meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from daemon.sandbox.faults import Fault, garble, late_commit, status
from daemon.scheduler import run_once
from daemon.sync import Process
from state.store import Store
from tests.acceptance.process import wait_until
from tests.integration.checks import assert_equal, change, record, texts
from tests.world import World

GRAPH = "composite/graph"
ITEM, NOTE = "Magento_Invoice_Item__c", "ContentNote"


def status_of(world: World, entity_id: int) -> str:
    found = record(world, entity_id)
    assert found is not None
    return str(found["Status__c"])


def lose(world: World, about: str, meanwhile: Fault | None = None) -> threading.Event:
    """The next call about these gets no answer, or a gateway's, and is carried out when the event says so."""
    moment = threading.Event()
    world.salesforce_faults.add(late_commit(moment, meanwhile), path=GRAPH, body=about)
    return moment


def come_through(world: World, entity_id: int, moment: threading.Event, run: Callable[[], object]) -> None:
    """The older version arrives in Salesforce now, over the newer one; eleven minutes later that is put right."""
    moment.set()
    wait_until(lambda: status_of(world, entity_id) == "Canceled", "the older version comes through")
    world.clock.advance(minutes=11)
    run()
    assert status_of(world, entity_id) == "Open"


def answered_later(world: World, moment: threading.Event, came_through: Callable[[], bool]) -> Fault:
    """Salesforce does what it is told, then the older call comes through, and twenty seconds later it answers."""

    def wait(body: bytes) -> bytes:
        moment.set()
        wait_until(came_through, "the older version comes through")
        world.clock.advance(seconds=20)
        return body

    return garble(wait)


def clear(world: World, work: Process, named: list[int]) -> None:
    work.tools.store.requests.leave("clear", work.tools.now(), named=named)
    run_once(work)


@pytest.mark.parametrize("whole", [True, False], ids=["all", "one"])
def test_a_version_that_comes_through_after_the_state_was_cleared_does_not_stay(world: World, whole: bool) -> None:
    entity_id = world.invoice(state=2)
    with world.work() as work:
        run_once(work)
        change(world, entity_id, state=3)
        moment = lose(world, ITEM)
        run_once(work)
        change(world, entity_id, state=1)
        clear(world, work, [] if whole else [entity_id])
        assert status_of(world, entity_id) == "Open"
        come_through(world, entity_id, moment, partial(run_once, work))
        calls = world.salesforce_calls.count(path=GRAPH)
        world.clock.advance(minutes=11)
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == calls, "once more is enough"
    assert_equal(world)


@pytest.mark.parametrize("whole", [True, False], ids=["all", "one"])
def test_an_edit_that_comes_through_after_the_state_was_cleared_does_not_stay(world: World, whole: bool) -> None:
    entity_id = world.invoice(comment="first")
    (comment,) = world.shop.invoices.row(entity_id)["comments"]
    with world.work() as work:
        run_once(work)
        world.shop.edit_comment(comment["entity_id"], "second")
        moment = lose(world, NOTE)
        work.sync([entity_id])
        world.shop.edit_comment(comment["entity_id"], "third")
        clear(world, work, [] if whole else [entity_id])
        assert texts(world, entity_id) == ["third"]
        moment.set()
        wait_until(lambda: texts(world, entity_id) == ["second"], "the older edit comes through")
        world.clock.advance(minutes=11)
        run_once(work)
    assert texts(world, entity_id) == ["third"]
    assert_equal(world)


def test_a_marked_note_that_comes_through_after_the_state_was_cleared_has_no_second_one(world: World) -> None:
    world.set("salesforce.comment.object", None)
    entity_id = world.invoice(comment="slow")
    moment = lose(world, NOTE)
    with world.work() as work:
        run_once(work)
        clear(world, work, [])
        assert texts(world, entity_id) == [], "none is made while that call may still make it"
        moment.set()
        wait_until(lambda: texts(world, entity_id), "the call comes through")
        world.clock.advance(minutes=11)
        run_once(work)
    assert texts(world, entity_id) == ["slow"]


def test_a_state_of_a_killed_daemon_that_is_cleared_doubts_the_call_that_was_under_way(world: World) -> None:
    entity_id = world.invoice(state=2)
    world.run_once()
    change(world, entity_id, state=3)
    moment = lose(world, ITEM)
    world.run_once()
    with Store(world.state_path, lock=True) as store:  # as kill -9 in the midst of that call leaves it
        store.ledger.write([replace(world.rows()[entity_id], attempts=0, next_attempt_at=None, again_at=None)])
        store.facts.learn("running", "1")
    assert world.command("state", "clear", "--yes").returncode == 0
    change(world, entity_id, state=1)
    world.run_once()
    assert status_of(world, entity_id) == "Open"
    come_through(world, entity_id, moment, world.run_once)
    assert_equal(world)


def test_a_version_that_comes_through_after_its_invoice_had_failed_does_not_stay(world: World) -> None:
    entity_id = world.invoice(state=2)
    with world.work() as work:
        run_once(work)
        change(world, entity_id, state=3)
        moment = lose(world, ITEM)
        run_once(work)
        rule = world.org.add_rule("Magento_Invoice__c", lambda _row: True, "not now")
        world.clock.advance(minutes=1)
        run_once(work)
        assert world.rows()[entity_id].sync_status == "failed"
        rule.remove()
        change(world, entity_id, state=1)
        run_once(work)
        come_through(world, entity_id, moment, partial(run_once, work))
    assert_equal(world)


def test_a_version_that_comes_through_after_somebody_deleted_the_record_does_not_stay(world: World) -> None:
    entity_id = world.invoice(state=2)
    with world.work() as work:
        run_once(work)
        change(world, entity_id, state=3)
        moment = lose(world, ITEM)
        run_once(work)
        found = record(world, entity_id)
        assert found is not None
        world.org.delete("Magento_Invoice__c", str(found["Id"]))
        world.shop.add_comment(entity_id, "its note finds the record gone")
        change(world, entity_id, state=1)
        world.clock.advance(seconds=2)
        run_once(work)
        assert world.named("invoice.deleted")
        assert status_of(world, entity_id) == "Open"
        come_through(world, entity_id, moment, partial(run_once, work))
    assert_equal(world)


@pytest.mark.parametrize("how", ["an old copy is put back", "it is lost"])
def test_a_version_that_comes_through_after_the_state_became_another_does_not_stay(world: World, how: str) -> None:
    entity_id = world.invoice(state=2)
    world.run_once()
    copy = world.state_path.read_bytes()
    change(world, entity_id, state=3)
    moment = lose(world, ITEM)
    world.run_once()
    world.state_path.unlink()
    if how != "it is lost":
        world.state_path.write_bytes(copy)
    change(world, entity_id, state=1)
    world.run_once()
    assert status_of(world, entity_id) == "Open"
    come_through(world, entity_id, moment, world.run_once)
    calls = world.salesforce_calls.count(path=GRAPH)
    world.clock.advance(minutes=11)
    world.run_once()
    assert world.salesforce_calls.count(path=GRAPH) == calls, "once more is enough"
    assert_equal(world)


def test_what_was_changed_and_changed_back_since_an_old_copy_of_the_state_was_made_is_sent(world: World) -> None:
    entity_id = world.invoice(state=2, comment="as it was")
    (comment,) = world.shop.invoices.row(entity_id)["comments"]
    world.run_once()
    copy = world.state_path.read_bytes()
    change(world, entity_id, state=3)
    world.shop.edit_comment(comment["entity_id"], "edited")
    world.run_once()
    assert (status_of(world, entity_id), texts(world, entity_id)) == ("Canceled", ["edited"])
    world.state_path.write_bytes(copy)
    change(world, entity_id, state=2)
    world.shop.edit_comment(comment["entity_id"], "as it was")
    world.run_once()
    assert (status_of(world, entity_id), texts(world, entity_id)) == ("Paid", ["as it was"])
    assert_equal(world)


def test_an_invoice_that_comes_to_be_there_after_the_state_was_lost_is_not_taken_for_skipped(world: World) -> None:
    entity_id = world.invoice(state=2)
    moment = lose(world, ITEM)
    world.run_once()
    world.state_path.unlink()
    world.set("invoices.skip.states", ["canceled"])
    change(world, entity_id, state=3)
    world.run_once()
    assert world.rows()[entity_id].sync_status == "skipped"
    moment.set()
    wait_until(lambda: record(world, entity_id) is not None, "the older version comes through")
    world.clock.advance(minutes=11)
    world.run_once()
    assert status_of(world, entity_id) == "Canceled", "what is there follows Magento, whatever rule skips it"


def test_a_daemon_that_goes_on_with_its_own_state_doubts_nothing(world: World) -> None:
    world.invoice(comment="once")
    world.run_once()
    world.invoice(comment="once too")
    world.run_once()
    calls = world.salesforce_calls.count(path=GRAPH)
    world.clock.advance(minutes=11)
    world.run_once()
    assert world.salesforce_calls.count(path=GRAPH) == calls


class Said:
    """What Magento says and what Salesforce holds of an invoice, or of its comment: it is the first or the second."""

    def __init__(self, world: World, about: str) -> None:
        self._world = world
        self._invoice = about == "invoice"
        self.entity_id = world.invoice(state=1, comment="first")
        (self._comment,) = world.shop.invoices.row(self.entity_id)["comments"]
        self.part = ITEM if self._invoice else NOTE
        self.object = "Magento_Invoice__c" if self._invoice else "Magento_Invoice_Comment__c"

    def say(self, which: str) -> None:
        if self._invoice:
            change(self._world, self.entity_id, state={"first": 1, "second": 3}[which])
        else:
            self._world.shop.edit_comment(self._comment["entity_id"], which)

    def held(self) -> str:
        if self._invoice:
            return {"Open": "first", "Canceled": "second"}[status_of(self._world, self.entity_id)]
        (text,) = texts(self._world, self.entity_id)
        return text


@pytest.mark.parametrize("about", ["invoice", "comment"])
def test_a_version_that_came_through_does_not_stay_because_what_puts_it_right_was_refused(
    world: World, about: str
) -> None:
    said = Said(world, about)
    with world.work() as work:
        run_once(work)
        said.say("second")
        moment = lose(world, said.part)
        work.sync([said.entity_id])
        said.say("first")
        work.sync([said.entity_id])
        moment.set()
        wait_until(lambda: said.held() == "second", "the older version comes through")
        rule = world.org.add_rule(said.object, lambda _row: True, "not now")
        world.clock.advance(minutes=11)
        run_once(work)
        assert world.named("invoice.failed" if about == "invoice" else "note.failed")
        rule.remove()
        world.clock.advance(hours=25)
        run_once(work)
        assert said.held() == "first"
    assert_equal(world)


@pytest.mark.parametrize("about", ["invoice", "comment"])
def test_a_call_that_is_answered_when_the_doubt_is_over_was_carried_out_before(world: World, about: str) -> None:
    said = Said(world, about)
    with world.work() as work:
        run_once(work)
        said.say("second")
        moment = lose(world, said.part)
        work.sync([said.entity_id])
        said.say("first")
        world.clock.advance(minutes=9, seconds=50)

        late = answered_later(world, moment, lambda: said.held() == "second")
        world.salesforce_faults.add(late, path=GRAPH, body=said.part, times=1)
        work.sync([said.entity_id])
        assert said.held() == "second"
        run_once(work)
        assert said.held() == "first"
    assert_equal(world)


def test_a_marked_note_that_comes_through_while_it_is_asked_for_has_no_second_one(world: World) -> None:
    """Salesforce looked before it came through, and answers when no call of before runs any more."""
    world.set("salesforce.comment.object", None)
    entity_id = world.invoice(comment="slow")
    moment = lose(world, NOTE)
    with world.work() as work:
        run_once(work)
        clear(world, work, [])
        world.clock.advance(minutes=9, seconds=50)
        world.salesforce_faults.add(
            answered_later(world, moment, lambda: texts(world, entity_id) == ["slow"]), path="query", times=1
        )
        work.sync([entity_id])
        world.clock.advance(minutes=1)
        run_once(work)
    assert texts(world, entity_id) == ["slow"]


def test_an_invoice_that_comes_to_be_there_while_it_is_asked_for_is_not_taken_for_skipped(world: World) -> None:
    entity_id = world.invoice(state=2)
    moment = lose(world, ITEM)
    world.run_once()
    world.set("invoices.skip.states", ["canceled"])
    change(world, entity_id, state=3)
    world.clock.advance(minutes=9, seconds=50)
    late = answered_later(world, moment, lambda: record(world, entity_id) is not None)
    with world.work() as work:
        world.salesforce_faults.add(late, path="query", times=1)
        clear(world, work, [])
        world.clock.advance(minutes=1)
        run_once(work)
    assert status_of(world, entity_id) == "Canceled", "what is there follows Magento, whatever rule skips it"


GATEWAYS = {
    "504": status(504, b"<html><body>upstream request timeout</body></html>"),
    "502": status(502, b""),
    "503": status(503, b"<html><body>maintenance</body></html>", headers=[("Retry-After", "20")]),
}


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("about", ["invoice", "comment"])
def test_a_call_that_a_gateway_gave_up_waiting_for_may_be_carried_out_all_the_same(
    world: World, about: str, gateway: str
) -> None:
    said = Said(world, about)
    with world.work() as work:
        run_once(work)
        said.say("second")
        moment = lose(world, said.part, GATEWAYS[gateway])
        work.sync([said.entity_id])
        said.say("first")
        world.clock.advance(minutes=1)
        run_once(work)
        moment.set()
        wait_until(lambda: said.held() == "second", "the older version comes through")
        world.clock.advance(minutes=11)
        run_once(work)
        assert said.held() == "first"
    assert_equal(world)


def test_a_marked_note_that_a_gateway_gave_up_waiting_for_has_no_second_one(world: World) -> None:
    world.set("salesforce.comment.object", None)
    entity_id = world.invoice(comment="slow")
    moment = lose(world, NOTE, GATEWAYS["504"])
    with world.work() as work:
        run_once(work)
        world.clock.advance(minutes=2)
        run_once(work)
        assert texts(world, entity_id) == [], "none is made while that call may still make it"
        moment.set()
        wait_until(lambda: texts(world, entity_id), "the call comes through")
        world.clock.advance(minutes=11)
        run_once(work)
    assert texts(world, entity_id) == ["slow"]
