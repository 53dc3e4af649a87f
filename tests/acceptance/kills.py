"""Kills the real process again and again and prints the outcome: ``python -m tests.acceptance.kills [KILLS]``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.acceptance.siege import Outcome
from tests.acceptance.situations import SITUATIONS, besiege


def run(kills: int, seed: int) -> Outcome:
    """Run rounds of all situations, each with another seed, up to so many kills."""
    total, begun = Outcome(), time.monotonic()
    while total.kills.total() < kills:
        for situation in SITUATIONS:
            with TemporaryDirectory() as folder:
                outcome = besiege(situation, Path(folder) / "world", seed)
            total.add(outcome)
            said = "well" if outcome.clean else "NOT WELL"
            print(f"seed {seed}, {situation}: {outcome.kills.total()} kills, {said}", flush=True)
            if not outcome.clean:
                print(outcome, flush=True)
        seed += 1
    print(f"{total}\nin {time.monotonic() - begun:.0f} s")
    return total


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else Random().randrange(10**6)
    sys.exit(0 if run(wanted, first).clean else 1)
