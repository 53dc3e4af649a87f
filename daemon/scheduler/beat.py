"""Does all due work once a second, and stops the daemon for no passing failure."""

import os
import signal
import sqlite3
from collections.abc import Callable

from daemon.errors import AnotherOrg, InvoiceSyncError
from daemon.scheduler.stop import StopRequest
from daemon.sync import Process, Tools
from state.errors import StateError

BEAT_SECONDS = 1.0


class Beat:
    """Does all due work once a second, and stops the daemon for no passing failure."""

    def __init__(
        self,
        process: Process,
        stop: StopRequest,
        on_beat: Callable[[], object] = lambda: None,
        *,
        first: Callable[[], object] | None = None,
    ) -> None:
        self._process = process
        self._stop = stop
        self._on_beat = on_beat
        self._first = first
        self.marks = 0  # beats begun and ended
        self._hurried = False
        self._set_back = False
        self._said: str | None = None  # the failure that was logged last: the same one is not logged again
        self.ended_by: StateError | AnotherOrg | None = None

    @property
    def _tools(self) -> Tools:
        return self._process.tools

    def once(self) -> None:
        """Poll if a poll is due, or do the work requested by another process."""
        self.marks += 1
        if not self._stop.asked:
            self._do_what_is_due()
            self._on_beat()
        self.marks += 1

    def _do_what_is_due(self) -> None:
        if self._first is not None:
            first, self._first = self._first, None
            self._guard(first)
        if self._hurried or self._is_poll_due():
            self._hurried = False
            self.poll()
        elif self._tools.store.requests.waiting() is not None:
            self._guard(self._drain)

    def poll(self) -> None:
        """Poll, and do other open work, until no work is left for now."""
        if self._set_back:
            self._set_back = False
            self._guard(self._process.shorten_waits)
        begun_at = self._tools.clock.monotonic()
        self._process.poll_again()
        self._guard(self._drain)
        self._process.polled_at = max(self._process.polled_at or begun_at, begun_at)  # also when it could not begin

    def hurry(self) -> None:
        """Poll at the next beat, or after the pass under way."""
        self._hurried = True

    def clock_stepped(self, seconds: float) -> None:
        """Log the step of the wall clock; after a step back, the next poll shortens all waits."""
        self._tools.log.warning("clock.stepped", seconds=round(seconds))
        self._set_back = self._set_back or seconds < 0

    def _drain(self) -> None:
        while (done := self._process.next_pass(self._is_poll_due)) is not None:
            if isinstance(self._process.failure, AnotherOrg):
                raise self._process.failure
            if self._process.failure is not None and done.trigger != "request":
                return  # a side fails: the next poll tries again. A request has its answer, and delays nothing

    def _is_poll_due(self) -> bool:
        """Return whether a poll is due to the nearest beat, by the monotonic clock: people may set the other."""
        polled_at = self._process.polled_at
        interval = self._process.settings.schedule.poll_interval.total_seconds()
        return polled_at is None or self._tools.clock.monotonic() - polled_at >= interval - BEAT_SECONDS / 2

    def _guard(self, work: Callable[[], object]) -> None:
        """Do ``work`` and log its failure. Whatever was owed stays owed, and the next beat goes on."""
        try:
            work()
        except (StateError, AnotherOrg) as error:  # nothing more may be done with this state
            self._say(str(error), hint=error.hint)
            self.ended_by = error
            self._stop.ask()
            os.kill(os.getpid(), signal.SIGTERM)
        except InvoiceSyncError as error:
            self._say(str(error), hint=error.hint)
        except (sqlite3.Error, OSError) as error:
            hint = "Check that its disk has room, and that the file exists and is writable."
            self._say(f"the state at {self._tools.store.path} cannot be written: {error}", hint=hint)
        except Exception as error:  # noqa: BLE001  (a defect of ours must neither end the daemon nor stay unseen)
            self._say(f"unexpected {type(error).__name__}: {error}", hint=None)
        else:
            if self._said is not None:
                self._tools.log.info("pass.recovered", reason=self._said)
            self._said = None

    def _say(self, error: str, *, hint: str | None) -> None:
        """Log the failure, but not again when the next beat meets the same one a second later."""
        if error != self._said:
            self._said = error
            self._tools.log.error("pass.failed", error=error, hint=hint)
