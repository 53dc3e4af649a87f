"""Takes in Magento's pages and invoices: reads values, commits them in one transaction, enters them into the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from daemon.invoice import Invoice
from daemon.sync.decide import ANOTHER, set_aside
from daemon.sync.discovery.fresh import FreshInvoices
from daemon.sync.discovery.records import RecordReader
from daemon.sync.discovery.reread import Reread, Rereader, remember_reread
from daemon.sync.discovery.scan import ScanPage, ScanReader, remember_page
from daemon.sync.discovery.sweep import Sweep, remember_sweep
from daemon.sync.health import LeftAlone, MagentoHealth
from daemon.sync.session import Sessions
from daemon.sync.tally import Tally
from daemon.sync.timing import Timing
from daemon.sync.tools import Tools
from state.dismissal import is_dismissed
from state.kinds import ScanKind

# Each costs a call or two; the others are tried by the passes that follow.
_UNREADABLE_A_PASS = 20
_UNREADABLE_SECONDS = 60.0


class Progress(Enum):
    """The progress of a scan by one look at its next page."""

    MORE = "there are more pages"
    LAST = "that was the last page"
    NOT_NOW = "Magento cannot be read now"


@dataclass(kw_only=True)
class Intake:
    """Reads pages, rounds and chosen invoices into the ledger."""

    tools: Tools
    timing: Timing
    sessions: Sessions
    scans: ScanReader
    sweep: Sweep
    rereader: Rereader
    records: RecordReader
    magento: MagentoHealth
    fresh: FreshInvoices

    def is_sweep_due(self) -> bool:
        """Return whether a round of the sweep is under way, or due."""
        return self.sweep.is_due(self.sessions.current)

    def begin_rounds(self, at: datetime) -> None:
        """Have the first rounds of the sweep due one interval after ``at``, when a backfill began."""
        self.sweep.begin_rounds(self.sessions.current, at)

    def take_page(self, tally: Tally, kind: ScanKind) -> Progress:
        """Take in the next page of the open scan of this kind."""
        return self._enter(tally, self.scans.next_page(self.sessions.current, kind))

    def take_sweep_page(self, tally: Tally) -> Progress:
        """Take in the next page of the most pressing round."""
        page = self.sweep.next_page(self.sessions.current)
        if page is None:
            return Progress.LAST
        if not page.is_read:
            return self._enter(tally, self.scans.pass_over(page.scan, page.unreadable))
        if page.differing:
            found = self.rereader.read(self.sessions.current, page.differing, seen_by="sweep")
            self._enter_reread(tally, found, counted=True)
        remember_sweep(self.tools.store, page)
        return Progress.LAST if page.last else Progress.MORE

    def take_asked(self, tally: Tally, entity_ids: Sequence[int], *, named: bool) -> None:
        """Take in invoices that a person asked for; ``named``: one by one."""
        found = self.rereader.read(self.sessions.current, entity_ids, asked=True, named=named, seen_by="request")
        self._enter_reread(tally, found, counted=True)

    def take_again(self, tally: Tally, entity_ids: Sequence[int]) -> None:
        """Take in due invoices, read again before their sending; the books do not count them as seen."""
        self._enter_reread(tally, self.rereader.read(self.sessions.current, entity_ids), counted=False)

    def take_unreadable(self, tally: Tally) -> None:
        """Try some of the invoices that Magento could not show a day ago, each with a call of its own, for a while.

        Also what was dismissed, of which only a change is told.
        """
        ledger, clock = self.tools.store.ledger, self.tools.clock
        until = clock.monotonic() + _UNREADABLE_SECONDS
        for entity_id in ledger.corrupt_due(self.tools.now(), _UNREADABLE_A_PASS):
            if self.tools.stop.asked or clock.monotonic() > until:
                break
            self.take_again(tally, [entity_id])
            row = ledger.known([entity_id])[entity_id]
            if row.corrupt and not is_dismissed(row):
                tally.outcomes[entity_id] = "failed"

    def newest(self, tally: Tally, entity_ids: Sequence[int], *, orders: bool = True) -> dict[int, Invoice]:
        """Return Magento's newest version of the sendable invoices; take in changes since they were last read.

        ``orders``: not those whose order Magento cannot show; for notes no order is needed. Raise LeftAlone when some
        are to be read again and Magento is not to be called now: they wait for it. One that is not what the ledger says
        it is is set aside: left pending it would be due again at once, and so for ever.
        """
        missing = self.fresh.missing(entity_ids, orders=orders)
        if missing and not self.magento.is_open():
            raise LeftAlone
        if missing:
            self.take_again(tally, missing)
        ledger = self.tools.store.ledger
        found = self.fresh.among(ledger.known(entity_ids), entity_ids, orders=orders)
        again_at = self.timing.tomorrow()
        ledger.write(set_aside(row, ANOTHER, again_at) for row in found.others)
        return found.invoices

    def batch(self, most: int) -> int:
        """Return how many of so many invoices to read and send together, before the first read is old."""
        return self.records.batch(most)

    def forget(self, entity_ids: Sequence[int]) -> None:
        """Forget what was read of these: they were sent."""
        self.fresh.drop(entity_ids)

    def _enter(self, tally: Tally, page: ScanPage) -> Progress:
        remember_page(self.tools.store, page)
        self.fresh.keep(page.news.useful)
        tally.note_decided(page.news.rows, page.news.seen)
        return Progress.LAST if page.last else Progress.MORE

    def _enter_reread(self, tally: Tally, found: Reread, *, counted: bool) -> None:
        remember_reread(self.tools.store, found)
        self.fresh.keep(found.news.useful)
        if counted:
            tally.note_decided(found.decided, found.seen)
        else:
            tally.tell_decided(found.decided)
        tally.note_gone(found.told_gone)
