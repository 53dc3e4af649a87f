"""Runs seeds until the time is over and prints the outcomes: ``python -m tests.property.simulation``."""

from __future__ import annotations

import argparse
import os
import sys

from tests.property.simulation.soak import hunt, soak
from tests.property.simulation.themes import THEMES


def main() -> int:
    """Run the command; return 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.simulation", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--base", type=int, default=None, help="the first seed; drawn and printed when not given")
    parser.add_argument("--seeds", type=int, default=None, help="stop after so many")
    parser.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)), help="so many at a time; else all cores"
    )
    parser.add_argument("--mutants", action="store_true", help="hunt the wrong versions of the protocol instead")
    parser.add_argument("--every-step", action="store_true", help="each seed as often as it has steps, dying at each")
    parser.add_argument("--theme", choices=sorted(THEMES), help="this kind of trouble in every seed")
    options = parser.parse_args()
    if options.mutants:
        return hunt(base=options.base)
    return soak(
        minutes=options.minutes,
        base=options.base,
        at_most=options.seeds,
        jobs=options.jobs,
        steps=options.every_step,
        theme=options.theme,
    )


if __name__ == "__main__":
    sys.exit(main())
