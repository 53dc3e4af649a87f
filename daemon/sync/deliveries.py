"""Delivers due invoices and notes, batch by batch: reads again where necessary, sends, then attaches the notes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.sync.delivery.call_failures import FULL, batch_of
from daemon.sync.delivery.invoices import InvoiceDelivery
from daemon.sync.delivery.lookup import Lookup
from daemon.sync.delivery.notes.attach import NoteDelivery
from daemon.sync.delivery.systemic import RejectedAlike
from daemon.sync.discovery.intake import Intake
from daemon.sync.renewal import Renewal
from daemon.sync.session import Sessions
from daemon.sync.tally import Tally
from daemon.sync.tools import Tools
from state.ledger import LedgerRow


@dataclass(kw_only=True)
class Deliveries:
    """Chooses due rows, has discovery read them again as values, and hands them to delivery, then to notes."""

    tools: Tools
    sessions: Sessions
    renewal: Renewal
    intake: Intake
    alike: RejectedAlike
    invoices: InvoiceDelivery
    notes: NoteDelivery
    lookup: Lookup

    def deliver_due(self, tally: Tally, is_interrupted: Callable[[], bool], *, full_only: bool = False) -> None:
        """Send all due invoices and notes, a batch a call; with ``full_only`` only full batches.

        Raise when Salesforce (or Magento, for reading again) cannot be worked with; what was answered is remembered.
        """
        while not is_interrupted() and not tally.calls.enough:
            self.renewal.refresh(tally.log)
            options = self.sessions.current.settings.invoices
            if not options.enable_synchronization:
                return
            automatic = options.enable_automatic_synchronization
            rows = self.tools.store.ledger.due(self.tools.now(), automatic=automatic, limit=FULL)
            if full_only and len(rows) < FULL:
                return
            if rows:
                self._deliver_batch(tally, rows, automatic=automatic)
            elif not self._attach(tally, None):
                return

    def deliver_these(self, tally: Tally, entity_ids: Sequence[int]) -> None:
        """Send just these invoices, as far as they are owed, and their notes."""
        known = self.tools.store.ledger.known(entity_ids)
        owed = [row.entity_id for row in known.values() if row.sync_status == "pending"]
        if owed and self.sessions.current.settings.invoices.enable_synchronization:
            self._send(tally, owed, until_alike=False)
        self._attach(tally, entity_ids)

    def look_up_next(self, tally: Tally) -> bool:
        """Look up the next held or skipped invoices in Salesforce; return False when none are left."""
        return self.lookup.look_up_next(tally.log)

    def guess_again(self) -> None:
        """Stop asking Salesforce for existing records before each call: by now those have been met."""
        self.invoices.guess_again()
        self.notes.guess_again()

    def _deliver_batch(self, tally: Tally, rows: Sequence[LedgerRow], *, automatic: bool) -> None:
        probes = self.alike.choose_probes(automatic=automatic)
        batch = [row.entity_id for row in probes or batch_of(rows)[: self.intake.batch(FULL)]]
        self._send(tally, batch, until_alike=True)
        if probes:
            self.alike.require_accepted(tally, probes)
        self._attach(tally, batch)
        self.intake.forget(batch)
        self.tools.observer.progressed()

    def _send(self, tally: Tally, entity_ids: Sequence[int], *, until_alike: bool) -> None:
        tally.note_due(entity_ids)
        newest = self.intake.newest(tally, entity_ids)
        self.invoices.send(tally, entity_ids, newest, until_alike=until_alike)

    def _attach(self, tally: Tally, entity_ids: Sequence[int] | None) -> bool:
        """Send the due notes of these invoices (None: of the next ones with any); return whether more may go."""
        rows = self.notes.choose(tally, entity_ids, at_most=self.intake.batch(FULL))
        if not rows:
            return False
        newest = self.intake.newest(tally, sorted({row.entity_id for row in rows}), orders=False)
        self.notes.attach(tally, rows, newest)
        return self.notes.may_go()
