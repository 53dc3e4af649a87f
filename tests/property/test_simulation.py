"""Whatever happens on both sides and to the process: every promise is kept. Fresh seeds at each run.

SIMULATION_SECONDS says for how long, SIMULATION_SEED with which seed to begin; ``make soak`` does it for hours.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from itertools import count, product

import pytest
import requests

from tests.property.simulation.caught import CAUGHT
from tests.property.simulation.mutants import mutated
from tests.property.simulation.regressions import FOUND
from tests.property.simulation.soak import every_step, fresh_base, run_seed, soak
from tests.property.simulation.themes import MET_BY, THEMES
from tests.property.simulation.urls import PLAIN

# Measured for coverage, a schedule takes twice as long and more, and it runs nothing that other tests do not.
pytestmark = pytest.mark.no_cover

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


@pytest.mark.timeout(240)
def test_a_process_that_dies_at_whichever_step_of_a_schedule_breaks_no_promise() -> None:
    seed = next(seed for seed in count(BASE) if 60 <= run_seed(seed, die_at=0).steps <= 120)
    runs = list(every_step(seed))
    print(f"seed {seed}: {len(runs)} steps")
    for _, step, _ in runs:
        outcome = run_seed(seed, die_at=step)
        assert outcome.deaths == 1
        assert outcome.promise is None, f"seed {seed}, dying at step {step}, breaks {outcome.promise}: {outcome.what}"


@pytest.mark.parametrize("theme", THEMES)
def test_schedules_of_a_theme_meet_its_trouble_and_keep_every_promise(theme: str) -> None:
    outcomes = [run_seed(seed, theme=theme) for seed in range(BASE, BASE + 4)]
    assert any(outcome.met & MET_BY[theme] for outcome in outcomes)
    assert [(outcome.seed, outcome.what) for outcome in outcomes if outcome.promise] == []


@pytest.mark.parametrize(("seed", "found"), FOUND.items())
def test_what_a_seed_once_found_stays_mended(seed: int, found: str) -> None:
    outcome = run_seed(seed)
    assert outcome.promise is None, f"{outcome.promise}: {outcome.what}; it once found {found}"


def test_a_soak_runs_seeds_on_several_cores_and_says_what_came_of_them() -> None:
    command = [sys.executable, "-m", "tests.property.simulation", "--base", "3000000", "--seeds", "4", "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    first, *_, figures, verdict = done.stdout.splitlines()
    assert first == "base seed 3000000, 2 at a time"
    assert re.search(
        r"4 schedules, \d+ crashes, \d+ steps, 0 violations; .* a core does \d+ and \d+ a minute$", figures
    )
    assert verdict == "seeds 3000000 to 3000003: every promise was kept"


def test_a_soak_of_every_step_kills_the_process_once_in_each_run(capsys: pytest.CaptureFixture[str]) -> None:
    seed = 3000030  # a short one
    steps = run_seed(seed, die_at=0).steps
    assert soak(minutes=2, base=seed, at_most=1, steps=True) == 0
    figures, verdict = capsys.readouterr().out.splitlines()[-2:]
    assert f"{steps} schedules, {steps} crashes, " in figures
    assert verdict == f"seeds {seed} to {seed}: every promise was kept"


def test_a_soak_names_the_seed_that_breaks_a_promise_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    promise, seed = CAUGHT["fingerprint ignored"]
    with mutated("fingerprint ignored"):
        assert soak(minutes=1, base=seed, at_most=2) == 1
    said = capsys.readouterr().out
    assert f"VIOLATION of {promise} by seed {seed}: " in said
    assert f"{promise} by seed {seed}" in said.splitlines()[-1]


def test_a_url_that_the_simulation_takes_as_it_is_stays_as_it_is() -> None:
    single = [chr(n) for n in range(32, 127)] + [f"%{n:02{kind}}" for n in range(256) for kind in "Xx"]
    telling = ["a", "/", ".", "..", "%", "%2F", "%2E", "%5B", "?", "&", "=", "#", ":", "@", "[", "-", " "]
    parts = [*single, *map("".join, product(telling, repeat=3))]
    urls = [f"https://shop.example{start}{part}" for part in parts for start in ("/rest/a", "/", "/a?b=", "")]
    plain = [url for url in urls if PLAIN.fullmatch(url)]
    assert len(plain) > 1000
    assert [requests.Request("GET", url).prepare().url for url in plain] == plain


def test_the_same_seed_is_the_same_run() -> None:
    assert run_seed(BASE).trace == run_seed(BASE).trace
