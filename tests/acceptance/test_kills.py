"""kill -9 of the real process, again and again: no loss, no double, no orphan."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import TYPE_CHECKING

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault, Faults
from daemon.sandbox.faults.answers import ask, compress
from state.store import Store
from tests.acceptance.process import Processes, Running, is_pending, wait_until
from tests.promises import assert_promises
from tests.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

INVOICES = 300
AT_RANDOM = 14
BETWEEN_ANSWER_AND_COMMIT = 6
LONGEST_LIFE = 3.0
SEED = int(os.environ.get("INVOICE_SYNC_SEED", "20261122"))


def killing_after_the_answer(process: Running) -> Fault:
    """Let Salesforce or Magento answer in full, and kill the process while it reads what came."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        whole = compress(ask(app, environ), environ)
        body = whole.get_data()

        def last_words() -> Iterator[bytes]:
            yield body
            os.kill(process.pid, signal.SIGKILL)

        whole.response = last_words()
        whole.headers["Content-Length"] = str(len(body))
        return whole

    return Fault("kill after the answer", answer)


def killing_before_the_answer(process: Running) -> Fault:
    """Let the call be carried out, and kill the process before it hears so."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        os.kill(process.pid, signal.SIGKILL)
        return response

    return Fault("kill before the answer", answer)


def slow_down(world: World) -> None:
    """So slow that one pass over 300 invoices takes more than ten seconds."""
    world.magento.seconds_per_call = 0.15
    world.salesforce.seconds_per_record = 0.005


def calls_of(world: World) -> int:
    return len(world.magento_calls) + len(world.salesforce_calls)


def has_called(world: World, calls: int, process: Running) -> bool:
    """Whether there were more calls than these, or will be none."""
    return calls_of(world) > calls or process.process.poll() is not None


def unremembered(world: World) -> int:
    """How many records Salesforce has committed whose outcome the state does not hold."""
    with Store(world.state_path, lock=False) as store:
        known = store.ledger.counts().get("synced", 0) + store.notes.counts().get("synced", 0)
    return len(world.org.records("Magento_Invoice__c")) + len(world.org.records("Magento_Invoice_Comment__c")) - known


def finish(world: World, *, seconds: float = 120.0) -> None:
    """``run --once`` until nothing is owed; what still ran when its process died is waited for."""
    until = time.monotonic() + seconds
    while True:
        done = world.command("run", "--once")
        assert done.returncode in {0, 3}, done.stderr
        if not is_pending(world):
            return
        assert time.monotonic() < until, f"still owed after {seconds:g} s: {done.stderr}"
        with Store(world.state_path, lock=False) as store:
            waits = [
                row["next_attempt_at"]
                for table in ("ledger", "notes")
                for row in store.db.query(f"SELECT next_attempt_at FROM {table} WHERE sync_status = 'pending'")
                if row["next_attempt_at"] is not None
            ]
        due = max((datetime.fromisoformat(wait) for wait in waits), default=datetime.now(UTC))
        wait_until(partial(is_past, due), "the next attempt", seconds=60)


def is_past(due: datetime) -> bool:
    return datetime.now(UTC) >= due


def expect_each_exactly_once(world: World, invoices: int) -> None:
    """Everything in Salesforce, each record created once, and nothing left to send."""
    assert_promises(world)
    shown = world.wire_invoices()
    comments = sum(len(invoice["comments"]) for invoice in shown)
    created = world.org.created
    assert created["Magento_Invoice__c"] == len(shown) == invoices
    assert created["Magento_Invoice_Item__c"] == sum(len(invoice["items"]) for invoice in shown)
    assert created["Magento_Invoice_Comment__c"] == comments
    assert created["ContentNote"] == comments, "each comment became a note once, whoever was killed"
    assert created["ContentDocumentLink"] == comments
    assert world.org.orphan_notes() == []
    with Store(world.state_path, lock=False) as store:
        assert store.ledger.counts() == {"synced": invoices}
        assert set(store.notes.counts()) <= {"synced"}
        assert sum(store.notes.counts().values()) == comments
    world.salesforce_calls.clear()
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(world.salesforce_calls) == 0, "a further pass sends nothing"


@pytest.mark.fault("kill -9 at any moment")
@pytest.mark.timeout(300)
def test_twenty_kills_in_one_pass_lose_nothing_double_nothing_and_leave_no_orphan(
    world: World, processes: Processes
) -> None:
    random = Random(SEED)
    print(f"seed {SEED}")
    world.shop.seed(INVOICES, items=3, comments=1.5, rng=random)
    slow_down(world)
    plan = ["random"] * AT_RANDOM + ["answered"] * BETWEEN_ANSWER_AND_COMMIT
    random.shuffle(plan)
    answered = 0
    for number, kind in enumerate(plan):
        calls = calls_of(world)
        process = processes.start("run") if random.random() < 0.5 else processes.start("run", "--once")
        if kind == "random":
            life = random.uniform(0, LONGEST_LIFE)
            wait_until(partial(has_called, world, calls, process), "a call")
            time.sleep(life)  # the random moment itself
            ended_by_itself = process.process.poll() is not None
            process.kill()
        else:
            skip = random.choice((0, 0, 1))
            graphs = world.salesforce_faults.add(
                killing_after_the_answer(process), path="composite/graph", after=skip, times=1
            )
            ended_by_itself = process.ended() != -signal.SIGKILL
            answered += graphs.hits == 1 and unremembered(world) > 0
            graphs.remove()
        assert not ended_by_itself, f"the pass was over before kill {number + 1}: {process.events[-3:]} {process.text}"
    print(f"{len(plan)} kills, {answered} of them between an answer of Salesforce and its commit")
    assert answered >= 5
    world.magento.seconds_per_call = world.salesforce.seconds_per_record = 0
    finish(world)
    expect_each_exactly_once(world, INVOICES)


@pytest.mark.timeout(120)
def test_the_pass_that_is_killed_would_take_ten_seconds(world: World, processes: Processes) -> None:
    world.shop.seed(INVOICES, items=3, comments=1.5, rng=Random(SEED))
    slow_down(world)
    begun = time.monotonic()
    process = processes.start("run", "--once")
    assert process.ended(seconds=100) == 0, process.named("pass.finished")
    seconds = time.monotonic() - begun
    print(f"one uninterrupted pass over {INVOICES} invoices: {seconds:.1f} s")
    assert seconds >= 10
    assert world.compared().equal, str(world.compared())


@pytest.mark.fault("kill -9 at any moment")
@pytest.mark.timeout(240)
@pytest.mark.parametrize("moment", ["before the answer", "after the answer"])
def test_killed_at_each_call_in_turn_everything_arrives_once(world: World, processes: Processes, moment: str) -> None:
    """One process a call: the first dies at its call 1, the next at its call 2, until one gets through on each side."""
    killing = killing_before_the_answer if moment == "before the answer" else killing_after_the_answer
    world.set("magento.page_size", 4)
    invoices, kills = 0, 0
    for side in ("magento", "salesforce"):
        faults: Faults = getattr(world, f"{side}_faults")
        for call in range(50):
            for _ in range(3):
                invoices += 1
                world.invoice(comment=f"comment of {invoices}")
            process = processes.start("run", "--once")
            faults.add(killing(process), after=call, times=1)
            if process.ended() != -signal.SIGKILL:
                break
            kills += 1
        faults.clear()
    print(f"{kills} kills")
    assert kills >= 8
    finish(world)
    expect_each_exactly_once(world, invoices)
