"""Fresh seeds, one after another, for as long as one likes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

from tests.property.simulation.schedule import Outcome, Schedule

_MEMORY = Path("/dev/shm")


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on a memory-backed disk where there is one: what is proved does not depend on the disk."""
    made = Path(tempfile.mkdtemp(prefix="simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield made
    finally:
        shutil.rmtree(made)


def run_seed(seed: int, *, die_at: int | None = None) -> Outcome:
    """One schedule; with ``die_at`` the process dies at just that step, and at no other."""
    with folder() as place:
        return Schedule(seed, place, die_at=die_at).run()


def fresh_base() -> int:
    """A first seed that nobody has chosen."""
    return SystemRandom().randrange(10**9)


def soak(*, minutes: float, base: int | None = None, at_most: int | None = None, say_every: float = 60.0) -> int:
    """Run seeds from ``base`` on and print figures every minute; 1 when any promise was broken."""
    base = fresh_base() if base is None else base
    print(f"base seed {base}", flush=True)
    totals: Counter[str] = Counter()
    begun, said, processor = time.monotonic(), time.monotonic(), time.process_time()
    seed = base
    while time.monotonic() - begun < 60 * minutes and (at_most is None or seed - base < at_most):
        outcome = run_seed(seed)
        totals.update(schedules=1, steps=outcome.steps, crashes=outcome.deaths)
        if outcome.promise is not None:
            totals["violations"] += 1
            print(f"VIOLATION of {outcome.promise} by seed {seed}: {outcome.what}", flush=True)
        seed += 1
        if time.monotonic() - said >= say_every:
            said = time.monotonic()
            print(_figures(totals, said - begun, time.process_time() - processor), flush=True)
    print(_figures(totals, time.monotonic() - begun, time.process_time() - processor), flush=True)
    return 1 if totals["violations"] else 0


def _figures(totals: Counter[str], seconds: float, processor: float) -> str:
    schedules, crashes = totals["schedules"], totals["crashes"]
    return (
        f"{seconds / 60:.1f} min: {schedules} schedules, {crashes} crashes, {totals['steps']} steps, "
        f"{totals['violations']} violations; {60 * schedules / seconds:.0f} schedules and {60 * crashes / seconds:.0f} "
        f"crashes a minute; {60 * schedules / processor:.0f} and {60 * crashes / processor:.0f} a minute of processor"
    )


def hunt(*, seconds: float = 60.0, base: int | None = None) -> int:
    """Fresh seeds against each mutant until one catches it: a line for each; 1 when any lives longer than that."""
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
