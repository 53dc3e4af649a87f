"""Attaches due notes: one atomic graph per invoice makes each comment a note once, or not yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from daemon.errors import SideDenied
from daemon.invoice import Invoice
from daemon.notes import note_of
from daemon.salesforce import CallRejected, NoteWrite
from daemon.spelling import sentences
from daemon.sync.decide import gone_note, without_invoice
from daemon.sync.delivery.call_failures import FULL, batch_of_notes, was_alone
from daemon.sync.delivery.notes.attachment import Attachment
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.delivery.notes.existing import ExistingNotes
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.delivery.notes.rejected import NoteRejections
from daemon.sync.health import SalesforceHealth
from daemon.sync.org import OrgFit
from daemon.sync.session import Sessions
from daemon.sync.tally import Tally
from daemon.sync.timing import RETRY_LONGEST, Timing
from daemon.sync.tools import Tools
from daemon.sync.transitions import waits
from state.dismissal import is_dismissed, set_aside_with_invoice
from state.notes import NoteRow


@dataclass(kw_only=True)
class NoteDelivery:
    """Chooses due notes, and sends them."""

    tools: Tools
    timing: Timing
    sessions: Sessions
    health: SalesforceHealth
    org: OrgFit
    pause: NotePause
    existing: ExistingNotes

    def choose(self, tally: Tally, entity_ids: Sequence[int] | None, *, at_most: int = FULL) -> list[NoteRow]:
        """Return a batch of due notes of these invoices; an empty one when notes may not go now.

        ``entity_ids`` is None: of the next invoices that have any, ``at_most`` so many.
        """
        options = self.sessions.current.settings.invoices
        if not options.enable_synchronization or not options.synchronize_notes or self.tools.stop.asked:
            return []
        automatic, now, notes = options.enable_automatic_synchronization, self.tools.now(), self.tools.store.notes
        if tally.calls.enough or not self.pause.lets_try():
            return []
        if entity_ids is None:
            entity_ids = notes.due_invoices(now, automatic=automatic, limit=at_most)
        rows = notes.due(entity_ids, now, automatic=automatic) if entity_ids else []
        if not rows:
            return []
        probing = self.pause.is_on()
        why = self.org.why_no_notes(tally.log, again=probing)
        if why is not None:
            notes.write(waits(row, f"waits: {why}") for row in rows)
            self.pause.keep_back(f"the org takes no notes: {why}", tally.log, seconds=RETRY_LONGEST.total_seconds())
            return []
        rows = batch_of_notes(rows)
        return rows[:1] if probing else rows

    def attach(self, tally: Tally, rows: Sequence[NoteRow], newest: Mapping[int, Invoice]) -> None:
        """Send these notes, on the invoices as Magento shows them now."""
        marked = self.sessions.current.settings.salesforce.comment.object is None
        batch = NoteBatch(self.tools.store, self.timing, tally, newest, marked=marked)
        settings = self.sessions.current.settings
        rejections = NoteRejections(
            store=self.tools.store, settings=settings, org=self.org, pause=self.pause, tally=tally, batch=batch
        )
        attachment = Attachment(
            tools=self.tools,
            sessions=self.sessions,
            health=self.health,
            org=self.org,
            pause=self.pause,
            existing=self.existing,
            tally=tally,
            batch=batch,
            rejections=rejections,
            alone=len(rows) == 1 and was_alone(rows[0]),
        )
        try:
            # What was read again may have moved a comment to another invoice, or decided it again.
            current = self.tools.store.notes.known(row.comment_id for row in rows)
            for row in rows:
                fresh = current[row.comment_id]
                if fresh.entity_id == row.entity_id and fresh.sync_status not in {"held", "skipped"}:
                    self._enter(batch, fresh)
            attachment.run()
        except (SideDenied, CallRejected) as error:
            if isinstance(error, SideDenied) and not error.of_object:
                raise
            # It says nothing of invoices; so does a query about notes that is rejected as a whole.
            self.pause.keep_back(sentences(str(error), error.hint) if error.hint else str(error), tally.log)

    def may_go(self) -> bool:
        """Return whether notes may go now."""
        return self.pause.lets_try()

    def guess_again(self) -> None:
        """Create notes without asking for existing ones first."""
        self.existing.asks_first = False

    def _enter(self, batch: NoteBatch, row: NoteRow) -> None:
        """Add the note to the batch, or settle its row when nothing is to be sent."""
        store, session = self.tools.store, self.sessions.current
        invoice = batch.newest.get(row.entity_id)
        if invoice is None and is_dismissed(store.ledger.known([row.entity_id])[row.entity_id]):
            store.notes.write([set_aside_with_invoice(row)])
            return
        if invoice is None:
            store.notes.write([without_invoice(row, self.timing.tomorrow())])
            return
        comment = next((c for c in invoice.comments if c.entity_id == row.comment_id), None)
        if comment is None:
            store.notes.write([gone_note(row)])
            return
        external_id = session.mapping.comment_id(row.comment_id)
        note = note_of(comment, invoice, session.settings.salesforce.note, external_id, marked=batch.marked)
        owed = OwedNote(row, NoteWrite(note, row.record_id, row.note_id, row.link_id))
        may_be_older = row.again_at is not None and row.again_at <= batch.called_at
        if owed.write.is_edit and row.fingerprint == note.fingerprint and not may_be_older:
            batch.settle([owed])
        else:
            batch.add(owed)
