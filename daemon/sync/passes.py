"""A poll, a request, or a minute of backfill or sweep, each a pass with its own books: the order of effects.

A star, not a chain: a pass calls everyone and nobody calls back. What Magento shows is committed before anything
depends on it, page by page with the scan's place; then what is due is delivered, and each answer is committed before
the next call.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from daemon.errors import InvoiceSyncError
from daemon.sync.deliveries import Deliveries
from daemon.sync.discovery.intake import Intake, Progress
from daemon.sync.health import LeftAlone, MagentoHealth, SalesforceHealth, SideHealth
from daemon.sync.renewal import Renewal
from daemon.sync.session import Sessions
from daemon.sync.tally import Left, Tally
from daemon.sync.tools import Tools
from state.kinds import SideName, Trigger

T = TypeVar("T")
_A_MINUTE = 60.0


@dataclass(kw_only=True)
class Passes:
    """Makes one pass at a time. ``cut_short``: a poll made way for a request, and goes on after it."""

    tools: Tools
    sessions: Sessions
    renewal: Renewal
    magento: MagentoHealth
    salesforce: SalesforceHealth
    intake: Intake
    deliveries: Deliveries
    cut_short: bool = False

    def poll(self, until: float) -> Tally:
        """Read new and changed invoices, and deliver; a search for unreadable records ends at ``until``."""
        self.cut_short = False
        with self._open("poll") as tally:
            done = not self.magento.is_open()
            while not done and not self._is_interrupted() and self.tools.clock.monotonic() < until:
                done = self._read(tally, partial(self.intake.take_page, tally, "poll")) is not Progress.MORE
                self._deliver(tally, full_only=True)
            self._deliver(tally)
            self._attempt(tally, self.magento, partial(self.intake.take_unreadable, tally), None)
            self._deliver(tally)
        return tally

    def backfill(self, enough: Callable[[], bool]) -> Tally:
        """Read pages of the backfill, and deliver, for a minute or until ``enough``."""
        until = self.tools.clock.monotonic() + _A_MINUTE
        with self._open("backfill") as tally:
            done = not self.magento.is_open()
            while not done:
                done = self._read(tally, partial(self.intake.take_page, tally, "backfill")) is not Progress.MORE
                self._deliver(tally, full_only=True)
                if self._is_interrupted() or enough() or self.tools.clock.monotonic() >= until:
                    break
            if not self._is_backfilling():
                self._deliver(tally)
        began_at = self.tools.store.checkpoints.current()
        if began_at is not None:  # its first page may have taken several passes
            self.intake.begin_rounds(began_at)
        return tally

    def sweep(self, enough: Callable[[], bool]) -> Tally:
        """Read pages of a sweep's round, and deliver, for a minute or until ``enough``."""
        until = self.tools.clock.monotonic() + _A_MINUTE
        with self._open("sweep") as tally:
            done = False
            while not done:
                done = self._read(tally, partial(self.intake.take_sweep_page, tally)) is not Progress.MORE
                self._deliver(tally, full_only=True)
                if self._is_interrupted() or enough() or self.tools.clock.monotonic() >= until:
                    break
            self._deliver(tally)
        return tally

    def sync(self, batches: Sequence[tuple[Sequence[int], bool]]) -> Tally:
        """Read these invoices and send just these; of each batch with whether its invoices were named one by one."""
        with self._open("request") as tally:
            for batch, named in batches:
                self.renewal.refresh(tally.log)
                self._attempt(tally, self.magento, partial(self.intake.take_asked, tally, batch, named=named), None)
                if tally.error is None:
                    self._attempt(tally, self.salesforce, partial(self.deliveries.deliver_these, tally, batch), None)
                self.tools.observer.progressed()
                if tally.error is not None or self.tools.stop.asked:
                    break
            self._attempt(tally, self.salesforce, tally.calls.require_answer, None)
        return tally

    def change_state(self, change: Callable[[], object]) -> Tally:
        """Make a pass of a change of the state that a person asked for."""
        with self._open("request") as tally:
            change()
        return tally

    def _read(self, tally: Tally, take: Callable[[], Progress]) -> Progress:
        self.renewal.refresh(tally.log)
        return self._attempt(tally, self.magento, take, Progress.NOT_NOW)

    def _deliver(self, tally: Tally, *, full_only: bool = False) -> None:
        """Deliver due invoices and notes; with ``full_only`` only full batches."""
        if tally.salesforce_failed or not self.salesforce.begins():
            return

        def deliver() -> None:
            self.deliveries.deliver_due(tally, self._is_interrupted, full_only=full_only)
            while not full_only and not self._is_interrupted() and self.deliveries.look_up_next(tally):
                self.deliveries.deliver_due(tally, self._is_interrupted)
            if not full_only:
                tally.calls.require_answer()

        self._attempt(tally, self.salesforce, deliver, None)

    def _attempt(self, tally: Tally, side: SideHealth, work: Callable[[], T], otherwise: T) -> T:
        """Do the work and note whether the side answered. Return ``otherwise`` when it did not, or the other side."""
        before = side.calls
        result = otherwise
        try:
            result = work()
        except LeftAlone:
            pass
        except InvoiceSyncError as error:
            tally.note_failure(error, of_salesforce=side is self.salesforce)
            sides: dict[SideName, SideHealth] = {"magento": self.magento, "salesforce": self.salesforce}
            sides[getattr(error, "side", side.side)].failed(error, tally.log)
            return otherwise
        if side.calls > before:
            side.answered(tally.log)
        return result

    def _is_interrupted(self) -> bool:
        """Return whether the end of the process or a person's request goes before the rest of this pass."""
        if self.tools.store.requests.waiting() is not None:
            self.cut_short = True
        return self.cut_short or self.tools.stop.asked

    def _is_backfilling(self) -> bool:
        return self.tools.store.scans.open("backfill") is not None

    @contextmanager
    def _open(self, trigger: Trigger) -> Iterator[Tally]:
        """Open a pass's books for the length of the block; then close and remember the books."""
        store, clock = self.tools.store, self.tools.clock
        self.renewal.refresh(self.tools.log)
        begun = store.passes.begin(trigger, self.tools.now())
        tally = Tally(begun, self.tools.log.bind(pass_id=begun.id))
        started, magento, salesforce = clock.monotonic(), self.magento.calls, self.salesforce.calls
        tally.log.debug("pass.started", trigger=trigger)
        yield tally
        if not self._is_backfilling():
            self.deliveries.guess_again()  # what was there already has been met; in a backfill more of it follows
        done = tally.close(
            self.tools.now(),
            self._left(tally),
            # New settings bring new clients, whose calls count from nothing.
            magento_calls=max(0, self.magento.calls - magento),
            salesforce_calls=max(0, self.salesforce.calls - salesforce),
        )
        store.passes.finish(done)
        seconds = clock.monotonic() - started
        self.tools.observer.pass_finished(done, seconds)
        tally.tell(seconds)

    def _left(self, tally: Tally) -> Left:
        """Return the due rows left over at the end of a pass."""
        options = self.sessions.current.settings.invoices
        if not options.enable_synchronization:
            return Left(0, with_next_page=False)
        automatic, ledger = options.enable_automatic_synchronization, self.tools.store.ledger
        count = ledger.count_due(self.tools.now(), automatic=automatic, but=tally.outcomes.keys())
        more = self._is_backfilling() and not self.tools.stop.asked
        return Left(count, with_next_page=more and self.salesforce.is_open())
