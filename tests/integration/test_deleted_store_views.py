"""Magento empties `store_id` when a store view is deleted: its invoices go on, with that field empty."""

from __future__ import annotations

import json

import pytest

from daemon.scheduler import run_once
from tests.integration.checks import assert_equal, change, record, state_of
from tests.world import World

# The names that the default mapping has for it.
STORE = "Store_Id__c"


@pytest.mark.fault("Magento: store view deleted")
def test_invoices_of_a_deleted_store_view_are_sent_without_it_whether_they_were_known_or_not(world: World) -> None:
    known = world.invoice(comment="while it was there")
    with world.work() as work:
        run_once(work)
        assert str(record(world, known)[STORE]) == "1"  # type: ignore[index]
        new = world.invoice()
        world.shop.delete_store_view(1)
        change(world, known, state=3)
        run_once(work)
        for entity_id in (known, new):
            assert state_of(world, entity_id) == ("synced", None)
            assert record(world, entity_id)[STORE] is None  # type: ignore[index]
        world.shop.add_comment(known, "and after")
        work.sync([known, new])
        assert state_of(world, known) == ("synced", None)
    assert_equal(world)


def test_a_listing_and_a_story_say_no_store_where_none_was_ever_known(world: World) -> None:
    new = world.invoice()
    world.shop.delete_store_view(1)
    world.run_once()
    (listed,) = json.loads(world.command("invoices", "--json").stdout)
    assert (listed["entity_id"], listed["store_id"], listed["sync_status"]) == (new, None, "synced")
    assert "no store" in world.command("explain", listed["increment_id"]).stdout


def test_a_number_that_several_stores_have_is_asked_about_also_when_they_are_gone(world: World) -> None:
    first, second = world.invoice(), world.invoice()
    number = world.shop.invoices.row(first)["increment_id"]
    world.shop.edit_invoice(second, increment_id=number, store_id=2)
    world.shop.delete_store_view(2)
    done = world.command("sync", number)
    assert done.returncode == 2
    assert f"--id {first} (store 1), --id {second} (no store)" in done.stderr
    world.run_once()
    done = world.command("sync", number)
    assert done.returncode == 2
    assert f"--id {second} (no store)" in done.stderr
    assert world.command("sync", "--id", str(second)).returncode == 0


def test_what_a_skip_rule_keeps_out_stays_out_when_its_store_view_is_deleted(world: World) -> None:
    world.set("invoices.skip.store_ids", [1])
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
        world.shop.delete_store_view(1)
        for state in (3, 2):
            change(world, entity_id, state=state)
            run_once(work)
            assert state_of(world, entity_id) == ("skipped", "invoices.skip.store_ids: it is of store 1")
    assert record(world, entity_id) is None


def test_a_store_that_comes_back_is_no_difference_but_another_store_is(world: World) -> None:
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
        world.shop.delete_store_view(1)
        change(world, entity_id, state=3)
        run_once(work)
        change(world, entity_id, store_id=1)
        run_once(work)
        assert state_of(world, entity_id) == ("synced", None)
        world.shop.delete_store_view(1)
        change(world, entity_id, state=2)
        run_once(work)
        change(world, entity_id, store_id=2)
        run_once(work)
        status, reason = state_of(world, entity_id)
        assert status == "failed"
        assert "another invoice under a known id" in str(reason)


def test_an_order_whose_customer_and_store_are_deleted_is_sent_with_what_is_left(world: World) -> None:
    world.set("salesforce.invoice.fields.Billing_Address__c", None)
    entity_id = world.invoice()
    order_id = world.shop.invoices.row(entity_id)["order_id"]
    world.shop.delete_store_view(1)
    world.shop.edit_order(order_id, customer_id=None, billing_address=None, customer_firstname=None, quote_id=None)
    world.run_once()
    assert state_of(world, entity_id) == ("synced", None)
    found = record(world, entity_id)
    assert found is not None
    assert found["Store_Name__c"], "an order keeps the name of its store"
