"""Tells a state from an older copy of it that was put back, and from one that was lost and began anew."""

from secrets import token_hex
from typing import TYPE_CHECKING

from state.file.lock import generation_beside, write_generation

if TYPE_CHECKING:
    from state.store import Store

_FACT = "mark"


class Generation:
    """A word in the state and the same word beside it, another one whenever a process begins or ends its work.

    It is written beside the state first: a crash between the two makes the state look like a copy, never a copy like
    the state.
    """

    def __init__(self, store: "Store", lock: int | None) -> None:
        self._store = store
        self._lock = lock

    def fits(self) -> bool:
        """Whether this is the state that the last process left here."""
        return self._lock is None or self._store.facts.get(_FACT) == generation_beside(self._lock)

    def renew(self) -> None:
        """From now on a copy made before is told from it."""
        if self._lock is not None:
            word = token_hex(8)
            write_generation(self._lock, word)
            self._store.facts.learn(_FACT, word)
