"""Attaches the notes that are due: one atomic graph per invoice, so that a comment becomes a note once or not yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from daemon.errors import Busy, SideDenied, Unreachable
from daemon.notes import note_of
from daemon.salesforce import (
    INVOICE,
    Answer,
    CallRejected,
    Done,
    NotAttempted,
    NoteWrite,
    RecordError,
    Rejected,
    comment_of,
)
from daemon.spelling import sentences
from daemon.sync.decide import gone_note, without_invoice
from daemon.sync.delivery.call_failures import halvings, was_alone
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.delivery.notes.existing import Adoption
from daemon.sync.delivery.notes.pause import are_kept_back, keep_back, let_go, may_be_tried
from daemon.sync.delivery.notes.rejected import NoteRefusals
from daemon.sync.discovery.reread import newest_contents
from daemon.sync.health import bear, is_about_records, require_calls
from daemon.sync.org import doubt_fit, why_no_notes
from daemon.sync.parts import Parts, Tally
from daemon.sync.timing import RETRY_LONGEST, UNANSWERED_AGAIN
from daemon.sync.transitions import replaced, waits
from state.dismissal import is_dismissed, set_aside_with_invoice
from state.notes import NoteRow
from state.waiting import CALL

_INVOICES_A_CALL = 75


def attach_due(parts: Parts, tally: Tally, entity_ids: Sequence[int] | None) -> bool:
    """Send the due notes of these invoices (None: of the next invoices that have any). False when there are none."""
    options = parts.configuration.settings.invoices
    if not options.enable_synchronization or not options.synchronize_notes or parts.stop.asked:
        return False
    automatic, now = options.enable_automatic_synchronization, parts.now()
    if tally.calls.enough or not may_be_tried(parts):
        return False
    if entity_ids is None:
        limit = parts.records.batch(_INVOICES_A_CALL)
        entity_ids = parts.store.notes.due_invoices(now, automatic=automatic, limit=limit)
    rows = parts.store.notes.due(entity_ids, now, automatic=automatic) if entity_ids else []
    if not rows:
        return False
    probing = are_kept_back(parts)
    why = why_no_notes(parts, again=probing)
    if why is not None:
        parts.store.notes.write([waits(row, f"waits: {why}") for row in rows])
        keep_back(parts, f"the org takes no notes: {why}", seconds=RETRY_LONGEST.total_seconds())
        return False
    rows = _alike(rows)
    try:
        _Attachment(parts, tally, rows[:1] if probing else rows).run()
    except (SideDenied, CallRejected) as error:
        if isinstance(error, SideDenied) and not error.of_object:
            raise
        # It says nothing of invoices; so does a query about notes that is refused as a whole.
        keep_back(parts, sentences(str(error), error.hint) if error.hint else str(error))
    return may_be_tried(parts)


def _alike(rows: Sequence[NoteRow]) -> list[NoteRow]:
    """Return the notes that go together: first attempts, retries, or those whose calls failed as often as one another.

    The latter go in ever smaller calls: the one that its calls die of is alone after seven, and delays no other, not
    even of its own invoice.
    """
    first, *_ = rows = sorted(rows, key=lambda row: (row.attempts, row.next_attempt_at or row.seen_at, row.comment_id))
    halved = halvings(first)
    alike = [row for row in rows if halvings(row) == halved]
    return alike[: max(1, _INVOICES_A_CALL >> halved)] if halved else alike


class _Attachment:
    """The notes of one batch of invoices, until each has an outcome."""

    def __init__(self, parts: Parts, tally: Tally, rows: Sequence[NoteRow]) -> None:
        self._parts = parts
        self._tally = tally
        contents = newest_contents(parts, tally, sorted({row.entity_id for row in rows}), orders=False)
        self._batch = NoteBatch(parts, tally, contents)
        self._alone = len(rows) == 1 and was_alone(rows[0])
        self._began_at = parts.clock.monotonic()
        # Without comment records a note is found again by the marker in its title.
        self._marked = parts.configuration.settings.salesforce.comment.object is None
        self._adoption = Adoption(parts, self._batch, marked=self._marked)
        self._refusals = NoteRefusals(parts, tally, self._batch)
        # What was read again may have moved a comment to another invoice, or decided it anew.
        current = parts.store.notes.known(row.comment_id for row in rows)
        for row in rows:
            fresh = current[row.comment_id]
            if fresh.entity_id == row.entity_id and fresh.sync_status not in {"held", "skipped"}:
                self._enter(fresh)

    def _enter(self, row: NoteRow) -> None:
        invoice = self._batch.contents.get(row.entity_id)
        if invoice is None and is_dismissed(self._parts.store.ledger.known([row.entity_id])[row.entity_id]):
            self._parts.store.notes.write([set_aside_with_invoice(row)])
            return
        if invoice is None:
            self._parts.store.notes.write([without_invoice(row, self._parts.timing.tomorrow())])
            return
        comment = next((c for c in invoice.comments if c.entity_id == row.comment_id), None)
        if comment is None:
            self._parts.store.notes.write([gone_note(row)])
            return
        parts = self._parts
        settings = parts.configuration.settings.salesforce
        external_id = parts.mapping.comment_id(row.comment_id)
        note = note_of(comment, invoice, settings.note, external_id, marked=self._marked)
        owed = OwedNote(row, NoteWrite(note, row.record_id, row.note_id, row.link_id))
        may_be_older = row.again_at is not None and row.again_at <= self._batch.called_at
        if owed.write.is_edit and row.fingerprint == note.fingerprint and not may_be_older:
            self._batch.settle([owed])
        else:
            self._batch.add(owed)

    def run(self) -> None:
        """Call until nothing waits, or a call fails. What was answered is remembered before the next call."""
        try:
            self._run()
        except (Unreachable, Busy) as error:
            bear(self._parts, self._tally, error, alone=self._alone, began_at=self._began_at)

    def _run(self) -> None:
        refusals = self._refusals
        if self._parts.ask_first or self._marked:
            self._ask(self._adoption.adopt)
        while self._batch.waiting and not self._parts.stop.asked:
            self._ask(self._adoption.find_links)
            answers = self._call(sorted(self._batch.waiting))
            self._tally.calls.note_answer()
            refusals.forget()
            for entity_id, answer in answers.items():
                self._remember(entity_id, answer)
            if refusals.pausing is not None:
                raise refusals.pausing
            accepted = any(isinstance(answer, Done) for answer in answers.values())
            if (refusals.doubted and refusals.look_into()) or refusals.are_everybodys(accepted=accepted):
                return
            let_go(self._parts)
            if refusals.duplicates:
                self._parts.ask_first = True
                self._ask(partial(self._adoption.adopt, refusals.duplicates))
            if all(isinstance(answer, NotAttempted) for answer in answers.values()):
                self._batch.put_off(self._batch.all(), "Salesforce did not attempt it")

    def _ask(self, question: Callable[[], None]) -> None:
        """Ask Salesforce about the notes that wait; they are put off when the question fails."""
        self._began_at = self._parts.clock.monotonic()
        try:
            question()
        except (Unreachable, Busy) as error:
            if is_about_records(error):
                wait = error.retry_after if isinstance(error, Busy) else None
                self._batch.put_off(self._batch.all(), str(error), wait, cause=CALL)
            raise

    def _call(self, entity_ids: Sequence[int]) -> dict[int, Answer]:
        require_calls(self._parts)
        self._began_at = self._parts.clock.monotonic()
        going = {entity_id: self._batch.part(entity_id) for entity_id in entity_ids}
        self._batch.calls()
        try:
            return self._parts.salesforce.attach_notes(
                [
                    (entity_id, self._parts.mapping.invoice_id(entity_id), [owed.write for owed in owed_notes])
                    for entity_id, owed_notes in going.items()
                ]
            )
        except CallRejected as refusal:
            if len(entity_ids) > 1:
                return self._call(entity_ids[: len(entity_ids) // 2])
            error = RecordError(refusal.code, refusal.message, status=refusal.status)
            owed_notes = going[entity_ids[0]]
            if len(owed_notes) > 1:  # several comments in one graph: each alone from now on
                for owed in owed_notes[1:]:
                    self._batch.put_off([owed], str(refusal))
                return self._call(entity_ids)
            return {entity_ids[0]: Rejected(f"note{owed_notes[0].row.comment_id}", error)}
        except (Unreachable, Busy) as error:
            if is_about_records(error):
                self._put_off_call(error, going)
            raise

    def _put_off_call(self, error: Unreachable | Busy, going: Mapping[int, list[OwedNote]]) -> None:
        """Put off the notes that a failed call was about; not those that did not fit into it."""
        about = going if error.about is None else error.about
        wait = error.retry_after if isinstance(error, Busy) else None
        if self._marked and error.unanswered:
            # It may still be carried out, and only then can it be found by its marker.
            wait = UNANSWERED_AGAIN.total_seconds()
        put_off = [owed for entity_id, part in going.items() if entity_id in about for owed in part]
        self._batch.put_off(put_off, str(error), wait, cause=CALL, unanswered=error.unanswered)
        doubt_fit(self._parts)

    def _remember(self, entity_id: int, answer: Answer) -> None:
        if isinstance(answer, NotAttempted):
            return
        part = self._batch.part(entity_id)
        if isinstance(answer, Done):
            for owed in part:
                tag = owed.row.comment_id
                owed.row = replace(
                    owed.row,
                    record_id=answer.ids.get(f"record{tag}", owed.row.record_id),
                    note_id=answer.ids.get(f"note{tag}", owed.row.note_id),
                    link_id=answer.ids.get(f"link{tag}", owed.write.link_id),
                )
            if self._correct_id(entity_id, answer.ids[INVOICE]):
                # What was edited hung on the record that is gone: it is owed again, and made on the one in its place.
                edited = [owed for owed in part if owed.write.is_edit]
                self._batch.leave(edited)
                part = [owed for owed in part if owed not in edited]
            self._batch.settle(part, attached=True)
            return
        comment_id = comment_of(answer.ref)
        if comment_id is None:
            self._refusals.take_invoice(entity_id, part, answer.error)
        else:
            self._refusals.take_comment(self._batch.waiting[entity_id][comment_id], answer)

    def _correct_id(self, entity_id: int, salesforce_id: str) -> bool:
        """Keep the ID of the record that has the external ID. Return whether another record was kept until now."""
        store = self._parts.store
        row = store.ledger.known([entity_id])[entity_id]
        if row.salesforce_id in (None, salesforce_id):
            return False
        with store.writing():
            store.notes.owe_again(entity_id, asked=row.asked)
            store.ledger.write([replaced(row, salesforce_id)])
        return True
