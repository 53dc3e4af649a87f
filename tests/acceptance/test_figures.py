"""Figures that are promised, on the real process; `python -m tests.acceptance.measure` prints the larger ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.figures import help_seconds, run_once, shop_of

MEASURING_COVERAGE = "COVERAGE_PROCESS_CONFIG" in os.environ


@pytest.mark.timeout(240)
@pytest.mark.skipif(MEASURING_COVERAGE, reason="measuring coverage takes memory of its own")
def test_peak_memory_hardly_grows_with_the_number_of_invoices(tmp_path: Path) -> None:
    peaks = []
    for invoices in (1_000, 4_000):
        with shop_of(invoices, tmp_path) as world:
            found = run_once(world)
            assert found.exit_code == 0
            assert world.compared().equal, str(world.compared())
            peaks.append(found.peak_megabytes)
    print(f"peak memory: {peaks[0]:.1f} MB, {peaks[1]:.1f} MB")
    assert peaks[1] - peaks[0] <= 10


def test_a_thousand_invoices_take_at_most_thirty_graph_calls_and_an_idle_poll_one_call(tmp_path: Path) -> None:
    with shop_of(1_000, tmp_path) as world:
        first = run_once(world)
        assert first.exit_code == 0
        assert first.graph_calls <= 30
        idle = run_once(world)
        assert (idle.magento_calls, idle.salesforce_calls) == (1, 0)


def test_help_answers_within_three_tenths_of_a_second() -> None:
    best = help_seconds()
    print(f"--help: {best:.3f} s")
    assert best <= (1.0 if MEASURING_COVERAGE else 0.3)
