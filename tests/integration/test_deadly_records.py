"""A record that its call always dies of delays no other: an invoice, a note, several of them, in every way to die."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle, dropwhile

import pytest

from daemon.sandbox.faults import Fault, drop, garble, hang, lost, reset, status, truncate
from daemon.scheduler import run_once
from daemon.sync import Process
from tests.integration.checks import assert_balanced, note_rows, state_of, texts
from tests.integration.test_delivery import GRAPH, refusal
from tests.promises import assert_promises
from tests.world import World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover

COUNT, PASSES = 40, 10
WAYS = {
    "cut": drop(),
    "reset": reset(),
    "cut short": truncate(0.4),
    "500": status(500),
    "500 with a code": refusal("UNKNOWN_EXCEPTION", "Unexpected. ErrorId: 12-34 (-5)", 500),
    "502": status(502),
    "503": status(503),
    "rubbish": garble(lambda _: b"{}"),
}
PLACES = {"lowest": (0, 1, 2), "in the middle": (17, 3, 30), "highest": (39, 38, 37)}


def in_turn(ways: Iterable[str], *, first: str = "lowest") -> list[tuple[str, str]]:
    """Return each way with one place, and each place in turn: no code looks at both."""
    places = dropwhile(lambda place: place != first, cycle(PLACES))
    return list(zip(ways, places, strict=False))


def kill_calls(world: World, fault: Fault, external_ids: list[str]) -> None:
    """Let every call that carries one of these die; an invoice's name is part of its notes' calls too."""
    named = "|".join(external_ids)
    world.salesforce_faults.add(fault, path=GRAPH, body=rf"\b({named})\b", times=None)


def passes(world: World, work: Process, *, until: Callable[[], bool], most: int = PASSES) -> int:
    """Run passes a quarter of an hour apart until it is so; return how many that took."""
    for number in range(1, most + 1):
        run_once(work)
        if until():
            return number
        world.clock.advance(minutes=16)
    raise AssertionError(f"not after {most} passes")


def synced(world: World) -> set[int]:
    return {key for key, row in world.rows().items() if row.sync_status == "synced"}


@pytest.mark.fault("Salesforce: an invoice that its calls always die of")
@pytest.mark.parametrize(("way", "place"), in_turn(WAYS))
def test_an_invoice_that_its_calls_die_of_delays_no_other(world: World, way: str, place: str) -> None:
    ids = [world.invoice() for _ in range(COUNT)]
    deadly = ids[PLACES[place][0]]
    kill_calls(world, WAYS[way], [f"main-{deadly}"])
    with world.work() as work:
        passes(world, work, until=lambda: synced(world) == set(ids) - {deadly})
        assert state_of(world, deadly)[0] == "pending"
        fresh = world.invoice()
        world.clock.advance(seconds=61)
        run_once(work)
        assert state_of(world, fresh)[0] == "synced", "what is new goes before it"
        world.salesforce_faults.clear()
        world.clock.advance(minutes=16)
        run_once(work)
        world.clock.advance(minutes=16)  # what had no answer goes once more
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Salesforce: a comment that its calls always die of")
@pytest.mark.parametrize(
    ("kind", "way", "place"),
    [("records", *each) for each in in_turn(WAYS)] + [("marked", *each) for each in in_turn(WAYS, first="highest")],
)
def test_a_comment_that_its_calls_die_of_delays_no_other(world: World, kind: str, way: str, place: str) -> None:
    if kind == "marked":
        world.set("salesforce.comment.object", None)
    ids = [world.invoice(comment="said") for _ in range(COUNT)]
    deadly = ids[PLACES[place][0]]
    (comment,) = world.shop.invoices.row(deadly)["comments"]
    world.shop.add_comment(deadly, "its neighbour")
    kill_calls(world, WAYS[way], [f"main-comment-{comment['entity_id']}"])

    def all_others() -> bool:
        rows = note_rows(world, *ids)
        return {row.comment_id for row in rows if row.sync_status != "synced"} <= {comment["entity_id"]}

    with world.work() as work:
        passes(world, work, until=all_others)
        assert "its neighbour" in texts(world, deadly)
        fresh = world.invoice(comment="fresh")
        world.clock.advance(seconds=61)
        run_once(work)
        assert texts(world, fresh) == ["fresh"], "what is new goes before it"
        world.salesforce_faults.clear()
        world.clock.advance(minutes=16)
        run_once(work)
        world.clock.advance(minutes=16)
        run_once(work)
    assert sorted(texts(world, deadly)) == ["its neighbour", "said"]
    assert_balanced(world)
    if kind == "records":
        assert_promises(world)


@pytest.mark.fault("Salesforce: several such records")
@pytest.mark.parametrize(("way", "place"), in_turn(["cut", "500", "502", "lost"]))
def test_several_deadly_invoices_delay_no_other(world: World, way: str, place: str) -> None:
    ids = [world.invoice() for _ in range(COUNT)]
    deadly = {ids[each] for each in PLACES[place]}
    kill_calls(world, {**WAYS, "lost": lost()}[way], [f"main-{each}" for each in sorted(deadly)])
    with world.work() as work:
        taken = passes(world, work, until=lambda: synced(world) == set(ids) - deadly, most=2 * PASSES)
        for _ in range(3):
            world.clock.advance(minutes=16)
            calls = world.salesforce_calls.count(path=GRAPH)
            run_once(work)
            assert world.salesforce_calls.count(path=GRAPH) <= calls + len(deadly)
    assert taken <= 2 * PASSES


@pytest.mark.fault("Salesforce: several such records")
@pytest.mark.parametrize(("way", "place"), in_turn(["cut", "500"], first="highest"))
def test_several_deadly_comments_delay_no_other(world: World, way: str, place: str) -> None:
    ids = [world.invoice(comment="said") for _ in range(COUNT)]
    deadly = {ids[each] for each in PLACES[place]}
    comments = [world.shop.invoices.row(each)["comments"][0]["entity_id"] for each in sorted(deadly)]
    kill_calls(world, WAYS[way], [f"main-comment-{each}" for each in comments])
    with world.work() as work:
        passes(
            world,
            work,
            until=lambda: [r.comment_id for r in note_rows(world, *ids) if r.sync_status != "synced"] == comments,
            most=2 * PASSES,
        )


def test_an_answer_that_always_takes_too_long_takes_no_more_of_a_pass_than_two_of_them(world: World) -> None:
    world.set("salesforce.timeout", 1)
    world.run_once()
    ids = [world.invoice() for _ in range(COUNT)]
    deadly = ids[:3]
    kill_calls(world, hang(30), [f"main-{each}" for each in deadly])
    with world.work() as work:
        passes(world, work, until=lambda: synced(world) == set(ids) - set(deadly), most=2 * PASSES)


@pytest.mark.fault("Salesforce: a query that always fails about one")
def test_a_query_that_always_fails_about_one_comment_delays_no_other(world: World) -> None:
    world.set("salesforce.comment.object", None)
    ids = [world.invoice(comment="said") for _ in range(10)]
    world.set("invoices.synchronize_notes", False)
    with world.work() as work:
        run_once(work)
        known = world.rows()[ids[0]].salesforce_id
        world.salesforce_faults.add(status(500), path=rf"ContentDocumentLink.*{known}", times=None)
        world.set("invoices.synchronize_notes", True)
        work.sync(ids)
        passes(world, work, until=lambda: [e for e in ids if not texts(world, e)] == [ids[0]])


def test_a_manual_sync_goes_on_after_a_call_that_died(world: World) -> None:
    ids = [world.invoice() for _ in range(160)]
    world.set("invoices.enable_automatic_synchronization", False)
    world.run_once()
    kill_calls(world, drop(), [f"main-{ids[3]}"])
    with world.work() as work:
        work.sync([], ids)
        assert len(synced(world)) == 160 - 75
        assert work.failure is None
    assert len([row for row in world.rows().values() if row.asked]) == 75


@pytest.mark.parametrize(
    ("fault", "first", "later"),
    [(drop(), 2, 1), (status(503), 2, 1), (status(503, headers=[("Retry-After", "5")]), 1, 1)],
    ids=["cut", "503", "503 that names a time"],
)
def test_a_side_that_is_down_costs_two_calls_and_then_one_a_pass(
    world: World, fault: Fault, first: int, later: int
) -> None:
    world.run_once()
    for _ in range(300):
        world.shop.submit_invoice(world.shop.place_order(items=[("A", "A", 1, 1.0)])["entity_id"])
    world.salesforce_faults.add(fault, path=GRAPH, times=None)
    with world.work() as work:
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == first
        assert work.failure is not None
        assert work.failure.exit_code == 75
        for _ in range(3):
            world.clock.advance(seconds=61)
            calls = world.salesforce_calls.count(path=GRAPH)
            run_once(work)
            assert world.salesforce_calls.count(path=GRAPH) == calls + later
        assert len(world.named("salesforce.failing")) == 1
        world.salesforce_faults.clear()
        for _ in range(3):
            world.clock.advance(minutes=16)
            run_once(work)
    assert_promises(world)
