"""Tells by the monotonic clock whether passes make progress, and so whether to feed systemd's watchdog."""

from daemon.scheduler.beat import Beat
from daemon.settings import Settings
from daemon.sync import Process


class Progress:
    """Watches marks made only by the thread of the passes: beats begun or ended, calls begun, sign-ins.

    The main thread asks each second, and could feed the watchdog for ever while a pass hangs. So it feeds the watchdog
    only while one of these marks is new enough. Between two marks there may be a call that takes its whole timeout and
    a sign-in that takes as long (``magento.timeout`` and ``salesforce.timeout`` are up to ten minutes), and then work
    without a call: writing a page, copying the state, waiting half a minute for another process that writes to the
    state. This work is given WatchdogSec once more.

    So systemd ends a pass that hangs after twice the longest timeout plus twice WatchdogSec. It never ends a call that
    is slow within its settings.
    """

    def __init__(self, process: Process, beat: Beat, slack: float | None) -> None:
        self._process = process
        self._beat = beat
        self._slack = slack
        self._marks = self._look()
        self._at = process.tools.clock.monotonic()

    def is_made(self) -> bool:
        """Return whether the last new mark is recent enough; always False without a watchdog."""
        if self._slack is None:
            return False
        now, marks = self._process.tools.clock.monotonic(), self._look()
        if marks != self._marks:
            self._marks, self._at = marks, now
        return now - self._at <= 2 * longest_timeout(self._process.settings) + self._slack

    def _look(self) -> tuple[int, ...]:
        magento, salesforce = self._process.session.magento, self._process.session.salesforce
        return self._beat.marks, magento.calls, magento.sign_ins, salesforce.connection.calls


def longest_timeout(settings: Settings) -> float:
    """Return how many seconds one call may take by the settings in force."""
    return max(settings.magento.timeout, settings.salesforce.timeout).total_seconds()
