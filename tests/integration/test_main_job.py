"""The main job over real HTTP: what Magento shows ends up in Salesforce, once, and stays equal."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest

from daemon.sandbox.magento.shop import Shop
from tests.world import World

REFERENCE = Path(os.environ.get("INVOICE_SYNC_REFERENCE", Path(__file__).parents[2].parent / "shared/reference"))
RECORDED = REFERENCE / "magento-recorded" / "165-invoices-all-full.json"


def recorded_shop(world: World) -> Shop:
    invoices = json.loads(RECORDED.read_text())["response"]["body"]["items"]
    return Shop.from_recorded(invoices, [], clock=world.clock.now)


def test_a_new_invoice_arrives_with_its_items_and_comments(world: World) -> None:
    entity_id = world.invoice(comment="Thank you & come again")
    world.run_once()
    assert world.compared().equal, str(world.compared())
    row = world.rows()[entity_id]
    assert row.sync_status == "synced"
    record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
    assert record is not None
    assert record["Id"] == row.salesforce_id
    assert record["Customer_Name__c"] == "Jane Doe"
    assert record["Customer_Email__c"] == "jane.canary@example.com"
    assert record["Order_Number__c"] == row.order_number


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded exchanges are not beside this checkout")
def test_a_real_shop_arrives_whole_and_a_second_pass_sends_nothing(tmp_path: Path) -> None:
    invoices = json.loads(RECORDED.read_text())["response"]["body"]["items"]
    world = World(tmp_path, shop=Shop.from_recorded(invoices, [])).start()
    try:
        world.run_once()
        compared = world.compared()
        assert compared.in_magento == compared.in_salesforce == 83
        assert compared.equal, str(compared)
        created = sum(world.org.created.values())
        calls = world.salesforce_calls.count(path="composite/graph")
        world.run_once()
        assert world.salesforce_calls.count(path="composite/graph") == calls
        world.state_path.unlink()
        world.run_once()
        assert sum(world.org.created.values()) == created, "nothing is created twice after the state is cleared"
        assert world.compared().equal, str(world.compared())
    finally:
        world.stop()


def test_an_idle_poll_costs_one_call_to_magento_and_none_to_salesforce(world: World) -> None:
    world.shop.seed(30, rng=Random(7))
    world.run_once()
    world.magento_calls.clear()
    world.salesforce_calls.clear()
    world.run_once()
    assert len(world.magento_calls) == 1
    assert len(world.salesforce_calls) == 0


@pytest.mark.no_cover
def test_a_thousand_invoices_take_at_most_thirty_graph_calls(world: World) -> None:
    world.shop.seed(1_000, rng=Random(11))
    world.run_once()
    assert world.compared().equal, str(world.compared())
    assert world.salesforce_calls.count(path="composite/graph") <= 30


def test_one_poison_invoice_fails_alone_with_salesforces_words(world: World) -> None:
    ids = [world.invoice(comment="fine") for _ in range(75)]
    poison = ids[40]
    number = world.shop.invoices.row(poison)["increment_id"]
    rule = world.org.add_rule(
        "Magento_Invoice__c", lambda record: record["Name"] == number, "Invoices of the moon are not taken", ("Name",)
    )
    world.run_once()
    rows = world.rows()
    assert {row.sync_status for key, row in rows.items() if key != poison} == {"synced"}
    assert rows[poison].sync_status == "failed"
    assert "Invoices of the moon are not taken" in str(rows[poison].reason)
    assert "FIELD_CUSTOM_VALIDATION_EXCEPTION" in str(rows[poison].reason)
    rule.remove()
    world.shop.touch(poison)
    world.run_once()
    assert world.rows()[poison].sync_status == "synced"
    assert world.compared().equal, str(world.compared())


def test_changed_invoices_and_late_comments_follow(world: World) -> None:
    entity_id = world.invoice(state=1)
    world.run_once()
    world.clock.advance(seconds=5)
    world.shop.change_state(entity_id, 2)
    world.shop.add_comment(entity_id, "paid at last")
    world.run_once()
    assert world.compared().equal, str(world.compared())
    assert len(world.org.history) == len(set(world.org.history)) or world.org.created["ContentNote"] == 1
