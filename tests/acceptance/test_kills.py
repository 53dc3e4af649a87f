"""kill -9 of the real process, at every step and at any moment: nothing lost, nothing doubled, no orphan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.siege import besieged, finish
from tests.acceptance.situations import SITUATIONS, besiege
from tests.promises import assert_promises

SEED = int(os.environ.get("INVOICE_SYNC_SEED", "20261122"))
ROUNDS = int(os.environ.get("KILL_ROUNDS", "1"))


@pytest.mark.fault("kill -9 at any moment")
@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("situation", SITUATIONS)
def test_killed_at_every_step_nothing_is_lost_nothing_doubled_and_no_orphan_left(
    tmp_path: Path, situation: str, number: int
) -> None:
    print(f"seed {SEED + number}")
    outcome = besiege(situation, tmp_path / "world", SEED + number)
    print(outcome)
    assert outcome.kills.total() >= 3
    assert outcome.clean, str(outcome)


def test_a_change_whose_sender_was_killed_and_that_was_taken_back_does_not_stay(tmp_path: Path) -> None:
    with besieged(tmp_path / "world", SEED) as siege:
        world = siege.world
        entity_id = world.invoice(comment="as it was", state=2)
        (comment,) = world.shop.invoices.row(entity_id)["comments"]
        finish(world)
        for step in ("salesforce.sent/invoices", "salesforce.sent/notes"):
            world.shop.change_state(entity_id, 1)
            world.shop.edit_comment(comment["entity_id"], "edited")
            siege.kill_at(step, "run", "--once")
            world.shop.change_state(entity_id, 2)
            world.shop.edit_comment(comment["entity_id"], "as it was")
            finish(world)
            assert_promises(world)
