"""A wrong version of the protocol does not pass the simulation, and the right one does, with the same seed."""

from __future__ import annotations

import pytest

from tests.property.simulation.caught import CAUGHT
from tests.property.simulation.mutants import MUTANTS, mutated
from tests.property.simulation.soak import run_seed

# Measured for coverage, a schedule takes twice as long and more, and it runs nothing that other tests do not.
pytestmark = pytest.mark.no_cover

# A seed says other things after a change of the daemon's steps. Then one of those that follow it catches the mutant.
_SEEDS = 150


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_by_a_seed_that_passes_without_it(name: str) -> None:
    promise, first = CAUGHT[name]
    for seed in range(first, first + _SEEDS):
        with mutated(name):
            outcome = run_seed(seed)
        if outcome.promise is not None:
            break
    print(f"{name}: {outcome.promise} by seed {seed}, once {promise} by seed {first}")
    assert outcome.promise is not None, f"no seed from {first} on catches it"
    right = run_seed(seed)
    assert right.promise is None, f"seed {seed} breaks {right.promise} without any mutant: {right.what}"


def test_no_seed_is_kept_for_a_mutant_that_is_gone() -> None:
    assert set(CAUGHT) == set(MUTANTS)
