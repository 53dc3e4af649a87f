"""Invoices and comments as Magento sometimes shows them: odd, late, alike, edited, moved, or not to be read at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from daemon.scheduler import Beat, StopRequest, run_once
from daemon.sync import Process
from tests.faults import case
from tests.integration.checks import change, note_rows, record, state_of, texts
from tests.promises import assert_promises
from tests.world import World

CUT = "… (cut: the whole comment is in Magento)"


def pass_by(world: World, work: Process, **parts: float) -> None:
    """Time goes by, and the daemon polls and sweeps every five minutes of it."""
    beat, left = Beat(work, StopRequest()), timedelta(**parts)
    while left > timedelta(0):
        world.clock.advance(minutes=5)
        left -= timedelta(minutes=5)
        beat.poll()


@pytest.mark.fault("Magento: one corrupt invoice that breaks every list it is in")
@pytest.mark.parametrize("page_size", [4, 100])
def test_a_corrupt_invoice(world: World, page_size: int) -> None:
    world.set("magento.page_size", page_size)
    ids = [world.invoice(comment="fine") for _ in range(12)]
    world.shop.corrupt(ids[6])
    with world.work() as work:
        for _ in range(2):
            run_once(work)
        assert "Magento cannot show this invoice" in str(state_of(world, ids[6])[1])
        assert_promises(world, failed={ids[6]})
        world.shop.mend(ids[6])
        world.clock.advance(hours=25)
        run_once(work)
        run_once(work)
    assert [event["entity_id"] for event in world.named("invoice.failed")] == [ids[6]], "said once"
    assert_promises(world)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        case("Magento: invoice without dates", {"created_at": None, "updated_at": None}, "created_at"),
        case("Magento: invoice without dates", {"updated_at": None}, None, id="of a change"),
        case("Magento: `0000-00-00`", {"created_at": "0000-00-00 00:00:00"}, "created_at"),
        case("Magento: `0000-00-00`", {"updated_at": "0000-00-00 00:00:00"}, None, id="of a change"),
        case("Magento: unknown state", {"state": 9}, "state is 9"),
        case("Magento: amounts as strings", {"grand_total": "24.7000", "tax_amount": "1.5"}, None),
        case("Magento: amounts as strings", {"grand_total": "twelve"}, "grand_total", id="that are none"),
        case("Magento: exponents", {"grand_total": "2.47E+1", "subtotal": 2.5e1}, None),
        case("Magento: 20 digits", {"grand_total": 12345678901234567890}, "NUMBER_OUTSIDE_VALID_RANGE"),
        case("Magento: missing nulls", dict.fromkeys(["shipping_amount", "transaction_id", "can_void_flag"]), None),
        case("Magento: `items: null`", {"items": None}, None),
    ],
)
def test_an_invoice_that_is_odd(world: World, fields: dict[str, Any], reason: str | None) -> None:
    _, odd, _ = (world.invoice(comment="one of three") for _ in range(3))
    good = dict(world.shop.invoices.row(odd))
    world.shop.edit_invoice(odd, **fields)
    with world.work() as work:
        run_once(work)
        found, why = state_of(world, odd)
        assert found == ("failed" if reason else "synced"), why
        assert (reason or "") in str(why)
        assert_promises(world, failed={odd} if reason else ())
        world.shop.edit_invoice(odd, **{name: good.get(name) for name in fields})
        change(world, odd, email_sent=1)
        run_once(work)
    assert len(world.named("invoice.failed")) == (1 if reason else 0), "said once"
    assert_promises(world)


# When they appear


@pytest.mark.fault("Magento: 500 invoices in one second")
def test_five_hundred_in_one_second(world: World) -> None:
    with world.work() as work:
        run_once(work)
        at, order = world.shop.now(), world.shop.place_order()
        for number in range(500):
            world.shop.submit_invoice(order["entity_id"], at=at, comment="both" if number in {99, 100} else None)
        run_once(work)
    assert len(world.rows()) == 500
    assert_promises(world)


@pytest.mark.parametrize(
    "minutes", [case("Magento: late commit after 5 minutes", 5), case("Magento: after 3 hours", 180)]
)
def test_a_commit_that_comes_late(world: World, minutes: int) -> None:
    world.set("schedule.poll_interval", "5m")
    world.invoice()
    with world.work() as work:
        pass_by(world, work, minutes=5)
        late, burnt = world.invoice(committed=False, comment="at last"), world.invoice(committed=False)
        world.shop.rollback(burnt)
        world.invoice(comment="after it, and seen before it")
        pass_by(world, work, minutes=minutes)
        assert late not in world.rows()
        world.shop.commit(late)
        pass_by(world, work, minutes=20)
    assert_promises(world)


@pytest.mark.fault("Magento: shop time zone changed")
def test_the_shops_time_zone_is_changed(world: World) -> None:
    with world.work() as work:
        for timezone in ("America/Los_Angeles", "Asia/Tokyo", "UTC"):
            world.magento.timezone = timezone
            world.invoice(comment=timezone)
            world.clock.advance(minutes=1)
            run_once(work)
            assert len(world.rows()) == len(world.wire_invoices())
    assert_promises(world)


@pytest.mark.fault("Magento: clock 10 minutes off")
@pytest.mark.parametrize("minutes", [-10, 10], ids=["behind", "ahead"])
def test_magentos_clock_is_ten_minutes_off_and_then_set_right(world: World, minutes: int) -> None:
    world.set("schedule.poll_interval", "5m")
    off: list[int] = [0]
    world.shop.clock = lambda: world.clock.now() + timedelta(minutes=off[0])
    with world.work() as work:
        for error in (0, minutes, 0):
            off[0] = error
            for number in range(3):
                world.invoice(comment=f"{number} while it is {error} minutes off")
                pass_by(world, work, minutes=5)
        pass_by(world, work, minutes=20)
    assert_promises(world)


# Comments


@pytest.mark.fault("Magento: comment a day later")
def test_a_comment_a_day_later(world: World) -> None:
    world.set("schedule.poll_interval", "5m")
    entity_id = world.invoice(comment="at once")
    with world.work() as work:
        pass_by(world, work, minutes=5)
        world.clock.advance(days=1)
        world.invoice()
        pass_by(world, work, minutes=70)
        world.shop.add_comment(entity_id, "a day later")
        pass_by(world, work, minutes=65)
    assert texts(world, entity_id) == ["at once", "a day later"]
    assert_promises(world)


@pytest.mark.fault("Magento: edited")
def test_a_comment_that_is_edited(world: World) -> None:
    entity_id = world.invoice(comment="first words")
    with world.work() as work:
        run_once(work)
        world.shop.edit_comment(world.shop.invoices.row(entity_id)["comments"][0]["entity_id"], "second thoughts")
        run_once(work)
    assert texts(world, entity_id) == ["second thoughts"]
    assert world.org.created["ContentNote"] == 1
    assert_promises(world)


@pytest.mark.fault("Magento: moved")
def test_a_comment_that_is_moved(world: World) -> None:
    first, second = world.invoice(comment="stays"), world.invoice(comment="stays too")
    with world.work() as work:
        run_once(work)
        comment = world.shop.invoices.row(first)["comments"][0]["entity_id"]
        for target in (second, first, second):
            world.shop.move_comment(comment, target)
            change(world, first)
            change(world, second)
            run_once(work)
    assert world.org.created["ContentNote"] == 2
    assert [texts(world, key) for key in (first, second)] == [["stays"], ["stays too"]], "it keeps its note"
    world.shop.move_comment(comment, first)  # where its note is, and where both sides are compared
    assert_promises(world)


@pytest.mark.parametrize("text", [case("Magento: whitespace", " \r\n\t\u00a0")])
def test_a_comment_that_says_nothing(world: World, text: str) -> None:
    entity_id = world.invoice(comment=text)
    world.shop.add_comment(entity_id, "its neighbour")
    world.run_once()
    assert [(note.sync_status, note.reason) for note in note_rows(world, entity_id)] == [
        ("skipped", "it is empty"),
        ("synced", None),
    ]
    assert world.org.created["ContentNote"] == 1
    assert_promises(world)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        case("Magento: 65,535 bytes", "x" * 65_535, None),
        case("Magento: more than Salesforce takes", "日" * 200_000, lambda text: text.endswith(CUT)),
        case("Magento: emoji", "thanks 👍🏽 👩‍👩‍👧", None),
        case("Magento: CJK", "日本語のコメント 中文 한국어", None),
        case("Magento: control characters", "a\x00b\x07c\x1b[31m\x7fd", "abc[31md".__eq__),
        case("Magento: HTML and script", '<b>x</b> & <script>alert("x")</script> &amp; &lt;ok&gt;', None),
    ],
)
def test_a_comment_of_any_text(world: World, text: str, shown: Callable[[str], bool] | None) -> None:
    world.shop.comments.utf8mb4 = True
    entity_id = world.invoice(comment=text)
    world.shop.add_comment(entity_id, "its neighbour")
    with world.work() as work:
        for _ in range(2):
            run_once(work)
    note, neighbour = texts(world, entity_id)
    assert neighbour == "its neighbour"
    assert shown(note) if shown else note == text
    found = record(world, entity_id)
    assert found is not None
    assert "<script" not in world.org.notes_of(str(found["Id"]))[0].html
    assert_promises(world)


# Which is which


@pytest.mark.fault("Magento: two stores with one increment_id")
def test_one_number_in_two_stores(world: World) -> None:
    first, second = world.invoice(comment="of the first"), world.invoice(comment="of the second")
    world.shop.edit_invoice(second, increment_id=world.shop.invoices.row(first)["increment_id"], store_id=2)
    world.run_once()
    assert texts(world, first) == ["of the first"]
    assert texts(world, second) == ["of the second"]
    assert_promises(world)


@pytest.mark.fault("Magento: increment_id with `/ ? # ' ..`")
@pytest.mark.parametrize("number", ["2026/11?#'..", "..", "../1", "%2F", "a b\\c"])
def test_a_number_that_an_address_would_misread(world: World, number: str) -> None:
    strange, _ = world.invoice(comment="strange"), world.invoice(comment="plain")
    world.shop.edit_invoice(strange, increment_id=number)
    with world.work() as work:
        run_once(work)
        work.sync([strange])
    assert_promises(world)


@pytest.mark.fault("Magento: a known id that is another invoice now")
@pytest.mark.parametrize(
    "fields", [{"increment_id": "900000001"}, {"store_id": 3}, {"created_at": "2019-03-04 05:06:07"}]
)
def test_another_invoice_under_a_known_id(world: World, fields: dict[str, Any]) -> None:
    known, _ = world.invoice(comment="the first"), world.invoice(comment="another")
    good = dict(world.shop.invoices.row(known))
    with world.work() as work:
        run_once(work)
        before = record(world, known)
        change(world, known, grand_total=999, **fields)
        run_once(work)
        work.sync([known])
        assert "another invoice under a known id" in str(state_of(world, known)[1])
        assert record(world, known) == before, "nothing is overwritten"
        assert_promises(world, failed={known})
        change(world, known, **{name: good[name] for name in fields})
        run_once(work)
    assert_promises(world)
