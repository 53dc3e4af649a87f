"""How Magento is read, over real HTTP: whatever it shows, hides or breaks, nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault, drop, garble, status, truncate
from daemon.sandbox.faults.answers import ask
from daemon.sandbox.magento.http.options import INVOICES, ORDERS
from daemon.scheduler import Beat, StopRequest, run_once
from daemon.sync import Process
from state.kinds import ScanKind
from state.scans import Scan
from tests.integration.checks import assert_balanced, assert_equal, change, note_rows, record, state_of, texts
from tests.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


def checkpoint(work: Process) -> datetime:
    found = work.tools.store.checkpoints.current()
    assert found is not None
    return found


def scan_of(work: Process, kind: ScanKind) -> Scan | None:
    return work.tools.store.scans.open(kind)


def stamp(world: World, entity_id: int, name: str = "updated_at") -> datetime:
    text = world.shop.invoices.row(entity_id)[name]
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def remove(world: World, entity_id: int) -> None:
    """The invoice is gone from Magento's database."""
    with world.shop.lock:
        world.shop.invoices.remove(entity_id)


def invoices_asked_for(world: World) -> list[str]:
    return [call.query for call in world.magento_calls.matching(path="/invoices")]


def size_of(query: str) -> int:
    return int(query.split("[pageSize]=")[1].split("&", maxsplit=1)[0])


# Backfill and polls


def test_new_invoices_arrive_while_a_backfill_is_under_way(world: World) -> None:
    world.set("magento.page_size", 5)
    old = world.shop.seed(23, rng=Random(3), seconds_apart=3600)
    with world.work() as work:
        work.poll()
        began_at = checkpoint(work)
        assert set(world.rows()) == set(old[:5])
        new = []
        for page in range(1, 4):
            world.clock.advance(seconds=30)
            new.append(world.invoice(comment=f"while page {page} waits"))
            work.poll()
            assert state_of(world, new[-1]) == ("synced", None)
            work.next_pass(lambda: False)
            backfill = scan_of(work, "backfill")
            assert backfill is None or backfill.began_at == began_at
        run_once(work)
        assert scan_of(work, "backfill") is None
    assert set(world.rows()) == {*old, *new}
    assert_equal(world)


def test_a_backfill_that_is_cut_off_goes_on_where_its_last_page_was_committed(world: World) -> None:
    world.set("magento.page_size", 5)
    world.set("invoices.created_from", "2020-01-01")
    world.shop.seed(23, rng=Random(3), seconds_apart=3600)
    world.magento_faults.add(drop(), path=r"/invoices\?", after=2, times=None)
    with world.work() as work:
        run_once(work)
        before, began_at = scan_of(work, "backfill"), checkpoint(work)
    assert before is not None
    assert len(world.rows()) == 10
    world.magento_faults.clear()
    world.clock.advance(hours=2)
    world.magento_calls.clear()
    with world.work(seed=2) as work:
        assert scan_of(work, "backfill") == before
        assert before.began_at == began_at
        run_once(work)
        assert scan_of(work, "backfill") is None
        assert checkpoint(work) == began_at, "a backfill's end moves nothing: what came later is a poll's to find"
    backfilled = [query for query in invoices_asked_for(world) if "created_at" in query and "updated_at" not in query]
    assert f"[value]={before.after_id}&" in backfilled[0]
    assert all("[value]=2020-01-01 00:00:00" in query for query in backfilled)
    assert_equal(world)


def test_a_poll_that_is_cut_off_goes_on_with_its_own_since_and_ends_at_its_own_clock(world: World) -> None:
    world.set("magento.page_size", 5)
    with world.work() as work:
        run_once(work)
    ids = [world.invoice() for _ in range(12)]
    world.magento_faults.add(drop(), path=r"/invoices\?", after=2, times=None)
    with world.work() as work:
        run_once(work)
        cut, before = scan_of(work, "poll"), checkpoint(work)
    assert cut is not None
    assert (cut.after_id, cut.since) == (ids[9], before - timedelta(minutes=10))
    world.magento_faults.clear()
    world.clock.advance(hours=1)
    later = world.invoice()
    with world.work(seed=2) as work:
        world.magento_calls.clear()
        run_once(work)
        assert scan_of(work, "poll") is None
        since = f"{cut.since:%Y-%m-%d %H:%M:%S}"
        assert all(since in query for query in invoices_asked_for(world) if "gteq" in query)
        assert cut.began_at is not None
        assert checkpoint(work) == max(before, min(stamp(world, later), cut.began_at))
        run_once(work)
    assert_equal(world)


def test_the_checkpoint_is_the_newest_stamp_seen_and_no_later_than_magentos_clock_at_the_first_answer(
    world: World,
) -> None:
    with world.work() as work:
        run_once(work)
        entity_id = world.invoice()
        world.clock.advance(minutes=5)
        run_once(work)
        assert checkpoint(work) == stamp(world, entity_id)
        for _ in range(3):
            world.clock.advance(minutes=30)
            run_once(work)
        assert checkpoint(work) == stamp(world, entity_id), "a poll that sees nothing moves nothing"


def test_the_checkpoint_never_moves_back(world: World) -> None:
    with world.work() as work:
        run_once(work)
        first = world.invoice()
        world.clock.advance(minutes=5)
        second = world.invoice()
        run_once(work)
        at = checkpoint(work)
        assert at == stamp(world, second)
        remove(world, second)
        change(world, first, updated_at_of_nobody=1)
        world.shop.edit_invoice(first, updated_at=f"{at - timedelta(minutes=5):%Y-%m-%d %H:%M:%S}")
        run_once(work)
        assert checkpoint(work) == at


def test_a_stamp_in_the_future_is_synced_but_never_becomes_the_checkpoint(world: World) -> None:
    with world.work() as work:
        run_once(work)
        order = world.shop.place_order()
        ahead = world.shop.submit_invoice(order["entity_id"], at="2036-01-01 00:00:00")
        run_once(work)
        assert state_of(world, ahead) == ("synced", None)
        assert checkpoint(work) <= world.clock.now()
        world.clock.advance(minutes=2)
        world.invoice()
        run_once(work)
    assert_equal(world)


def test_a_magento_whose_clock_is_ten_minutes_off_loses_nothing(world: World) -> None:
    for minutes in (-10, 10):
        world.shop.clock = lambda minutes=minutes: world.clock.now() + timedelta(minutes=minutes)  # type: ignore[misc]
        with world.work() as work:
            for _ in range(3):
                world.clock.advance(minutes=1)
                world.invoice()
                run_once(work)
    assert_equal(world)


def test_five_hundred_invoices_of_one_second_all_arrive(world: World) -> None:
    world.set("magento.page_size", 100)
    with world.work() as work:
        run_once(work)
        at = world.shop.now()
        order = world.shop.place_order()
        for _ in range(500):
            world.shop.submit_invoice(order["entity_id"], at=at)
        run_once(work)
    assert len(world.rows()) == 500
    assert_equal(world)


def test_an_invoice_committed_late_within_the_overlap_arrives(world: World) -> None:
    with world.work() as work:
        run_once(work)
        order = world.shop.place_order()
        late = world.shop.submit_invoice(order["entity_id"], committed=False, comment="committed late")
        burnt = world.shop.submit_invoice(order["entity_id"], committed=False)
        world.shop.rollback(burnt)
        higher = world.invoice()
        run_once(work)
        assert set(world.rows()) == {higher}
        world.clock.advance(minutes=5)
        world.invoice()
        run_once(work)
        world.clock.advance(minutes=4)
        world.shop.commit(late)
        run_once(work)
    assert state_of(world, late) == ("synced", None)
    assert_equal(world)


def test_gaps_in_the_ids_end_no_reading(world: World) -> None:
    world.set("magento.page_size", 5)
    ids = []
    for _ in range(20):
        world.shop.numbers.next_id("invoice", 1_000)
        ids.append(world.invoice())
    world.run_once()
    assert set(world.rows()) == set(ids)
    assert_equal(world)


# Which invoice is which


def test_two_stores_with_one_increment_id_are_both_synced_and_neither_misdirected(world: World) -> None:
    first, second = world.invoice(comment="of the first"), world.invoice(comment="of the second")
    number = world.shop.invoices.row(first)["increment_id"]
    world.shop.edit_invoice(second, increment_id=number, store_id=2)
    world.run_once()
    assert texts(world, first) == ["of the first"]
    assert texts(world, second) == ["of the second"]
    assert_equal(world)
    done = world.command("sync", number)
    assert done.returncode == 2
    assert f"--id {first}" in done.stderr
    assert f"--id {second}" in done.stderr


@pytest.mark.parametrize("number", ["2026/11?#'..", "..", "a b\\c", "%2F", "@{invoice.id}"])
def test_strange_invoice_numbers_are_synced_to_their_own_record(world: World, number: str) -> None:
    strange, other = world.invoice(), world.invoice()
    world.shop.edit_invoice(strange, increment_id=number)
    world.run_once()
    assert {state_of(world, key)[0] for key in (strange, other)} == {"synced"}
    found = record(world, strange)
    assert found is not None
    assert str(found["Name"]).replace("\u2060", "") == number
    assert len(world.org.records("Magento_Invoice__c")) == 2
    done = world.command("sync", number)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "fields", [{"increment_id": "900000001"}, {"store_id": 3}, {"created_at": "2019-03-04 05:06:07"}], ids=str
)
def test_another_invoice_under_a_known_id_fails_and_nothing_is_overwritten(
    world: World, fields: dict[str, Any]
) -> None:
    with world.work() as work:
        entity_id, other = world.invoice(comment="the first"), world.invoice()
        run_once(work)
        before = record(world, entity_id)
        change(world, entity_id, grand_total=999, **fields)
        world.shop.add_comment(entity_id, "of the other one")
        run_once(work)
        work.sync([entity_id])
        world.clock.advance(days=1, minutes=1)
        run_once(work)
        status_now, reason = state_of(world, entity_id)
        assert status_now == "failed"
        assert "another invoice under a known id" in str(reason)
        assert record(world, entity_id) == before
        assert texts(world, entity_id) == ["the first"]
        assert state_of(world, other) == ("synced", None)
    assert_balanced(world)


def test_an_owed_invoice_that_is_gone_from_magento_fails_and_is_in_nobodys_way(world: World) -> None:
    with world.work() as work:
        gone, stays = world.invoice(), world.invoice()
        world.org.lock("Magento_Invoice__c", lambda _: True, times=2)
        run_once(work)
        remove(world, gone)
        world.clock.advance(minutes=20)
        run_once(work)
        assert state_of(world, gone) == ("failed", "gone from Magento")
        assert state_of(world, stays) == ("synced", None)
        world.clock.advance(days=1, minutes=1)
        run_once(work)
        assert state_of(world, gone) == ("failed", "gone from Magento")
    assert_balanced(world)


# What is wrong inside a row


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"deeper": value}
    return value


MALFORMED: list[tuple[str, dict[str, Any], str | None]] = [
    ("no created_at", {"created_at": None}, "created_at"),
    ("zero created_at", {"created_at": "0000-00-00 00:00:00"}, "created_at"),
    ("garbled created_at", {"created_at": "yesterday"}, "created_at"),
    ("no updated_at", {"updated_at": None}, None),
    ("zero updated_at", {"updated_at": "0000-00-00 00:00:00"}, None),
    ("unknown state", {"state": 9}, "state is 9"),
    ("no state", {"state": None}, "state"),
    ("state as text", {"state": "2"}, None),
    ("amount as text", {"grand_total": "24.7000"}, None),
    ("amount with an exponent", {"grand_total": "2.47E+1"}, None),
    ("empty amount", {"grand_total": ""}, None),
    ("amount is no number", {"grand_total": "twelve"}, "grand_total"),
    ("amount is a truth value", {"grand_total": True}, "grand_total"),
    ("20 digits", {"grand_total": 12345678901234567890}, "NUMBER_OUTSIDE_VALID_RANGE"),
    ("a number beyond all", {"subtotal": "1E+400"}, "NUMBER_OUTSIDE_VALID_RANGE"),
    ("store_id of 20 digits", {"store_id": 12345678901234567890}, "store_id"),
    ("no number", {"increment_id": None}, "increment_id"),
    ("blank number", {"increment_id": "  "}, "increment_id"),
    ("items null", {"items": None}, None),
    ("items are no list", {"items": {"a": 1}}, "items"),
    ("items of texts", {"items": ["a"]}, "items"),
    ("comments null", {"comments": None}, None),
    ("comments are no list", {"comments": "none"}, "comments"),
    ("two comments with one id", {"comments": [{"entity_id": 1}, {"entity_id": 1}]}, "comments"),
    ("comment is a number", {"comments": [{"entity_id": 1, "comment": 12}]}, "comment"),
    ("unknown things", {"extension_attributes": {"list": [{"a": None}], "deep": nested(20)}}, None),
    ("control characters", {"order_currency_code": "U\x00S\x1bD", "transaction_id": "\ud800"}, None),
]


@pytest.mark.parametrize(
    ("fields", "reason"), [case[1:] for case in MALFORMED], ids=[case[0].replace(" ", "-") for case in MALFORMED]
)
def test_a_malformed_invoice_is_read_where_it_has_a_meaning_else_fails_alone(
    world: World, fields: dict[str, Any], reason: str | None
) -> None:
    before, bad, after = (world.invoice() for _ in range(3))
    good = dict(world.shop.invoices.row(bad))
    world.shop.edit_invoice(bad, **fields)
    with world.work() as work:
        run_once(work)
        assert {state_of(world, key) for key in (before, after)} == {("synced", None)}
        found, why = state_of(world, bad)
        assert found == ("failed" if reason else "synced"), why
        assert (reason or "") in str(why)
        assert_balanced(world)
        world.shop.edit_invoice(bad, **{name: good.get(name) for name in fields})
        change(world, bad, email_sent=1)
        run_once(work)
        assert state_of(world, bad) == ("synced", None), "once it is mended it goes"
    assert_equal(world)


def test_notes_of_an_invoice_that_could_not_be_read_for_a_while_go_as_soon_as_it_is_mended(world: World) -> None:
    with world.work() as work:
        entity_id = world.invoice(comment="first")
        trap = world.org.fail("ContentNote", lambda _: True, "UNABLE_TO_LOCK_ROW", "busy")
        run_once(work)
        assert [note.sync_status for note in note_rows(world, entity_id)] == ["pending"]
        trap.remove()
        change(world, entity_id, state=9)
        world.clock.advance(minutes=20)
        run_once(work)
        assert state_of(world, entity_id)[0] == "failed"
        change(world, entity_id, state=2)
        run_once(work)
        assert texts(world, entity_id) == ["first"]


# What refuses a page whole


def with_body(edit: Callable[[dict[str, Any]], object]) -> Fault:
    """Magento's answer as `edit` leaves it."""

    def edited(body: bytes) -> bytes:
        answer = json.loads(body)
        edit(answer)
        return json.dumps(answer).encode()

    return garble(edited)


def with_headers(edit: Callable[[Response], object]) -> Fault:
    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        edit(response)
        return response

    return Fault("headers", answer)


def repeat_last(answer: dict[str, Any]) -> None:
    answer["items"].append(answer["items"][-1])


def ignore_filters(answer: dict[str, Any]) -> None:
    answer["items"].insert(0, {**answer["items"][0], "entity_id": 1, "created_at": "2001-01-01 00:00:00",
                               "updated_at": "2001-01-01 00:00:00"})  # fmt: skip


def one_too_many(answer: dict[str, Any]) -> None:
    last = answer["items"][-1]
    answer["items"] += [{**last, "entity_id": last["entity_id"] + number} for number in range(1, 200)]


def redirect(response: Response) -> None:
    response.status_code = 302
    response.headers.set("Location", "https://elsewhere.example/")


DEEP = b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b',"total_count":0}'
REFUSED: Mapping[str, Fault] = {
    "200-html": status(200, b"<html><body>Welcome</body></html>"),
    "503-maintenance": status(503, b"<html>Service Temporarily Unavailable</html>"),
    "500-empty": status(500),
    "502": status(502, b"<html>Bad Gateway</html>"),
    "403": status(403, b"<html>Forbidden</html>"),
    "truncated": truncate(0.5),
    "cut-json": garble(lambda body: body[: len(body) // 2]),
    "nan": garble(lambda body: body.replace(b'"grand_total":', b'"grand_total":NaN,"x":', 1)),
    "infinity": garble(lambda body: body.replace(b'"grand_total":', b'"grand_total":-Infinity,"x":', 1)),
    "deep-nesting": status(200, DEEP, "application/json"),
    "nested-between-the-limits": with_body(lambda answer: answer["items"][-1].update(x=nested(480))),
    "not-utf-8": garble(lambda body: b'{"items": [], "x": "\xff"}'),
    "a-list": status(200, b"[]", "application/json"),
    "null": status(200, b"null", "application/json"),
    "no-items": with_body(lambda answer: answer.pop("items")),
    "items-null": with_body(lambda answer: answer.update(items=None)),
    "items-of-texts": with_body(lambda answer: answer.update(items=["x"])),
    "an-id-missing": with_body(lambda answer: answer["items"][-1].pop("entity_id")),
    "an-id-as-text": with_body(lambda answer: answer["items"][-1].update(entity_id="12")),
    "an-id-too-large": with_body(lambda answer: answer["items"][-1].update(entity_id=2**70)),
    "ids-repeated": with_body(repeat_last),
    "filters-ignored": with_body(ignore_filters),
    "more-than-asked-for": with_body(one_too_many),
    "no-date": with_headers(lambda response: response.headers.set("Date", "some day")),
    "redirect": with_headers(redirect),
}


@pytest.mark.parametrize("fault", REFUSED.values(), ids=list(REFUSED))
def test_a_page_that_cannot_be_believed_is_refused_whole_and_the_next_poll_recovers(world: World, fault: Fault) -> None:
    with world.work() as work:
        known = [world.invoice() for _ in range(3)]
        run_once(work)
        at, rows = checkpoint(work), world.rows()
        new = [world.invoice() for _ in range(3)]
        world.salesforce_calls.clear()
        plan = world.magento_faults.add(fault, path="/invoices", times=None)
        for _ in range(2):
            world.clock.advance(hours=2)  # longer than any pause
            run_once(work)
            assert world.rows() == rows
            assert checkpoint(work) == at
            begun = scan_of(work, "poll")
            assert begun is None or begun.after_id == 0, "what was known to be good is not shown either"
            assert work.last is not None
            assert work.last.outcome == "failed"
            assert work.tools.store.sides.get("magento").status != "ok"
        assert len(world.salesforce_calls) == 0
        assert len(world.named("magento.failing")) == 1, "said once"
        plan.remove()
        world.clock.advance(hours=2)
        run_once(work)
        assert len(world.named("magento.recovered")) == 1
        assert set(world.rows()) == {*known, *new}
    assert_equal(world)


def test_a_page_in_descending_order_is_refused_and_its_invoices_are_read_one_by_one(world: World) -> None:
    ids = [world.invoice() for _ in range(5)]
    backwards = with_body(lambda answer: answer["items"].reverse())
    world.magento_faults.add(backwards, path="/invoices", times=None)
    world.run_once()
    assert set(world.rows()) == set(ids)
    assert_equal(world)


@pytest.mark.parametrize("fault", [status(200, b"<html></html>"), truncate(0.3), drop()], ids=["html", "cut", "drop"])
def test_a_backfill_whose_first_page_is_refused_sets_no_checkpoint(world: World, fault: Fault) -> None:
    world.invoice()
    world.magento_faults.add(fault, times=None)
    with world.work() as work:
        run_once(work)
        assert work.tools.store.checkpoints.current() is None
        assert scan_of(work, "backfill") is None
        world.magento_faults.clear()
        run_once(work)
    assert_equal(world)


# What the shop allows


def test_without_permission_to_read_orders_nothing_is_half_remembered_and_all_is_in_once_it_is_given(
    world: World,
) -> None:
    entity_id = world.invoice(comment="with its order")
    world.magento.resources = {INVOICES}
    with world.work() as work:
        run_once(work)
        assert world.rows() == {}
        assert work.tools.store.checkpoints.current() is None
        side = work.tools.store.sides.get("magento")
        assert side.status == "paused"
        assert "Orders > Actions > View" in str(side.reason)
        world.magento_calls.clear()
        run_once(work)
        assert len(world.magento_calls) == 0, "a person must act first"
        world.magento.resources = {INVOICES, ORDERS}
        world.clock.advance(minutes=2)
        run_once(work)
    assert state_of(world, entity_id) == ("synced", None)
    assert_equal(world)


def test_orders_are_not_read_when_no_field_needs_them(world: World) -> None:
    orders = [
        "Order_Number__c", "Customer_Name__c", "Customer_Email__c", "Store_Name__c", "Billing_Address__c",
    ]  # fmt: skip
    world.set("salesforce.invoice.fields", dict.fromkeys(orders))
    world.magento.resources = {INVOICES}
    world.invoice()
    world.run_once()
    assert world.magento_calls.count(path="/orders") == 0
    assert_equal(world)


def test_a_page_limit_of_the_shop_is_honoured_by_backfill_poll_retry_manual_sync_and_sweep(world: World) -> None:
    world.magento.page_limit = 10
    ids = [world.invoice() for _ in range(25)]
    trap = world.org.lock("Magento_Invoice__c", lambda _: True, times=None)
    with world.work() as work:
        run_once(work)
        assert set(world.rows()) == set(ids)
        trap.remove()
        world.clock.advance(minutes=20)
        run_once(work)
        assert {state_of(world, key) for key in ids} == {("synced", None)}, "read again for a second attempt"
        work.sync(ids)
        assert work.failure is None, work.failure
        world.clock.advance(hours=2)
        world.invoice()  # so that polls do not read back to the commented one
        run_once(work)
        late = world.shop.add_comment(ids[3], "found by the sweep")
        run_once(work)
        assert note_rows(world, ids[3]) == []
        work.sweeps = True
        while work.next_pass(lambda: False) is not None:
            assert work.failure is None, work.failure
        assert [note.comment_id for note in note_rows(world, ids[3])] == [late]
    too_large = [query for query in (call.query for call in world.magento_calls) if size_of(query) > 10]
    assert len(too_large) <= 2, "once it has been said, it is remembered"
    assert_equal(world)


def test_a_page_limit_that_only_the_sweep_exceeds_is_honoured(world: World) -> None:
    world.magento.page_limit = 200
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
        world.clock.advance(hours=2)
        world.invoice()  # so that polls do not read back to the commented one
        run_once(work)
        world.shop.add_comment(entity_id, "late")
        run_once(work)
        assert note_rows(world, entity_id) == []
        work.sweeps = True
        for _ in range(10):
            work.next_pass(lambda: False)
        assert texts(world, entity_id) == ["late"]
        assert work.failure is None, work.failure


def test_a_time_out_halves_the_page_and_accuses_nobody(world: World) -> None:
    ids = [world.invoice() for _ in range(40)]
    world.set("magento.timeout", 1)
    world.set("magento.page_size", 40)
    with world.work() as work:
        world.magento.seconds_per_invoice = 0.03
        run_once(work)
    sizes = [size_of(query) for query in invoices_asked_for(world) if "[condition_type]=gt&" in query]
    assert sizes[:2] == [40, 20]
    assert set(world.rows()) == set(ids)
    assert not world.named("invoice.failed")
    assert_equal(world)


def test_a_request_that_finds_salesforce_failing_keeps_no_poll_back(world: World) -> None:
    first = world.invoice()
    with world.work() as work:
        beat = Beat(work, StopRequest())
        beat.poll()
        second = world.invoice()
        world.clock.advance(minutes=1)
        work.tools.store.requests.leave("sync", work.tools.now(), named=[first])
        world.salesforce_faults.add(drop(), times=1)
        beat.poll()
        assert second in world.rows(), "the poll that was due came after the request"
