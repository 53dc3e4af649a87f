"""Counts the failed calls of a pass to Salesforce: one may die of what it carries, two in a row tell of the side."""

from dataclasses import dataclass

from daemon.errors import Retriable
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.waiting import CALL

# After so many tries a record has been in a call of its own.
_ALONE_FROM = 7
_MOST_IN_A_ROW = 1
_MOST_ALONE = 5
_LOST_SECONDS = 60.0


def halvings(row: LedgerRow | NoteRow) -> int | None:
    """Return how often the call that a row goes in is halved: once for each try of one whose call failed.

    None: its last call was answered, so it may go with others that are tried again. First attempts are not halved.
    """
    if not row.attempts:
        return 0
    return min(row.attempts, _ALONE_FROM) if row.cause == CALL else None


def was_alone(row: LedgerRow | NoteRow) -> bool:
    """Return whether its last call failed and was about it alone: what it meets is its own matter."""
    return halvings(row) == _ALONE_FROM


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
