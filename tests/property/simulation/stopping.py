"""Stops and continues the process, or puts its machine to sleep: time passes unnoticed."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.property.simulation.clock import Clock

_SECONDS = (20, 200, 700, 4000, 30_000)


class Stopping:
    """Stops the process now and then, at this rate."""

    def __init__(self, clock: Clock, random: Random, happened: Counter[str], rate: float) -> None:
        self.rate = rate
        self._clock = clock
        self._random = random
        self._happened = happened

    def at_a_step(self) -> bool:
        """Stop the process here for a while, by chance; return whether it was stopped."""
        if not self.rate or self._random.random() >= self.rate:
            return False
        sleeps = self._random.random() < 0.4
        self._clock.stand_still(self._random.choice(_SECONDS), asleep=sleeps)
        self._happened["slept" if sleeps else "stopped"] += 1
        return True
