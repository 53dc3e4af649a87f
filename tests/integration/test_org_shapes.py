"""Orgs of every shape, each at a first sync, at a change and after a crash: the right outcome and sentence in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from daemon.sandbox.faults import lost
from daemon.sandbox.org import Field
from daemon.scheduler import run_once
from state.store import Store
from tests.integration.checks import assert_equal, change, note_rows, record, state_of, texts
from tests.world import World

INVOICE, ITEM, COMMENT = "Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"
Spoil = Callable[[World], Callable[[], object]]


def ours(_world: World) -> Callable[[], object]:
    return lambda: None


def currencies(world: World) -> Callable[[], object]:
    code = Field(name="CurrencyIsoCode", label="Currency", type="picklist", length=3, values=("USD",), defaulted=True)
    world.org.add_field(INVOICE, code)
    return lambda: None


def notes_off(world: World) -> Callable[[], object]:
    world.salesforce.notes_enabled = False
    return lambda: setattr(world.salesforce, "notes_enabled", True)


def extra_field(world: World) -> Callable[[], object]:
    world.org.add_field(INVOICE, Field(name="Region__c", label="Region", length=20, required=True))
    return lambda: world.org.remove_field(INVOICE, "Region__c")


def rule(world: World) -> Callable[[], object]:
    return world.org.add_rule(INVOICE, lambda _: True, "No invoices on Sundays").remove


def no_permission(world: World) -> Callable[[], object]:
    objects = {INVOICE, ITEM, COMMENT}
    world.org.hidden |= objects
    return lambda: world.org.hidden.difference_update(objects)


# What the org is like; what becomes of an invoice with a comment there; words of the reason that is said.
SHAPES: Mapping[str, tuple[Spoil, str, str]] = {
    "ours": (ours, "in", ""),
    "several currencies": (currencies, "in", ""),
    "enhanced notes off": (notes_off, "notes wait", "enhanced notes are off. Switch notes on (Setup > Notes Settings"),
    "required extra field": (extra_field, "paused", f"{INVOICE}.Region__c is required, and nothing is mapped to it"),
    "validation rule": (rule, "failed", "No invoices on Sundays"),
    "missing permission set": (
        no_permission,
        "paused",
        f"{INVOICE} does not exist, or the integration user cannot see",
    ),
}


def first_sync(world: World, spoil: Spoil) -> tuple[int, Callable[[], object]]:
    mend = spoil(world)
    entity_id = world.invoice(comment="Gift wrapped")
    world.run_once()
    return entity_id, mend


def a_change(world: World, spoil: Spoil) -> tuple[int, Callable[[], object]]:
    known = world.invoice()
    world.run_once()
    mend = spoil(world)
    change(world, known, grand_total=50)
    entity_id = world.invoice(comment="Gift wrapped")
    world.run_once()
    return entity_id, mend


def a_crash(world: World, spoil: Spoil) -> tuple[int, Callable[[], object]]:
    mend = spoil(world)
    entity_id = world.invoice(comment="Gift wrapped")
    world.salesforce_faults.add(lost(), path="composite/graph", times=1)
    world.run_once()
    with Store(world.state_path, lock=True) as store:
        store.facts.learn("running", "1")  # as a process leaves it that ends without a word
    world.clock.advance(minutes=16)
    world.run_once()
    world.salesforce_faults.clear()
    return entity_id, mend


@pytest.mark.parametrize("begin", [first_sync, a_change, a_crash], ids=lambda stage: str(stage.__name__))
@pytest.mark.parametrize("shape", SHAPES)
def test_an_org_of_any_shape_gets_what_it_takes_and_says_why_not_the_rest(
    world: World, shape: str, begin: Callable[[World, Spoil], tuple[int, Callable[[], object]]]
) -> None:
    spoil, outcome, words = SHAPES[shape]
    entity_id, mend = begin(world, spoil)
    status, reason = state_of(world, entity_id)
    with Store(world.state_path, lock=False) as store:
        side = store.sides.get("salesforce")
    assert side.status == ("paused" if outcome == "paused" else "ok")
    if outcome == "paused":
        assert (status, record(world, entity_id)) == ("pending", None)
        assert words in str(side.reason)
    elif outcome == "failed":
        assert (status, record(world, entity_id)) == ("failed", None)
        assert words in str(reason)
    else:
        assert status == "synced"
        waits = outcome == "notes wait"
        assert texts(world, entity_id) == ([] if waits else ["Gift wrapped"])
        assert [words in str(note.reason) for note in note_rows(world, entity_id) if waits] == [True] * waits
    mend()
    world.clock.advance(hours=25)
    with world.work() as work:
        run_once(work)
    assert texts(world, entity_id) == ["Gift wrapped"]
    assert_equal(world)
