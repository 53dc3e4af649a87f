"""An org that would refuse what is sent: found before a write, said with what to do, and gone on with once mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon.sandbox.faults import lost
from daemon.sandbox.salesforce.org import Field
from daemon.scheduler import run_once
from state.store import Store
from tests.faults import case
from tests.integration.checks import assert_equal, change, note_rows, record, state_of, texts
from tests.world import World

INVOICE, ITEM, COMMENT = "Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"
GRAPH, DESCRIBE = "composite/graph", "/describe"
Spoil = Callable[[World], Callable[[], object]]
"""Makes the org another; what it returns mends that."""


def side(world: World) -> tuple[str, str]:
    from state.store import Store

    with Store(world.state_path, lock=False) as store:
        known = store.sides.get("salesforce")
        return known.status, known.reason or ""


def changed(name: str, field: str, **traits: object) -> Spoil:
    def spoil(world: World) -> Callable[[], object]:
        before = world.org.objects[name]
        world.org.change_field(name, field, **traits)
        return lambda: world.org._change_fields(name, before.fields)

    return spoil


def hidden(full: str) -> Spoil:
    def spoil(world: World) -> Callable[[], object]:
        world.org.hidden_fields.add(full)
        return lambda: world.org.hidden_fields.discard(full)

    return spoil


def read_only(world: World) -> Callable[[], object]:
    world.org.read_only_fields.add(f"{INVOICE}.Tax__c")
    return world.org.read_only_fields.clear


def removed(world: World) -> Callable[[], object]:
    before = world.org.objects[ITEM]
    world.org.remove_field(ITEM, "SKU__c")
    return lambda: world.org._change_fields(ITEM, before.fields)


def renamed(world: World) -> Callable[[], object]:
    before = world.org.objects[INVOICE]
    fields = tuple(replace(f, name="Total__c") if f.name == "Grand_Total__c" else f for f in before.fields)
    world.org._change_fields(INVOICE, fields)
    return lambda: world.org._change_fields(INVOICE, before.fields)


def without_object(world: World) -> Callable[[], object]:
    world.org.hidden.add(ITEM)
    return lambda: world.org.hidden.discard(ITEM)


def required_extra(world: World) -> Callable[[], object]:
    before = world.org.objects[INVOICE]
    world.org.add_field(INVOICE, Field(name="Region__c", label="Region", length=20, required=True))
    return lambda: world.org._change_fields(INVOICE, before.fields)


MISFITS = [
    case("Salesforce: object or field missing", without_object, f"{ITEM} does not exist, or", id="object hidden"),
    case("Salesforce: object or field missing", removed, f"{ITEM}.SKU__c does not exist", id="field removed"),
    case("Salesforce: object or field missing", renamed, f"{INVOICE}.Grand_Total__c does not exist", id="renamed"),
    case("Salesforce: object or field missing", hidden(f"{INVOICE}.Tax__c"), "cannot see it", id="field hidden"),
    case("Salesforce: not writable", read_only, f"{INVOICE}.Tax__c is read-only", id="field"),
    case("Salesforce: external ID not unique", changed(INVOICE, "Magento_Id__c", unique=False), "is not unique"),
    pytest.param(changed(INVOICE, "Sync_Fingerprint__c", length=20), "have 32", id="shortened"),
    pytest.param(changed(INVOICE, "Magento_Id__c", external_id=False), "not an External ID", id="no External ID"),
    pytest.param(required_extra, f"{INVOICE}.Region__c is required", id="required extra field"),
]


@pytest.mark.parametrize(("spoil", "words"), MISFITS)
def test_what_the_org_would_refuse_is_found_before_a_write_and_the_rest_goes_on_when_it_is_mended(
    world: World, spoil: Spoil, words: str
) -> None:
    mend = spoil(world)
    world.invoice(comment="Gift wrapped")
    with world.work() as work:
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == 0, "nothing is sent"
        status, reason = side(world)
        assert status == "paused"
        assert words in reason
        assert "Setup > " in reason
        (said,) = world.named("salesforce.failing")
        assert words in said["reason"]
        described = world.salesforce_calls.count(path=DESCRIBE)
        world.clock.advance(minutes=50)
        run_once(work)
        assert world.salesforce_calls.count(path=DESCRIBE) == described, "not before an hour is over"
        mend()
        world.clock.advance(minutes=15)
        run_once(work)
    assert side(world)[0] == "ok"
    assert len(world.named("salesforce.failing")) == 1
    assert_equal(world)


@pytest.mark.parametrize(("spoil", "words"), [MISFITS[1], MISFITS[4]])
def test_an_org_that_changes_under_the_daemon_is_looked_at_as_soon_as_it_refuses_and_no_invoice_fails_for_it(
    world: World, spoil: Spoil, words: str
) -> None:
    first = world.invoice()
    with world.work() as work:
        run_once(work)
        mend = spoil(world)
        change(world, first, tax_amount=3, grand_total=50)
        second = world.invoice()
        run_once(work)
        assert words in side(world)[1]
        assert {state_of(world, first)[0], state_of(world, second)[0]} == {"pending"}
        mend()
        world.clock.advance(minutes=61)
        run_once(work)
    assert_equal(world)


def test_a_fresh_process_asks_nothing_that_was_answered_and_an_idle_poll_costs_no_call(world: World) -> None:
    world.invoice(comment="Gift wrapped")
    with world.work() as work:
        run_once(work)
    assert world.salesforce_calls.count(path=DESCRIBE) == 5
    world.salesforce_calls.clear()
    with world.work() as work:
        run_once(work)
        assert len(world.salesforce_calls) == 0
        world.invoice()
        run_once(work)
    assert world.salesforce_calls.count(path=DESCRIBE) == 0
    assert_equal(world)
    world.set("salesforce.invoice.fields", {"Store_Name__c": None})
    world.invoice()
    world.run_once()
    assert world.salesforce_calls.count(path=DESCRIBE) == 5, "other settings, another question"


@pytest.mark.parametrize("ended", ["without an answer", "killed", "by an older copy of the state"])
def test_nothing_is_sent_twice_on_the_word_of_an_old_description(world: World, ended: str) -> None:
    """What is sent twice rests on unique external IDs, and only describe tells that one is no longer unique."""
    world.invoice()
    world.run_once()
    before = world.state_path.read_bytes()
    mend = changed(COMMENT, "Magento_Id__c", unique=False)(world)
    world.clock.advance(hours=1)
    entity_id = world.invoice(comment="Gift wrapped")
    if ended == "without an answer":
        world.salesforce_faults.add(lost(), path=GRAPH, body="ContentNote")
    world.run_once()
    if ended != "without an answer":
        world.state_path.write_bytes(before)
    if ended == "killed":
        with Store(world.state_path, lock=True) as store:
            store.facts.learn("running", "1")  # as a process leaves it that ends without a word
    assert texts(world, entity_id) == ["Gift wrapped"]
    world.clock.advance(minutes=11)
    with world.work() as work:
        run_once(work)
        assert texts(world, entity_id) == ["Gift wrapped"]
        (row,) = note_rows(world, entity_id)
        assert "is not unique" in str(row.reason)
        mend()
        world.clock.advance(minutes=16)
        run_once(work)
    assert_equal(world)


def test_a_description_is_good_for_a_day(world: World) -> None:
    world.invoice()
    with world.work() as work:
        run_once(work)
        changed(INVOICE, "Magento_Id__c", unique=False)(world)
        world.clock.advance(hours=25)
        run_once(work)
        assert side(world)[0] == "ok", "nothing was to be written, and nothing was asked"
        world.invoice()
        run_once(work)
        assert f"{INVOICE}.Magento_Id__c is not unique" in side(world)[1]


def test_a_comment_object_that_does_not_fit_keeps_back_notes_alone(world: World) -> None:
    world.org.change_field(COMMENT, "Magento_Id__c", unique=False)
    entity_id = world.invoice(comment="Gift wrapped")
    with world.work() as work:
        run_once(work)
        assert state_of(world, entity_id)[0] == "synced"
        (row,) = note_rows(world, entity_id)
        assert row.sync_status == "pending"
        assert "is not unique" in str(row.reason)
        assert texts(world, entity_id) == []
        world.org.change_field(COMMENT, "Magento_Id__c", unique=True)
        world.clock.advance(minutes=16)
        run_once(work)
    assert texts(world, entity_id) == ["Gift wrapped"]
    assert_equal(world)


def test_a_rule_of_the_org_is_no_matter_of_describe(world: World) -> None:
    rule = world.org.add_rule(INVOICE, lambda row: True, "No invoices on Sundays")
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
        status, reason = state_of(world, entity_id)
        assert status == "failed"
        assert "No invoices on Sundays" in str(reason)
        rule.remove()
        world.clock.advance(hours=25)
        run_once(work)
    assert_equal(world)


def test_values_are_spelled_as_the_org_takes_them_and_texts_are_cut_to_its_room(world: World) -> None:
    world.org.change_field(INVOICE, "Store_Id__c", type="string", length=10)
    world.org.change_field(ITEM, "Product_Name__c", length=5)
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
    found = record(world, entity_id)
    assert found is not None
    assert found["Store_Id__c"] == "1"
    assert {item["Product_Name__c"] for item in world.org.records(ITEM)} == {"T-sh…", "Mug"}
    (said,) = world.named("salesforce.finding")
    assert "cut to it" in said["reason"]


def with_currencies(world: World) -> None:
    for name in (INVOICE, ITEM):
        world.org.add_field(
            name, Field(name="CurrencyIsoCode", label="Currency", type="picklist", length=3, values=("USD", "EUR"),
                        defaulted=True))  # fmt: skip


def test_the_order_s_currency_goes_where_the_org_has_several_and_an_inactive_one_has_its_own_sentence(
    world: World,
) -> None:
    with_currencies(world)
    good, bad = world.invoice(), world.invoice()
    world.shop.edit_invoice(good, order_currency_code="EUR")
    world.shop.edit_invoice(bad, order_currency_code="SEK")
    with world.work() as work:
        run_once(work)
    found = record(world, good)
    assert found is not None
    assert found["CurrencyIsoCode"] == "EUR"
    status, reason = state_of(world, bad)
    assert status == "failed"
    assert "not active in the org" in str(reason)
    (said,) = world.named("salesforce.finding")
    assert "does not take SEK, which invoices have" in said["reason"]
    assert "Manage Currencies" in said["hint"]
    checked = world.command("check").stdout
    assert f"warning: objects: {INVOICE}.CurrencyIsoCode: does not take SEK, which invoices have" in checked


def test_no_currency_is_sent_where_the_org_has_one(world: World) -> None:
    world.shop.edit_invoice(world.invoice(), order_currency_code="EUR")
    world.run_once()
    (graph,) = world.salesforce_calls.matching(path=GRAPH)
    assert b"CurrencyIsoCode" not in graph.body
    assert "CurrencyIsoCode" not in world.command("check").stdout


def test_items_that_may_not_change_their_invoice_are_given_it_on_creation_only(world: World) -> None:
    world.org.change_field(ITEM, "Invoice__c", reparentable=False)
    first, second = world.invoice(), world.invoice()
    with world.work() as work:
        run_once(work)
        change(world, first, grand_total=50)
        graphs = world.salesforce_calls.count(path=GRAPH)
        run_once(work)
        assert world.salesforce_calls.count(path=GRAPH) == graphs + 1, "the ledger knows that they are there"
        assert_equal(world)
        item = next(row for row in world.org.records(ITEM))
        world.org.delete(ITEM, str(item["Id"]))
        change(world, first, grand_total=51)
        change(world, second, grand_total=51)
        run_once(work)
    assert_equal(world)
    world.state_path.unlink()
    world.run_once()
    assert_equal(world)
    assert len(world.org.records(ITEM)) == 4


def test_a_stamp_that_moves_when_the_description_is_old_costs_no_call(world: World) -> None:
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
        world.clock.advance(hours=25)
        world.shop.touch(entity_id)
        before = world.salesforce_calls.count(path="/")
        run_once(work)
        assert world.named("invoice.unchanged")
        assert world.salesforce_calls.count(path="/") == before
