"""Calls Salesforce until each note of a batch has an outcome, or a call fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from daemon.errors import Busy, Unreachable
from daemon.salesforce import INVOICE, Answer, CallRejected, Done, NotAttempted, RecordError, Rejected, comment_of
from daemon.sync.delivery.call_failures import is_about_records
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.delivery.notes.existing import ExistingNotes
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.delivery.notes.rejected import NoteRejections
from daemon.sync.health import SalesforceHealth
from daemon.sync.org import OrgFit
from daemon.sync.session import Sessions
from daemon.sync.tally import Tally
from daemon.sync.timing import UNANSWERED_AGAIN
from daemon.sync.tools import Tools
from daemon.sync.transitions import replaced
from state.waiting import CALL


@dataclass(kw_only=True)
class Attachment:
    """Sends one batch of notes. ``alone``: its only note failed in a call of its own before."""

    tools: Tools
    sessions: Sessions
    health: SalesforceHealth
    org: OrgFit
    pause: NotePause
    existing: ExistingNotes
    tally: Tally
    batch: NoteBatch
    rejections: NoteRejections
    alone: bool
    _began_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_at = self.tools.clock.monotonic()

    def run(self) -> None:
        """Call until no note waits, or a call fails. Each answer is remembered before the next call."""
        try:
            self._run()
        except (Unreachable, Busy) as error:
            seconds, was_well = self.tools.clock.monotonic() - self._began_at, self.health.known().status == "ok"
            self.tally.calls.bear(error, self.tally.log, alone=self.alone, seconds=seconds, was_well=was_well)

    def _run(self) -> None:
        rejections = self.rejections
        if self.existing.asks_first or self.batch.marked:
            self._ask(partial(self.existing.adopt, self.batch))
        while self.batch.waiting and not self.tools.stop.asked:
            self._ask(partial(self.existing.find_links, self.batch))
            answers = self._call(sorted(self.batch.waiting))
            self.tally.calls.note_answer()
            rejections.forget()
            for entity_id, answer in answers.items():
                self._remember(entity_id, answer)
            if rejections.pausing is not None:
                raise rejections.pausing
            accepted = any(isinstance(answer, Done) for answer in answers.values())
            if (rejections.explicable and rejections.look_into()) or rejections.are_everybodys(accepted=accepted):
                return
            self.pause.let_go(self.tally.log)
            if rejections.duplicates:
                self.existing.asks_first = True
                self._ask(partial(self.existing.adopt, self.batch, rejections.duplicates))
            if all(isinstance(answer, NotAttempted) for answer in answers.values()):
                self.batch.put_off(self.batch.all(), "Salesforce did not attempt it")

    def _ask(self, question: Callable[[], None]) -> None:
        """Ask Salesforce about the waiting notes; put them off when the question fails."""
        self._began_at = self.tools.clock.monotonic()
        try:
            question()
        except (Unreachable, Busy) as error:
            if is_about_records(error):
                wait = error.retry_after if isinstance(error, Busy) else None
                self.batch.put_off(self.batch.all(), str(error), wait, cause=CALL)
            raise

    def _call(self, entity_ids: Sequence[int]) -> dict[int, Answer]:
        self.health.require_calls()
        self._began_at = self.tools.clock.monotonic()
        going = {entity_id: self.batch.part(entity_id) for entity_id in entity_ids}
        self.batch.begin_call()
        session = self.sessions.current
        try:
            return session.salesforce.attach_notes(
                [
                    (entity_id, session.mapping.invoice_id(entity_id), [owed.write for owed in owed_notes])
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
                    self.batch.put_off([owed], str(refusal))
                return self._call(entity_ids)
            return {entity_ids[0]: Rejected(f"note{owed_notes[0].row.comment_id}", error)}
        except (Unreachable, Busy) as error:
            if is_about_records(error):
                self._put_off_call(error, going)
            raise

    def _put_off_call(self, error: Unreachable | Busy, going: Mapping[int, list[OwedNote]]) -> None:
        """Put off the notes in a failed call, not the notes left out of the call for its size."""
        about = going if error.about is None else error.about
        wait = error.retry_after if isinstance(error, Busy) else None
        if self.batch.marked and error.unanswered:
            # It may still be carried out, and only then can it be found by its marker.
            wait = UNANSWERED_AGAIN.total_seconds()
        put_off = [owed for entity_id, part in going.items() if entity_id in about for owed in part]
        self.batch.put_off(put_off, str(error), wait, cause=CALL, unanswered=error.unanswered)
        self.org.expire()

    def _remember(self, entity_id: int, answer: Answer) -> None:
        """Commit the answer about the notes of one invoice."""
        if isinstance(answer, NotAttempted):
            return
        part = self.batch.part(entity_id)
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
                self.batch.leave(edited)
                part = [owed for owed in part if owed not in edited]
            self.batch.settle(part, attached=True)
            return
        comment_id = comment_of(answer.ref)
        if comment_id is None:
            self.rejections.take_invoice(entity_id, part, answer.error)
        else:
            self.rejections.take_comment(self.batch.waiting[entity_id][comment_id], answer)

    def _correct_id(self, entity_id: int, salesforce_id: str) -> bool:
        """Keep the ID of the record with the external ID. Return whether another record's was kept until now."""
        store = self.tools.store
        row = store.ledger.known([entity_id])[entity_id]
        if row.salesforce_id in (None, salesforce_id):
            return False
        with store.writing():
            store.notes.owe_again(entity_id, asked=row.asked)
            store.ledger.write([replaced(row, salesforce_id)])
        return True
