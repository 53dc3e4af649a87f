"""The unchanging tools of a process: store, clock, chance, stop, log and observer."""

from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from daemon.clock import Clock
from daemon.observer import Observer
from state.store import Store


class Stop(Protocol):
    """Tells whether the process was asked to end; looked at between two calls."""

    @property
    def asked(self) -> bool:
        """True from the request to stop on."""


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools. ``log`` is the process's; within a pass, log with the pass's own, which names the pass."""

    store: Store
    clock: Clock
    random: Random
    stop: Stop
    log: FilteringBoundLogger
    observer: Observer = field(default_factory=Observer)

    def now(self) -> datetime:
        """Return the wall clock in whole seconds, the unit of the state."""
        return self.clock.now().replace(microsecond=0)
