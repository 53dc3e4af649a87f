"""Counts the failed calls of a pass to Salesforce: one may die of what it carries, two in a row tell of the side."""

from dataclasses import dataclass

from daemon.errors import Retriable

# How often a record has failed when the last time was in a call of its own: what it meets then is its own matter.
ALONE_FROM = 7
_MOST_IN_A_ROW = 1
_MOST_ALONE = 5
_LOST_SECONDS = 60.0


@dataclass
class CallFailures:
    """The calls of one pass; ``unexplained``: the failure since which no call was answered."""

    answered: bool = False
    unexplained: Retriable | None = None
    _in_a_row: int = 0
    _alone: int = 0
    _failed: int = 0
    _seconds: float = 0.0

    @property
    def enough(self) -> bool:
        """Return whether failed calls have cost this pass so much that the rest is left to the next one."""
        return self._alone >= _MOST_ALONE or (self._failed > 1 and self._seconds > _LOST_SECONDS)

    def note_answer(self) -> None:
        """Record that Salesforce answered a call: what failed before died of what it carried."""
        self.answered = True
        self.unexplained = None
        self._in_a_row = 0

    def note_failure(self, error: Retriable, *, alone: bool, seconds: float) -> bool:
        """Record a failed call; return whether it is one too many for Salesforce to be up.

        ``alone``: it was about one record that failed in a call of its own before.
        """
        self._failed += 1
        self._seconds += seconds
        if alone:
            self._alone += 1
            return False
        self._in_a_row += 1
        self.unexplained = None if self.answered else error
        return self._in_a_row > _MOST_IN_A_ROW

    def require_answer(self) -> None:
        """Raise the failure of a call when no other call has told that Salesforce is up."""
        if self.unexplained is not None:
            raise self.unexplained
