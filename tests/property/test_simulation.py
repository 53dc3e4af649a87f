"""Whatever happens on both sides and to the process: every promise is kept. Fresh seeds at each run.

SIMULATION_SECONDS says for how long, SIMULATION_SEED with which seed to begin; ``make soak`` does it for hours.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.property.simulation.regressions import FOUND
from tests.property.simulation.soak import fresh_base, run_seed

SECONDS = float(os.environ.get("SIMULATION_SECONDS", "5"))
BASE = int(os.environ.get("SIMULATION_SEED") or fresh_base())


@pytest.mark.timeout(120 + 2 * SECONDS)
def test_fresh_seeds_break_no_promise() -> None:
    print(f"base seed {BASE}")
    until, seed = time.monotonic() + SECONDS, BASE
    while time.monotonic() < until:
        outcome = run_seed(seed)
        assert outcome.promise is None, f"seed {seed} breaks {outcome.promise}: {outcome.what}"
        seed += 1
    print(f"{seed - BASE} seeds")


@pytest.mark.parametrize(("seed", "found"), FOUND.items())
def test_what_a_seed_once_found_stays_mended(seed: int, found: str) -> None:
    outcome = run_seed(seed)
    assert outcome.promise is None, f"{outcome.promise}: {outcome.what}; it once found {found}"


def test_the_same_seed_is_the_same_run() -> None:
    assert run_seed(BASE).trace == run_seed(BASE).trace
