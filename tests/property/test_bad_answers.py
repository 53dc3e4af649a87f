"""Whatever one answer of a side is: the pass goes on, the books balance, and both sides agree afterwards."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sandbox.faults import garble
from daemon.scheduler import run_once
from daemon.sync import Process
from tests.canaries import leaks
from tests.promises import assert_promises
from tests.property.bad_answers import bad
from tests.world import World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover

EXAMPLES = int(os.environ.get("BAD_ANSWERS", "8"))  # of each answer; hundreds for a night
SAID = "please leave it with Mrs Tanglewood next door"
# Which answer is wrong: the side, a part of the URL, how many such calls pass before, and what leads to it.
ANSWERS = {
    "Magento's list": ("magento", "V1/invoices", 0, "anew"),
    "Magento's orders": ("magento", "V1/orders", 0, "anew"),
    "Magento's invoices by id": ("magento", r"V1/invoices\?.*=in\b|\[condition_?type\]=in\b", 0, "later"),
    "Magento's watched page": ("magento", r"fields=items\[entity_id,created_at", 0, "sweep"),
    "the sign-in": ("salesforce", "oauth2/token", 0, "anew"),
    "the invoices' graphs": ("salesforce", "composite/graph", 0, "anew"),
    "the notes' graphs": ("salesforce", "composite/graph", 1, "anew"),
    "the notes' graphs that are there": ("salesforce", "composite/graph", 1, "cleared"),
    "the query of what is there": ("salesforce", "query", 0, "cleared"),
}


def begin(world: World, story: str) -> None:
    """Three invoices with comments; all but the first story find something in Salesforce already."""
    for number in range(3):
        world.invoice(comment=f"{SAID} {number}")
    if story == "anew":
        return
    world.run_once()
    if story == "cleared":
        for path in world.state_path.parent.glob("state.db*"):
            path.unlink()
    else:
        world.clock.advance(minutes=20)
        world.shop.add_comment(1, f"{SAID}, later")


def work_on(work: Process, story: str) -> None:
    """What meets the wrong answer. Nothing but the work's own end is caught: an error that leaves it is a defect."""
    if story == "later":
        work.sync([1, 2, 3])
    elif story == "sweep":
        work.poll()
        for _ in range(4):
            work.next_pass(lambda: False)
    else:
        run_once(work)


def recover(world: World) -> None:
    """Answers are right again; what was shown wrong is shown anew, and all waits are over."""
    world.magento_faults.clear()
    world.salesforce_faults.clear()
    for hours in (0, 25):
        world.clock.advance(hours=hours, seconds=5)
        for entity_id in world.shop.invoices.ids:
            world.shop.touch(entity_id)
        for minutes in (1, 61, 16):
            world.clock.advance(minutes=minutes)
            world.run_once()


def assert_true_meanwhile(world: World, read_wrongly: bool) -> None:
    """What is called synced is in, under the ID that Salesforce holds; what is wrong is not remembered as right."""
    for entity_id, row in world.rows().items():
        if row.sync_status != "synced" or read_wrongly:
            continue
        record = world.org.find("Magento_Invoice__c", "Magento_Id__c", f"main-{entity_id}")
        assert record is not None, f"{entity_id} is synced and not there"
        assert row.salesforce_id == record["Id"]


@pytest.mark.timeout(120 + 10 * EXAMPLES)
@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=EXAMPLES, derandomize="BAD_ANSWERS" not in os.environ)
@given(random=st.randoms(use_true_random=False))
def test_a_wrong_answer_ends_no_pass_and_leaves_nothing_wrong(
    tmp_path_factory: pytest.TempPathFactory, name: str, random: Random
) -> None:
    side, path, after, story = ANSWERS[name]
    world = World(tmp_path_factory.mktemp("world")).start()
    try:
        begin(world, story)
        faults = world.magento_faults if side == "magento" else world.salesforce_faults
        plan = faults.add(bad(random, said=SAID), path=path, after=after)
        with world.work() as work:
            work_on(work, story)
        assert plan.hits, "the answer was asked for"
        assert_true_meanwhile(world, read_wrongly=side == "magento")
        assert not leaks(world)
        recover(world)
        assert_promises(world)
        assert not leaks(world)
    finally:
        world.stop()


def test_invoices_whose_ids_were_mixed_up_in_one_answer_are_right_after_the_next_change(tmp_path: Path) -> None:
    def mixed_up(body: bytes) -> bytes:
        answer = json.loads(body)
        nodes = [graph["graphResponse"]["compositeResponse"][0]["body"] for graph in answer["graphs"]]
        ids = [node["id"] for node in nodes]
        for node, other in zip(nodes, ids[1:] + ids[:1], strict=True):
            node["id"] = other
        return json.dumps(answer).encode()

    world = World(tmp_path).start()
    try:
        begin(world, "anew")
        plan = world.salesforce_faults.add(garble(mixed_up), path="composite/graph")
        world.run_once()
        assert plan.hits
        recover(world)
        assert_promises(world)
    finally:
        world.stop()


def test_one_id_for_two_invoices_is_believed_of_neither(tmp_path: Path) -> None:
    def alike(body: bytes) -> bytes:
        answer = json.loads(body)
        nodes = [graph["graphResponse"]["compositeResponse"][0]["body"] for graph in answer["graphs"]]
        for node in nodes:
            node["id"] = nodes[0]["id"]
        return json.dumps(answer).encode()

    world = World(tmp_path).start()
    try:
        begin(world, "anew")
        world.salesforce_faults.add(garble(alike), path="composite/graph")
        world.run_once()
        assert {row.sync_status for row in world.rows().values()} == {"pending"}
        recover(world)
        assert_promises(world)
    finally:
        world.stop()
