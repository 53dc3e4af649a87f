"""Tells a state from an older copy in its place, and from a new state after a loss."""

from secrets import token_hex

from state.facts import Facts
from state.file.lock import generation_beside, write_generation

_FACT = "mark"


class Generation:
    """A random word in the state and the same word beside the state, renewed when a process begins or ends its work.

    The word beside the state is written first: a crash between the two makes the state look like a copy, never a copy
    like the state.
    """

    def __init__(self, facts: Facts, lock: int | None) -> None:
        self._facts = facts
        self._lock = lock

    def fits(self) -> bool:
        """Return whether the last process left this very state here."""
        return self._lock is None or self._facts.get(_FACT) == generation_beside(self._lock)

    def renew(self) -> None:
        """Write another word, so that earlier copies differ from the state."""
        if self._lock is not None:
            word = token_hex(8)
            write_generation(self._lock, word)
            self._facts.learn(_FACT, word)
