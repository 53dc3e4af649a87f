"""kill -9 of the real process, at every step and at any moment: nothing lost, nothing doubled, no orphan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.situations import SITUATIONS, besiege

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
