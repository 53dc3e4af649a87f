"""Counts the failed calls of a pass to Salesforce: one may die of its records, two in a row tell of the side."""

from collections.abc import Sequence
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from daemon.errors import Busy, Retriable, Unreachable, Unreadable
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.waiting import CALL

# The most invoices in a call.
FULL = 75
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
    """Return whether a row's last call failed and was about this record alone: then the failure is the record's own."""
    return halvings(row) == _ALONE_FROM


def batch_of(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return the rows for one call: first attempts, retries, or rows with equally many failed calls.

    The latter go in ever smaller calls: the one that its calls die of is alone after seven, and delays no other.
    """
    halved = halvings(rows[0])
    return [row for row in rows if halvings(row) == halved][: max(1, FULL >> (halved or 0))]


def batch_of_notes(rows: Sequence[NoteRow]) -> list[NoteRow]:
    """Return the notes for one call: first attempts, retries, or notes with equally many failed calls.

    The latter go in ever smaller calls: the one that its calls die of is alone after seven, and delays no other, not
    even of its own invoice.
    """
    first, *_ = rows = sorted(rows, key=lambda row: (row.attempts, row.next_attempt_at or row.seen_at, row.comment_id))
    halved = halvings(first)
    alike = [row for row in rows if halvings(row) == halved]
    return alike[: max(1, FULL >> halved)] if halved else alike


def is_about_records(error: Retriable) -> bool:
    """Return whether a failed call to Salesforce may have died of its records."""
    if error.side != "salesforce" or (error.about is not None and not error.about):
        return False
    return not isinstance(error, Unreachable) or error.sent or isinstance(error, Unreadable)


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
        """Record an answered call: the calls before it died of their records."""
        self.answered = True
        self.unexplained = None
        self._in_a_row = 0

    def note_failure(self, error: Retriable, *, alone: bool, seconds: float) -> bool:
        """Record a failed call; return whether Salesforce must be down after so many.

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

    def bear(self, error: Retriable, log: FilteringBoundLogger, *, alone: bool, seconds: float, was_well: bool) -> None:
        """Go on after a failed call to Salesforce; raise the error when Salesforce itself is down.

        It is down when nothing could be sent, when it names a time to come back, when a second call about other records
        fails right after, and when it was failing before this pass (``was_well``: it was not) and has answered nothing
        since. So a side that is down costs two calls, then one a pass. ``alone``: the call was about one record that
        failed in a call of its own before.
        """
        if not is_about_records(error) or (isinstance(error, Busy) and error.retry_after is not None):
            raise error
        if not self.answered and not was_well:
            raise error
        if self.note_failure(error, alone=alone, seconds=seconds):
            raise error
        log.warning("call.failed", reason=str(error), hint="What it carried is tried again in smaller calls.")

    def require_answer(self) -> None:
        """Raise the failure of a call when no other call has told that Salesforce is up."""
        if self.unexplained is not None:
            raise self.unexplained
