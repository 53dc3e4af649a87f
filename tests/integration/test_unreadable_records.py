"""Invoices and orders that Magento cannot show, in every way in which it says so, stop nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from daemon.sandbox.faults import Fault, big, drop, garble, hang, holding, longer_than, reset, status, truncate
from daemon.scheduler import Beat, StopRequest, run_once
from tests.faults import case
from tests.integration.checks import assert_balanced, change, state_of
from tests.integration.test_discovery import invoices_asked_for, size_of, with_body
from tests.promises import assert_promises
from tests.world import World

JSON = "application/json"
PHP = b"<br />\n<b>Warning</b>:  Undefined array key 1 in <b>/var/www/x.php</b> on line <b>7</b><br />\n"
MISSING = b'{"message":"The entity that was requested doesn\\u0027t exist. Verify the entity and try again."}'


def extra(text: bytes) -> Callable[[bytes], bytes]:
    """The list with this value in its first record."""
    return lambda body: body.replace(b'"entity_id":', b'"x":' + text + b',"entity_id":', 1)


def as_text(answer: dict[str, Any]) -> None:
    answer["items"][-1]["entity_id"] = str(answer["items"][-1]["entity_id"])


WAYS: dict[str, Fault] = {
    "500": status(500, b'{"message":"Internal Error. Report ID: webapi-1"}', JSON),
    "fatal": status(500, b'{"messages":{"error":[{"code":500,"message":"Server internal error."}]}}', JSON),
    "404": status(404, MISSING, JSON),
    "400": status(400, b'{"message":"Invalid type for value"}', JSON),
    "403": status(403, b"<html>blocked</html>"),
    "502": status(502, b"<html>Bad Gateway</html>"),
    "503": status(503, b"<html>Service Unavailable</html>"),
    "504": status(504, b"<html>Gateway Time-out</html>"),
    "empty": status(200, b"", JSON),
    "only a message": status(200, b'{"message":"Something went wrong."}', JSON),
    "cut": garble(lambda body: body[:-30]),
    "truncated": truncate(0.5),
    "NaN": garble(extra(b"NaN")),
    "invalid UTF-8": garble(extra(b'"\xff\xfe"')),
    "a PHP warning": garble(lambda body: PHP + body),
    "150 levels": garble(extra(b"[" * 150 + b"]" * 150)),
    "5,000 digits": garble(extra(b"7" * 5000)),
    "an id as text": with_body(as_text),
    "too large": big(65_000_000),
    "reset": reset(),
    "closed": drop(),
}
SLOW = hang(60)


def failed_in(world: World) -> set[int]:
    return {key for key, row in world.rows().items() if row.sync_status == "failed"}


@pytest.mark.parametrize(
    "fault",
    [case("Magento: an invoice that cannot be shown, in whatever way", way, id=name) for name, way in WAYS.items()],
)
def test_an_invoice_that_cannot_be_shown_stops_no_other(world: World, fault: Fault) -> None:
    ids = [world.invoice(comment="fine") for _ in range(12)]
    plan = world.magento_faults.add(holding({ids[6]}, fault), path="/invoices", times=None)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == {ids[6]}
        assert "Magento cannot show this invoice" in str(state_of(world, ids[6])[1])
        assert work.left_undone, "run --once says that something failed"
        later = world.invoice()
        run_once(work)
        assert state_of(world, later)[0] == "synced"
        assert_promises(world, failed={ids[6]})
        plan.remove()
        world.clock.advance(hours=25)
        run_once(work)
    assert [event["entity_id"] for event in world.named("invoice.failed")] == [ids[6]], "said once"
    assert_promises(world)


@pytest.mark.parametrize(
    "fault", [case("Magento: an order that cannot be shown", way, id=name) for name, way in WAYS.items()]
)
def test_an_order_that_cannot_be_shown_fails_its_own_invoice_alone(world: World, fault: Fault) -> None:
    ids = [world.invoice() for _ in range(20)]
    order = world.shop.invoices.row(ids[7])["order_id"]
    plan = world.magento_faults.add(holding({order}, fault), path="/orders", times=None)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == {ids[7]}
        reason = str(state_of(world, ids[7])[1])
        assert f"order (entity_id {order})" in reason
        assert "base_url" not in reason
        assert work.failure is None
        assert work.left_undone, "run --once says that something failed"
        assert work.parts.store.sides.get("magento").status == "ok"
        later = world.invoice()
        run_once(work)
        assert state_of(world, later)[0] == "synced"
        assert_promises(world, failed={ids[7]})
        plan.remove()
        world.clock.advance(hours=25)
        run_once(work)
    assert_promises(world)


def test_an_order_that_breaks_later_fails_the_change_and_lets_it_go_when_it_is_whole(world: World) -> None:
    ids = [world.invoice() for _ in range(5)]
    with world.work() as work:
        run_once(work)
        order = world.shop.invoices.row(ids[2])["order_id"]
        plan = world.magento_faults.add(holding({order}, WAYS["500"]), path="/orders", times=None)
        change(world, ids[2], grand_total=99.5)
        run_once(work)
        assert state_of(world, ids[2])[0] == "failed"
        plan.remove()
        change(world, ids[2], grand_total=98.5)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize("resource", ["invoices", "orders"])
def test_one_that_always_takes_too_long_is_found_too(world: World, resource: str) -> None:
    world.set("magento.timeout", 1)
    ids = [world.invoice() for _ in range(6)]
    slow = ids[3] if resource == "invoices" else world.shop.invoices.row(ids[3])["order_id"]
    world.magento_faults.add(holding({slow}, SLOW), path=f"/{resource}", times=None)
    with world.work() as work:
        run_once(work)
    assert failed_in(world) == {ids[3]}
    assert_promises(world, failed={ids[3]})


@pytest.mark.fault("Magento: more at once than it can show")
@pytest.mark.parametrize("resource", ["invoices", "orders"])
@pytest.mark.parametrize("fault", [SLOW, WAYS["503"], WAYS["504"], WAYS["fatal"]], ids=["slow", "503", "504", "memory"])
def test_lists_that_are_too_long_are_read_in_smaller_ones(world: World, resource: str, fault: Fault) -> None:
    """A PHP that runs out of memory says the same as one bad record; smaller lists tell the two apart."""
    world.set("magento.timeout", 1)
    ids = [world.invoice() for _ in range(40)]
    world.magento_faults.add(longer_than(12, fault), path=f"/{resource}", times=None)
    with world.work() as work:
        run_once(work)
    assert set(world.rows()) == set(ids)
    assert failed_in(world) == set()
    assert_promises(world)


def test_a_slow_magento_is_read_at_the_size_that_it_can_and_an_empty_poll_changes_nothing(world: World) -> None:
    """The livelock: a backfill halves its pages, and each poll that finds nothing doubles them again."""
    world.set("magento.timeout", 1)
    ids = world.shop.seed(120, items=1, comments=0)
    world.magento_faults.add(longer_than(60, SLOW), path="/invoices", times=None)
    with world.work() as work:
        work.sweeps = False
        beat = Beat(work, StopRequest())
        beat.poll()
        for _ in range(3):
            world.clock.advance(minutes=2)
            beat.poll()
        assert set(world.rows()) == set(ids)
        work.parts.store.forget_reading()
        beat.poll()
    sizes = [size_of(query) for query in invoices_asked_for(world) if "updated_at" not in query and "gt&" in query]
    assert sizes == [100, 50, 50, 50, 50, 50, 50], sizes


def test_the_size_is_known_to_the_next_process(world: World) -> None:
    world.set("magento.timeout", 1)
    ids = [world.invoice() for _ in range(60)]
    world.magento_faults.add(longer_than(30, SLOW), path="/invoices", times=None)
    world.run_once()
    world.magento_calls.clear()
    world.shop.seed(40)
    with world.work() as work:
        work.parts.store.forget_reading()
        run_once(work)
    sizes = [size_of(query) for query in invoices_asked_for(world)]
    assert max(sizes) <= 30, sizes
    assert set(ids) < set(world.rows())


@pytest.mark.fault("Magento: hundreds of such invoices")
def test_many_unreadable_invoices_neither_stop_the_rest_nor_make_a_url_too_long(world: World) -> None:
    ids = world.shop.seed(600, items=1, comments=0)
    bad = set(ids[100:400:2]) | set(ids[420:590])
    for entity_id in bad:
        world.shop.corrupt(entity_id)
    with world.work() as work:
        run_once(work)
        assert failed_in(world) == bad
        fresh = world.invoice()
        run_once(work)
        assert state_of(world, fresh)[0] == "synced"
        assert max(len(query) for query in invoices_asked_for(world)) < 6000
        world.clock.advance(hours=25)
        world.magento_calls.clear()
        run_once(work)
        assert len(world.magento_calls) < 150, "tried some at a time"
        assert_balanced(world)
    assert_promises(world, failed=bad)


def test_a_byte_order_mark_before_the_list_is_no_fault(world: World) -> None:
    entity_id = world.invoice()
    world.magento_faults.add(garble(lambda body: b"\xef\xbb\xbf" + body), times=None)
    world.run_once()
    assert state_of(world, entity_id)[0] == "synced"
    assert_promises(world)
