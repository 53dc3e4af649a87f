"""Decides about rejected notes: to go another way, to wait, or to be set aside with the reason."""

from dataclasses import dataclass, field, replace

from daemon.eligibility import Known, decide
from daemon.errors import SideDenied
from daemon.salesforce import Next, NoteWrite, Reach, RecordError, Rejected, remedy_for
from daemon.settings import Settings
from daemon.spelling import sentences
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.org import OrgFit
from daemon.sync.tally import Tally
from daemon.sync.timing import RETRY_LONGEST
from daemon.sync.transitions import deleted
from state.store import Store


@dataclass(kw_only=True)
class NoteRejections:
    """The rejections of one batch.

    ``pausing``: what the last call said that every other would meet too; ``duplicates``: comments that it rejected as
    already there; ``explicable``: those that it rejected for what describe may explain, and why; ``unwelcome``: those
    that it rejected for what may be the matter of all notes, and why.
    """

    store: Store
    settings: Settings
    org: OrgFit
    pause: NotePause
    tally: Tally
    batch: NoteBatch
    pausing: SideDenied | None = None
    duplicates: set[int] = field(default_factory=set)
    explicable: dict[int, str] = field(default_factory=dict)
    unwelcome: list[tuple[OwedNote, RecordError]] = field(default_factory=list)

    def forget(self) -> None:
        """Forget them before the answers of another call are taken."""
        self.pausing = None
        self.duplicates.clear()
        self.unwelcome.clear()

    def take_invoice(self, entity_id: int, part: list[OwedNote], error: RecordError) -> None:
        """Take the rejection of a whole graph. If the record is gone, the invoice and its notes are owed again."""
        if error.status != 404:
            self.batch.put_off(part, str(error))
            return
        store = self.store
        self.batch.drop(entity_id)
        row = store.ledger.known([entity_id])[entity_id]
        known = Known(owed=row.sync_status == "pending", asked=row.asked, named=row.named)
        decision = decide(self.batch.newest[entity_id], self.settings.invoices, known)
        with store.writing():
            store.notes.owe_again(entity_id)
            store.ledger.write([deleted(row, decision)])
        self.tally.outcomes.pop(entity_id, None)
        self.tally.log.info(
            "invoice.deleted", invoice=row.increment_id, entity_id=entity_id, salesforce_id=row.salesforce_id
        )

    def take_comment(self, owed: OwedNote, answer: Rejected) -> None:
        """Take the rejection of one comment, which goes another way, or the others of its graph go without this one."""
        error, tag = answer.error, owed.row.comment_id
        key = self.settings.salesforce.comment.external_id
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
                self.batch.settle([owed])
        elif owed.write.is_edit and gone and answer.ref == f"link{tag}":
            owed.write = replace(owed.write, link_id=None)  # somebody took the note off the invoice
        elif owed.write.record_id and gone:
            owed.row = replace(owed.row, record_id=None, note_id=None, link_id=None, fingerprint=None)
            owed.write = NoteWrite(owed.note)
        else:
            self._judge(owed, error)

    def _judge(self, owed: OwedNote, error: RecordError) -> None:
        remedy = remedy_for(error)
        if self.org.may_explain(error):
            self.explicable[owed.row.comment_id] = sentences(str(error), remedy.hint)
            return
        if remedy.next is Next.ASIDE:
            self.batch.fail(owed, sentences(str(error), remedy.hint), error)
        elif remedy.next is Next.PAUSE and remedy.reach is Reach.OBJECT:
            self.unwelcome.append((owed, error))
        else:
            if remedy.next is Next.PAUSE:
                hint, probe = remedy.hint, remedy.probe
                self.pausing = SideDenied(str(error), side="salesforce", hint=hint, probe=probe)
            self.batch.put_off([owed], sentences(str(error), remedy.hint), cause=error.cause)

    def are_everybodys(self, *, accepted: bool) -> bool:
        """Keep all notes back when a rejection may be every note's; return whether they are kept back.

        It is their own when others of the call went in (``accepted``), or when it is known from an earlier try.
        """
        first = any(owed.row.attempts == 0 for owed, _ in self.unwelcome)
        everybodys = bool(self.unwelcome) and not accepted and (first or self.pause.is_on())
        for owed, error in self.unwelcome:
            remedy = remedy_for(error)
            reason = sentences(str(error), remedy.hint)
            if everybodys:
                self.batch.keep_back([owed], reason)
            elif accepted and remedy.single is Next.ASIDE:
                self.batch.fail(owed, reason, error)
            else:
                self.batch.put_off([owed], reason, cause=error.cause)
        if everybodys:
            first_error = self.unwelcome[0][1]
            self.pause.keep_back(sentences(str(first_error), remedy_for(first_error).hint), self.tally.log)
        return everybodys

    def look_into(self) -> bool:
        """See whether the org takes notes at all. If not, all of them wait for that, and True is returned.

        If it does, what was rejected goes once more, and rejected again it is the comment's own.
        """
        explicable, self.explicable = self.explicable, {}
        log = self.tally.log
        self.org.look_again(log)
        why = self.org.why_no_notes(log)
        if why is not None:
            self.batch.keep_back(self.batch.all(), f"waits: {why}")
            self.pause.keep_back(f"the org takes no notes: {why}", log, seconds=RETRY_LONGEST.total_seconds())
            return True
        for owed in self.batch.all():
            if owed.row.comment_id in explicable:
                self.batch.put_off([owed], explicable[owed.row.comment_id])
        return False
