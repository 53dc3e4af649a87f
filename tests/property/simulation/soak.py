"""Runs fresh seeds, one after another, for any time."""

from __future__ import annotations

import gc
import math
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import cache
from itertools import chain, count, islice, repeat, takewhile
from pathlib import Path
from random import SystemRandom

from tests.property.simulation.schedule import Outcome, Schedule
from tests.property.simulation.themes import MET_BY
from tests.property.simulation.urls import plain_urls

_MEMORY = Path("/dev/shm")


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for the block, in memory where possible: the proof does not depend on the disk."""
    made = Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Run Python's search for cycles less often in this block: it costs a schedule a tenth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@cache
def keep_modules() -> None:
    """Leave the objects of loaded modules out of Python's search for cycles."""
    gc.collect()
    gc.freeze()


def run_seed(seed: int, *, die_at: int | None = None, theme: str | None = None) -> Outcome:
    """Run one schedule; with ``die_at`` the process dies at just that step."""
    keep_modules()
    with folder() as place, plain_urls(), rare_collections():
        return Schedule(seed, place, die_at=die_at, theme=theme).run()


# A seed, the only step to die at, or None, and the theme, or None.
Run = tuple[int, int | None, str | None]


def every_step(seed: int, theme: str | None = None) -> Iterator[Run]:
    """Yield the same schedule with a death at its first step, at its second, up to its last."""
    yield from ((seed, step, theme) for step in range(1, run_seed(seed, die_at=0, theme=theme).steps + 1))


def fresh_base() -> int:
    """Draw a first seed."""
    return SystemRandom().randrange(10**9)


def soak(
    *,
    minutes: float,
    base: int | None = None,
    at_most: int | None = None,
    jobs: int = 1,
    steps: bool = False,
    theme: str | None = None,
    say_every: float = 60.0,
) -> int:
    """Run seeds from ``base`` on, ``jobs`` at a time; figures every minute and at the end. Return 1 for a broken
    promise.

    ``steps``: run each seed once for every step of it, with a death at just that step.
    """
    base = fresh_base() if base is None else base
    print(f"base seed {base}, {jobs} at a time", flush=True)
    sums = Sums(base)
    said, until = time.monotonic(), time.monotonic() + 60 * minutes
    seeds = islice(count(base), at_most)
    runs = (
        chain.from_iterable(every_step(seed, theme) for seed in seeds)
        if steps
        else zip(seeds, repeat(None), repeat(theme))
    )
    try:
        for outcome, processor in _outcomes(takewhile(lambda _: time.monotonic() < until, runs), jobs):
            sums.add(outcome, processor)
            if time.monotonic() - said >= say_every:
                said = time.monotonic()
                print(sums.figures(), flush=True)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    print(sums.kinds(), flush=True)
    print(sums.figures(), flush=True)
    print(sums.verdict(), flush=True)
    return 1 if sums.broken else 0


class Sums:
    """The sums over all seeds so far."""

    def __init__(self, base: int) -> None:
        self.base = self.last = base
        self.schedules = self.steps = self.crashes = 0
        self.processor = 0.0  # seconds, of all processes
        self.notes = self.doubled = 0
        self.met: Counter[str] = Counter()
        self.broken: dict[int, str] = {}
        self._begun = time.monotonic()

    def add(self, outcome: Outcome, processor: float) -> None:
        """One seed more; a broken promise is said at once."""
        self.schedules += 1
        self.last = max(self.last, outcome.seed)
        self.steps += outcome.steps
        self.crashes += outcome.deaths
        self.processor += processor
        self.notes += outcome.notes
        self.doubled += outcome.doubled
        self.met.update([] if outcome.theme is None or not outcome.met & MET_BY[outcome.theme] else [outcome.theme])
        if outcome.promise is not None:
            self.broken[outcome.seed] = outcome.promise
            where = "" if outcome.died_at is None else f", which dies at step {outcome.died_at}"
            print(f"VIOLATION of {outcome.promise} by seed {outcome.seed}{where}: {outcome.what}", flush=True)

    def figures(self) -> str:
        """Return a line: the amount of runs, and the speed of one core."""
        seconds, processor = time.monotonic() - self._begun, self.processor or math.inf
        done, crashes = 60 * self.schedules, 60 * self.crashes
        return (
            f"{seconds / 60:.1f} min: {self.schedules} schedules, {self.crashes} crashes, {self.steps} steps, "
            f"{len(self.broken)} violations; "
            f"{done / seconds:.0f} schedules and {crashes / seconds:.0f} crashes a minute; "
            f"a core does {done / processor:.0f} and {crashes / processor:.0f} a minute"
        )

    def kinds(self) -> str:
        """Return a line: the number of schedules for each theme, and of comments with more than one note."""
        met = ", ".join(f"{name} {count}" for name, count in sorted(self.met.items()))
        return f"met: {met or 'no theme'}; {self.notes} notes, {self.doubled} doubled"

    def verdict(self) -> str:
        """Return a line: the seeds, and the promises broken by them."""
        found = ", ".join(f"{promise} by seed {seed}" for seed, promise in sorted(self.broken.items()))
        return f"seeds {self.base} to {self.last}: {found or 'every promise was kept'}"


def _outcomes(runs: Iterator[Run], jobs: int) -> Iterator[tuple[Outcome, float]]:
    """Yield each run's outcome as it comes, with its processor seconds."""
    if jobs == 1:
        yield from map(_timed, runs)
        return
    with ProcessPoolExecutor(jobs, initializer=_leave_interrupts) as pool:
        waiting = {pool.submit(_timed, run) for run in islice(runs, 2 * jobs)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {pool.submit(_timed, run) for run in islice(runs, len(done))}
            yield from (future.result() for future in done)


def _timed(run: Run) -> tuple[Outcome, float]:
    begun = time.process_time()
    seed, step, theme = run
    try:
        outcome = run_seed(seed, die_at=step, theme=theme)
    except Exception as error:  # noqa: BLE001  (a defect, of whichever side: it must not end the soak unnamed)
        outcome = Outcome(seed, "L1", f"the run ended by {type(error).__name__}: {error}", 0, 0, "", step, theme)
    return outcome, time.process_time() - begun


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the process that prints the outcome."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def hunt(*, seconds: float = 60.0, base: int | None = None) -> int:
    """Run fresh seeds against each mutant until one catches it; print a line each; return 1 if a mutant survives."""
    from tests.property.simulation.mutants import MUTANTS, mutated

    base = fresh_base() if base is None else base
    print(f"base seed {base}", flush=True)
    living = 0
    for name in MUTANTS:
        begun, seed = time.process_time(), base
        with mutated(name):
            outcome = run_seed(seed)
            while outcome.promise is None and time.process_time() - begun < seconds:
                seed += 1
                outcome = run_seed(seed)
        living += outcome.promise is None
        spent = f"{seed - base + 1} seeds, {time.process_time() - begun:.1f} s"
        print(f"{name:50} {outcome.promise or 'LIVES':6} {spent}", flush=True)
    return 1 if living else 0
