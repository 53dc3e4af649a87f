"""Orgs of every shape, each at a first sync, at a change and after a crash: the right outcome and sentence in each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pytest

from daemon.sandbox.salesforce.org import Field
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


@dataclass(frozen=True)
class Shape:
    """What the org is like; what becomes of a new invoice with a comment there; words of the reason that is said."""

    spoil: Spoil
    outcome: Literal["in", "notes wait", "paused", "failed"]
    words: str = ""
    takes_changes: bool = False  # of a record that it has: nothing is asked of that which is asked of a new one


SHAPES: Mapping[str, Shape] = {
    "ours": Shape(ours, "in"),
    "several currencies": Shape(currencies, "in"),
    "enhanced notes off": Shape(
        notes_off, "notes wait", "enhanced notes are off. Switch notes on (Setup > Notes Settings"
    ),
    "required extra field": Shape(
        extra_field, "paused", f"{INVOICE}.Region__c is required, and nothing is mapped to it", takes_changes=True
    ),
    "validation rule": Shape(rule, "failed", "No invoices on Sundays"),
    "missing permission set": Shape(
        no_permission, "paused", f"{INVOICE} does not exist, or the integration user cannot see"
    ),
}


@dataclass(frozen=True)
class Begun:
    """A stage that is over: an invoice that was in before it and has changed since, a new one, and the mending."""

    fresh: int
    mend: Callable[[], object]
    changed: int | None = None


def first_sync(world: World, spoil: Spoil) -> Begun:
    mend = spoil(world)
    fresh = world.invoice(comment="Gift wrapped")
    world.run_once()
    return Begun(fresh, mend)


def a_change(world: World, spoil: Spoil) -> Begun:
    known = world.invoice()
    world.run_once()
    mend = spoil(world)
    change(world, known, grand_total=50)
    fresh = world.invoice(comment="Gift wrapped")
    world.run_once()
    return Begun(fresh, mend, known)


def a_crash(world: World, spoil: Spoil) -> Begun:
    """The process did all that it could and remembers nothing of it; the next one comes a while later."""
    world.run_once()
    before = world.state_path.read_bytes()
    mend = spoil(world)
    fresh = world.invoice(comment="Gift wrapped")
    world.run_once()
    world.state_path.write_bytes(before)
    with Store(world.state_path, lock=True) as store:
        store.facts.learn("running", "1")  # as a process leaves it that ends without a word
    world.clock.advance(minutes=16)
    world.run_once()
    return Begun(fresh, mend)


STAGES = (first_sync, a_change, a_crash)


def total_of(world: World, entity_id: int) -> int | None:
    found = record(world, entity_id)
    return None if found is None else int(Decimal(str(found["Grand_Total__c"])))


@pytest.mark.parametrize("begin", STAGES, ids=lambda stage: str(stage.__name__))
@pytest.mark.parametrize("name", SHAPES)
def test_an_org_of_any_shape_gets_what_it_takes_and_says_why_not_the_rest(
    world: World, name: str, begin: Callable[[World, Spoil], Begun]
) -> None:
    shape = SHAPES[name]
    begun = begin(world, shape.spoil)
    assert_outcome(world, shape, begun.fresh)
    if begun.changed is not None:
        goes = shape.takes_changes or shape.outcome in {"in", "notes wait"}
        assert total_of(world, begun.changed) == (50 if goes else 57), "an older version stays until the newer can go"
        assert (state_of(world, begun.changed)[0] == "synced") == goes
    begun.mend()
    world.clock.advance(hours=25)
    with world.work() as work:
        run_once(work)
        assert texts(world, begun.fresh) == ["Gift wrapped"]
        assert_equal(world)
        if name == "several currencies":
            change(world, begun.fresh, grand_total=51)  # of an org that has become so, from the next day on
            run_once(work)
            found = record(world, begun.fresh)
            assert found is not None
            assert found["CurrencyIsoCode"] == "USD"


def assert_outcome(world: World, shape: Shape, fresh: int) -> None:
    """What became of the new invoice, of its comment and of Salesforce, and where the sentence stands."""
    words = shape.words
    status, reason = state_of(world, fresh)
    (note,) = note_rows(world, fresh)
    with Store(world.state_path, lock=False) as store:
        side = store.sides.get("salesforce")
    in_salesforce = (record(world, fresh) is not None, texts(world, fresh))
    if shape.outcome == "in":
        assert (side.status, status, note.sync_status) == ("ok", "synced", "synced")
        assert in_salesforce == (True, ["Gift wrapped"])
    elif shape.outcome == "notes wait":
        assert (side.status, status, note.sync_status) == ("ok", "synced", "pending")
        assert in_salesforce == (True, [])
        assert words in str(note.reason)
    elif shape.outcome == "failed":
        assert (side.status, status, note.sync_status) == ("ok", "failed", "pending")
        assert in_salesforce == (False, [])
        assert words in str(reason)
    else:
        assert (side.status, status, note.sync_status) == ("paused", "pending", "pending")
        assert in_salesforce == (False, [])
        assert words in str(side.reason)
    told = [*world.named("salesforce.failing"), *world.named("salesforce.finding"), *world.named("invoice.failed")]
    assert bool(told) == bool(words), "what is well is not talked about"
    assert all(words in f"{said['reason']}. {said.get('hint')}" for said in told if words)
