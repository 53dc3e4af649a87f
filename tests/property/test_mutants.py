"""A wrong version of the protocol does not pass the simulation, and the right one does, with the same seed."""

from __future__ import annotations

import pytest

from tests.property.simulation.caught import CAUGHT
from tests.property.simulation.mutants import MUTANTS, mutated
from tests.property.simulation.soak import run_seed


@pytest.mark.parametrize("name", CAUGHT)
def test_a_mutant_is_caught_by_its_seed(name: str) -> None:
    promise, seed = CAUGHT[name]
    with mutated(name):
        outcome = run_seed(seed)
    assert outcome.promise is not None, f"seed {seed} lets {name!r} pass, which once broke {promise}: find another seed"


@pytest.mark.parametrize("seed", sorted({seed for _, seed in CAUGHT.values()}))
def test_the_right_protocol_passes_with_the_same_seed(seed: int) -> None:
    outcome = run_seed(seed)
    assert outcome.promise is None, f"{outcome.promise}: {outcome.what}"


def test_every_mutant_has_a_seed_that_catches_it() -> None:
    assert set(CAUGHT) == set(MUTANTS)
