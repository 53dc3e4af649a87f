"""Whether passes get on, by the monotonic clock: what systemd's watchdog is fed for."""

from daemon.scheduler.beat import Beat
from daemon.settings import Settings
from daemon.sync import Process


class Progress:
    """Looks at marks that only the thread which does the passes makes: beats begun or ended, calls begun, sign-ins.

    The main thread, which asks each second, could ping for ever while a pass hangs; so it feeds the watchdog only
    while one of these marks is new enough. Between two of them there may be, by right, a call that takes all of its
    time and a sign-in that takes as much (``magento.timeout`` and ``salesforce.timeout`` are up to ten minutes), then
    what is done without a call: a page written, a state copied, half a minute's wait for another process that writes
    to it. That is given as long again as systemd waits by itself (WatchdogSec).

    So systemd may wait a minute or two for a thread that does not answer at all, and a pass that hangs is ended after
    twice the longest timeout plus twice WatchdogSec; a call that is slow within its settings is never ended by it.
    """

    def __init__(self, process: Process, beat: Beat, slack: float | None) -> None:
        self._process = process
        self._beat = beat
        self._slack = slack
        self._marks = self._look()
        self._at = process.tools.clock.monotonic()

    def is_made(self) -> bool:
        """Whether there was a new mark lately enough; never where nobody waits for it."""
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
    """The seconds that one call may take by the settings in force."""
    return max(settings.magento.timeout, settings.salesforce.timeout).total_seconds()
