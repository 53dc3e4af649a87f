"""Attaches the notes that are due: one atomic graph per invoice, so that a comment becomes a note once or not yet."""

from collections.abc import Sequence
from dataclasses import replace

from daemon.eligibility import Standing, Verdict, decide
from daemon.errors import Busy, SideRefused, Unreachable
from daemon.notes import note_of
from daemon.salesforce import (
    INVOICE,
    Answer,
    CallRefused,
    Done,
    Existing,
    Next,
    NotAttempted,
    NoteWrite,
    RecordError,
    Refused,
    comment_of,
    judge,
)
from daemon.sync.contents import newest_contents
from daemon.sync.decide import UNREADABLE
from daemon.sync.notes_batch import NoteBatch, OwedNote
from daemon.sync.org import doubt_fit, look_again, may_explain, why_no_notes
from daemon.sync.parts import FAILED_AGAIN, RETRY_LONGEST, UNANSWERED_AGAIN, Parts, Tally
from daemon.sync.sides import require_calls
from state.ledger import LedgerRow
from state.notes import NoteRow

_INVOICES_A_CALL = 75
# Says of a whole org, not of one comment, that notes are switched off there: invoices go on without them.
_NO_NOTES = frozenset({"INVALID_TYPE", "NOT_FOUND"})
# These keep anything from being written, invoices too; any other refusal of a note leaves the invoices going.
_NOTHING_GOES = frozenset({"STORAGE_LIMIT_EXCEEDED", "API_DISABLED_FOR_ORG", "TXN_SECURITY_NO_ACCESS"})


def attach_due(parts: Parts, tally: Tally, entity_ids: Sequence[int] | None) -> bool:
    """Send the due notes of these invoices (None: of the next invoices that have any). False when there are none."""
    options = parts.configuration.settings.invoices
    if not options.enable_synchronization or not options.synchronize_notes or parts.stop.asked:
        return False
    automatic, now = options.enable_automatic_synchronization, parts.now()
    if entity_ids is None:
        entity_ids = parts.store.notes.due_invoices(now, automatic=automatic, limit=_INVOICES_A_CALL)
    rows = parts.store.notes.due(entity_ids, now, automatic=automatic) if entity_ids else []
    if not rows:
        return False
    why = why_no_notes(parts)
    if why is not None:
        again = parts.retry_at(0, RETRY_LONGEST.total_seconds())
        parts.store.notes.write([replace(row, reason=f"waits: {why}", next_attempt_at=again) for row in rows])
        return True
    attempts = min(row.attempts for row in rows)
    if attempts:  # what failed as a whole goes in ever smaller calls
        chosen = sorted({row.entity_id for row in rows})[: max(1, _INVOICES_A_CALL >> min(attempts, 7))]
        rows = [row for row in rows if row.entity_id in chosen]
    _Attachment(parts, tally, rows).run()
    return True


class _Attachment:
    """The notes of one batch of invoices, until each has an outcome."""

    def __init__(self, parts: Parts, tally: Tally, rows: Sequence[NoteRow]) -> None:
        self._parts = parts
        self._tally = tally
        contents = newest_contents(parts, tally, sorted({row.entity_id for row in rows}))
        self._batch = NoteBatch(parts, tally, contents)
        # Without comment records a note is found again by the marker in its title.
        self._marked = parts.configuration.settings.salesforce.comment.object is None
        self._pausing: SideRefused | None = None  # what the last call said that every other would meet too
        self._linked: set[int] = set()  # comments whose notes' links are known, or were asked for
        self._doubted: dict[int, str] = {}  # comments that the last call refused for what describe may explain, and why
        self._duplicates: set[int] = set()  # comments that the last call refused as already there
        # What was read again may have moved a comment to another invoice, or decided it anew.
        current = parts.store.notes.known(row.comment_id for row in rows)
        for row in rows:
            fresh = current[row.comment_id]
            if fresh.entity_id == row.entity_id and fresh.sync_status not in {"held", "skipped"}:
                self._enter(fresh)

    def _enter(self, row: NoteRow) -> None:
        invoice = self._batch.contents.get(row.entity_id)
        if invoice is None:
            again = self._parts.now() + FAILED_AGAIN  # the invoice itself has failed, and says why
            self._parts.store.notes.write([replace(row, reason=UNREADABLE, next_attempt_at=again)])
            return
        comment = next((c for c in invoice.comments if c.entity_id == row.comment_id), None)
        if comment is None:
            # Should it come back, on whichever invoice, it is new: nothing shows that it was away.
            gone = replace(row, sync_status="skipped", reason="gone from this invoice in Magento", digest="")
            self._parts.store.notes.write([gone])
            return
        parts = self._parts
        settings = parts.configuration.settings.salesforce
        external_id = parts.mapping.comment_id(row.comment_id)
        note = note_of(comment, invoice, settings.note, external_id, marked=self._marked)
        owed = OwedNote(row, NoteWrite(note, row.record_id, row.note_id, row.link_id))
        may_be_older = row.again_at is not None and row.again_at <= parts.now()
        if owed.write.is_edit and row.fingerprint == note.fingerprint and not may_be_older:
            self._batch.settle([owed])
        else:
            self._batch.add(owed)

    def run(self) -> None:
        """Call until nothing waits. What was answered is remembered before the next call."""
        if self._parts.ask_first or self._marked:
            self._adopt()
        while self._batch.waiting and not self._parts.stop.asked:
            self._find_links()
            answers = self._call(sorted(self._batch.waiting))
            self._duplicates.clear()
            self._pausing = None
            for entity_id, answer in answers.items():
                self._remember(entity_id, answer)
            if self._pausing is not None:
                raise self._pausing
            if self._doubted:
                self._look_into()
            if self._duplicates:
                self._parts.ask_first = True
                self._adopt()
            if all(isinstance(answer, NotAttempted) for answer in answers.values()):
                self._batch.put_off(self._batch.all(), "Salesforce did not attempt it")

    def _call(self, entity_ids: Sequence[int]) -> dict[int, Answer]:
        require_calls(self._parts)
        going = {entity_id: self._batch.part(entity_id) for entity_id in entity_ids}
        try:
            return self._parts.salesforce.attach_notes(
                [
                    (entity_id, self._parts.mapping.invoice_id(entity_id), [owed.write for owed in owed_notes])
                    for entity_id, owed_notes in going.items()
                ]
            )
        except CallRefused as refusal:
            if len(entity_ids) > 1:
                return self._call(entity_ids[: len(entity_ids) // 2])
            error = RecordError(refusal.code, refusal.message, status=refusal.status)
            owed_notes = going[entity_ids[0]]
            if len(owed_notes) > 1:  # several comments in one graph: each alone from now on
                for owed in owed_notes[1:]:
                    self._batch.put_off([owed], str(refusal))
                return self._call(entity_ids)
            return {entity_ids[0]: Refused(f"note{owed_notes[0].row.comment_id}", error)}
        except (Unreachable, Busy) as error:
            if isinstance(error, Busy) or error.sent:
                wait = error.retry_after if isinstance(error, Busy) else None
                if self._marked and not isinstance(error, Busy):
                    # It may still be carried out, and only then can it be found by its marker.
                    wait = UNANSWERED_AGAIN.total_seconds()
                put_off = [owed for part in going.values() for owed in part]
                self._batch.put_off(put_off, str(error), wait, unanswered=isinstance(error, Unreachable))
                doubt_fit(self._parts)
            raise

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
            self._correct_id(entity_id, answer.ids[INVOICE])
            self._batch.settle(part, attached=True)
            return
        comment_id = comment_of(answer.ref)
        if comment_id is None:
            self._invoice_refused(entity_id, part, answer.error)
        else:
            self._comment_refused(self._batch.waiting[entity_id][comment_id], answer)

    def _correct_id(self, entity_id: int, salesforce_id: str) -> None:
        """The notes hang on the record that has the external ID. One that was kept by another ID is not that record."""
        store = self._parts.store
        row = store.ledger.known([entity_id])[entity_id]
        if row.salesforce_id not in (None, salesforce_id):
            with store.writing():
                store.notes.owe_again(entity_id, asked=row.asked)
                store.ledger.write([replace(row, salesforce_id=salesforce_id)])

    def _invoice_refused(self, entity_id: int, part: list[OwedNote], error: RecordError) -> None:
        """The invoice could not be read. If it is gone, somebody deleted it: it and all its notes are owed anew."""
        if error.status != 404:
            self._batch.put_off(part, str(error))
            return
        parts = self._parts
        self._batch.drop(entity_id)
        row = parts.store.ledger.known([entity_id])[entity_id]
        standing = Standing(owed=row.sync_status == "pending", asked=row.asked, named=row.named)
        decision = decide(self._batch.contents[entity_id], parts.configuration.settings.invoices, standing)
        with parts.store.writing():
            parts.store.notes.owe_again(entity_id)
            parts.store.ledger.write([_forgotten(row, decision.verdict, decision.reason)])
        self._tally.outcomes.pop(entity_id, None)
        parts.log.info(
            "invoice.deleted", invoice=row.increment_id, entity_id=entity_id, salesforce_id=row.salesforce_id
        )

    def _comment_refused(self, owed: OwedNote, answer: Refused) -> None:
        """One comment was refused: the others of its graph go again without it, or it goes again another way."""
        error, tag = answer.error, owed.row.comment_id
        key = self._parts.configuration.settings.salesforce.comment.external_id
        # NOT_FOUND says that the whole object is out of reach (notes are switched off), not that a record is gone.
        gone = error.code == "ENTITY_IS_DELETED" or (error.status == 404 and error.code != "NOT_FOUND")
        if (
            answer.ref == f"record{tag}"
            and error.code == "DUPLICATE_VALUE"
            and key in f"{error.message} {error.fields}"
        ):
            self._duplicates.add(tag)
        elif owed.write.is_edit and gone and answer.ref == f"note{tag}":
            owed.write = replace(owed.write, note_id=None)  # somebody deleted the note, and it stays deleted
            if owed.write.record_id is None:
                self._batch.settle([owed])
        elif owed.write.is_edit and gone and answer.ref == f"link{tag}":
            owed.write = replace(owed.write, link_id=None)  # somebody took the note off the invoice
        elif owed.write.record_id and gone:
            owed.row = replace(owed.row, record_id=None, note_id=None, link_id=None, fingerprint=None)
            owed.write = NoteWrite(owed.note)
        else:
            self._judge(owed, error)

    def _judge(self, owed: OwedNote, error: RecordError) -> None:
        verdict = judge(error)
        if may_explain(self._parts, error):
            self._doubted[owed.row.comment_id] = f"{error}. {verdict.mend}"
            return
        if verdict.next is Next.ASIDE and error.code not in _NO_NOTES:
            self._batch.fail(owed, f"{error}. {verdict.mend}", error)
            return
        if verdict.next is Next.PAUSE and error.code in _NOTHING_GOES:
            self._pausing = SideRefused(str(error), side="salesforce", hint=verdict.mend, probe="calls")
        self._batch.put_off([owed], f"{error}. {verdict.mend}")

    def _look_into(self) -> None:
        """See whether the org takes notes at all. If not, all of them wait for that.

        If it does, what was refused goes once more, and refused again it is the comment's own.
        """
        doubted, self._doubted = self._doubted, {}
        look_again(self._parts)
        why = why_no_notes(self._parts)
        for owed in self._batch.all():
            if why is not None:
                self._batch.put_off([owed], f"waits: {why}")
            elif owed.row.comment_id in doubted:
                self._batch.put_off([owed], doubted[owed.row.comment_id])

    def _adopt(self) -> None:
        """Take the comment records that are there already as ours, wherever they hang; an edit goes on as one.

        One that Salesforce has just refused as a duplicate and does not show now belongs to a call of ours that still
        runs: it waits.
        """
        new = [owed for owed in self._batch.all() if not owed.write.is_edit]
        if not new:
            return
        require_calls(self._parts)
        found = self._found(new)
        doubted = self._parts.still_doubted()
        for owed in new:
            existing = found.get(owed.note.external_id)
            if existing is not None:
                self._adopt_one(owed, existing)
            elif owed.row.comment_id in self._duplicates:
                self._batch.put_off([owed], "Salesforce still works on an earlier call about it")
            elif self._marked and doubted is not None:
                wait = (doubted - self._parts.now()).total_seconds()
                self._batch.put_off([owed], "an earlier call may still make its note", wait)

    def _find_links(self) -> None:
        """An edit may change who may see the note, and its link says that: one that is not known is asked for, once."""
        edits = [owed for owed in self._batch.all() if owed.write.note_id and owed.row.comment_id not in self._linked]
        self._linked.update(owed.row.comment_id for owed in edits)
        unknown = [owed for owed in edits if owed.write.link_id is None]
        if not unknown or self._parts.configuration.settings.salesforce.note.type != "content_note":
            return
        require_calls(self._parts)
        found = self._parts.salesforce.links_of(str(owed.write.note_id) for owed in unknown)
        for owed in unknown:
            owed.write = replace(owed.write, link_id=found.get(str(owed.write.note_id)))

    def _found(self, new: list[OwedNote]) -> dict[str, Existing]:
        salesforce = self._parts.salesforce
        if not self._marked:
            return salesforce.existing_comments(owed.note.external_id for owed in new)
        invoices = self._parts.store.ledger.known({owed.row.entity_id for owed in new}).values()
        return salesforce.marked_notes(row.salesforce_id for row in invoices if row.salesforce_id)

    def _adopt_one(self, owed: OwedNote, existing: Existing) -> None:
        owed.row = replace(
            owed.row,
            record_id=existing.record_id or None,
            note_id=existing.note_id,
            link_id=None,
            fingerprint=existing.fingerprint,
        )
        owed.write = NoteWrite(owed.note, existing.record_id or None, existing.note_id)
        if existing.fingerprint == owed.note.fingerprint:
            self._batch.settle([owed])


def _forgotten(row: LedgerRow, verdict: Verdict, reason: str | None) -> LedgerRow:
    """A call of before that may still be carried out (``again_at``) makes the record anew, as it was then."""
    return replace(
        row,
        sync_status=verdict.value,
        reason=reason,
        salesforce_id=None,
        fingerprint=None,
        attempts=0,
        next_attempt_at=None,
    )
