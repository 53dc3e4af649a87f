"""What becomes of a note that Salesforce refused: it goes again another way, waits, or is set aside with the reason."""

from dataclasses import replace

from daemon.eligibility import Known, decide
from daemon.errors import SideDenied
from daemon.salesforce import Next, NoteWrite, Reach, RecordError, Rejected, remedy_for
from daemon.spelling import sentences
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.delivery.notes.pause import are_kept_back, keep_back
from daemon.sync.org import look_again, may_explain, why_no_notes
from daemon.sync.parts import Parts, Tally
from daemon.sync.timing import RETRY_LONGEST
from daemon.sync.transitions import deleted


class NoteRefusals:
    """The refusals of one batch.

    ``pausing``: what the last call said that every other would meet too; ``duplicates``: comments that it refused as
    already there; ``doubted``: those that it refused for what describe may explain, and why; ``unwelcome``: those that
    it refused for what may be the matter of all notes, and why.
    """

    def __init__(self, parts: Parts, tally: Tally, batch: NoteBatch) -> None:
        self._parts = parts
        self._tally = tally
        self._batch = batch
        self.pausing: SideDenied | None = None
        self.duplicates: set[int] = set()
        self.doubted: dict[int, str] = {}
        self.unwelcome: list[tuple[OwedNote, RecordError]] = []

    def forget(self) -> None:
        """Before the answers of another call are taken."""
        self.pausing = None
        self.duplicates.clear()
        self.unwelcome.clear()

    def take_invoice(self, entity_id: int, part: list[OwedNote], error: RecordError) -> None:
        """The invoice could not be read. If it is gone, somebody deleted it: it and all its notes are owed anew."""
        if error.status != 404:
            self._batch.put_off(part, str(error))
            return
        parts = self._parts
        self._batch.drop(entity_id)
        row = parts.store.ledger.known([entity_id])[entity_id]
        known = Known(owed=row.sync_status == "pending", asked=row.asked, named=row.named)
        decision = decide(self._batch.contents[entity_id], parts.configuration.settings.invoices, known)
        with parts.store.writing():
            parts.store.notes.owe_again(entity_id)
            parts.store.ledger.write([deleted(row, decision)])
        self._tally.outcomes.pop(entity_id, None)
        parts.log.info(
            "invoice.deleted", invoice=row.increment_id, entity_id=entity_id, salesforce_id=row.salesforce_id
        )

    def take_comment(self, owed: OwedNote, answer: Rejected) -> None:
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
            self.duplicates.add(tag)
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
        remedy = remedy_for(error)
        if may_explain(self._parts, error):
            self.doubted[owed.row.comment_id] = sentences(str(error), remedy.hint)
            return
        if remedy.next is Next.ASIDE:
            self._batch.fail(owed, sentences(str(error), remedy.hint), error)
        elif remedy.next is Next.PAUSE and remedy.reach is Reach.OBJECT:
            self.unwelcome.append((owed, error))
        else:
            if remedy.next is Next.PAUSE:
                hint, probe = remedy.hint, remedy.probe
                self.pausing = SideDenied(str(error), side="salesforce", hint=hint, probe=probe)
            self._batch.put_off([owed], sentences(str(error), remedy.hint), cause=error.cause)

    def are_everybodys(self, *, accepted: bool) -> bool:
        """Keep all notes back when what some were refused for is not their own matter; return whether it was not.

        It is their own when others of the call went in (``accepted``), or when it is known from an earlier try.
        """
        first = any(owed.row.attempts == 0 for owed, _ in self.unwelcome)
        everybodys = bool(self.unwelcome) and not accepted and (first or are_kept_back(self._parts))
        for owed, error in self.unwelcome:
            remedy = remedy_for(error)
            reason = sentences(str(error), remedy.hint)
            if everybodys:
                self._batch.keep_back([owed], reason)
            elif accepted and remedy.single is Next.ASIDE:
                self._batch.fail(owed, reason, error)
            else:
                self._batch.put_off([owed], reason, cause=error.cause)
        if everybodys:
            first_error = self.unwelcome[0][1]
            keep_back(self._parts, sentences(str(first_error), remedy_for(first_error).hint))
        return everybodys

    def look_into(self) -> bool:
        """See whether the org takes notes at all. If not, all of them wait for that, and True is returned.

        If it does, what was refused goes once more, and refused again it is the comment's own.
        """
        doubted, self.doubted = self.doubted, {}
        look_again(self._parts)
        why = why_no_notes(self._parts)
        if why is not None:
            self._batch.keep_back(self._batch.all(), f"waits: {why}")
            keep_back(self._parts, f"the org takes no notes: {why}", seconds=RETRY_LONGEST.total_seconds())
            return True
        for owed in self._batch.all():
            if owed.row.comment_id in doubted:
                self._batch.put_off([owed], doubted[owed.row.comment_id])
        return False
