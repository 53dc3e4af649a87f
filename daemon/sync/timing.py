"""Says when to try again, and until when an unanswered call may still commit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.sync.tools import Tools

RETRY_FIRST = timedelta(seconds=30)
RETRY_LONGEST = timedelta(minutes=15)
FAILED_AGAIN = timedelta(days=1)
# A call without an answer may still commit, as late as Salesforce lets a request run.
UNANSWERED_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which an answer is recorded.

    ``called_at``: when the answered call began; ``cleared_until``: until when a call about what was cleared since may
    still commit.
    """

    now: datetime
    called_at: datetime
    cleared_until: datetime | None = None

    def unanswered_until(self, again_at: datetime | None = None) -> datetime | None:
        """Return until when an earlier unanswered call may still commit over this one; None if none can.

        Salesforce did it at ``called_at``, however late it answered. ``again_at``: what the row says; the state itself
        remembers what rows said that were cleared. No call runs longer than Salesforce lets it, whatever a clock said.
        """
        until = [at for at in (again_at, self.cleared_until) if at is not None and at > self.called_at]
        return min(max(until), self.now + UNANSWERED_AGAIN) if until else None


class Timing:
    """Tells the time, and the times of retries."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._cleared_until: datetime | None = None

    def recall(self) -> None:
        """Take up from the state until when a call about cleared records may still commit."""
        self._cleared_until = self._tools.store.unanswered.forgotten_until()

    def now(self) -> datetime:
        """Return the wall clock in whole seconds."""
        return self._tools.now()

    def since(self, called_at: datetime) -> Moment:
        """Return the moment for recording an answer to a call from ``called_at``."""
        return Moment(self.now(), called_at, self._cleared_until)

    def tomorrow(self) -> datetime:
        """Return the time of the next try of a failed record."""
        return self.now() + FAILED_AGAIN

    def retry_at(self, attempts: int, retry_after: float | None = None) -> datetime:
        """Return when a passing failure is tried again: growing, at most 15 minutes, and never all at one moment."""
        if retry_after is not None:
            return self.now() + timedelta(seconds=retry_after)
        longest = min(RETRY_LONGEST, RETRY_FIRST * (1 << min(attempts, 10)))
        return self.now() + longest * self._tools.random.uniform(0.5, 1.0)
