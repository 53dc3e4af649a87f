"""The notes of one batch on their way: what still waits, and what became of the rest, remembered as it is answered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from daemon.invoice import Invoice
from daemon.notes import NoteRecord
from daemon.salesforce import NoteWrite, RecordError, fitting
from daemon.sync import transitions
from daemon.sync.parts import Parts, Tally
from daemon.sync.timing import UNANSWERED_AGAIN
from state.attempts import Attempt
from state.notes import NoteRow


@dataclass
class OwedNote:
    """One comment on its way: its row, the note it becomes, and whether that is a new one or an edit."""

    row: NoteRow
    write: NoteWrite

    @property
    def note(self) -> NoteRecord:
        """The note it becomes."""
        return self.write.note


@dataclass
class NoteBatch:
    """The notes of some invoices until each has an outcome; ``contents`` are the invoices as Magento shows them.

    ``called_at``: when Salesforce was last asked or told of them, or else when they were put together.
    """

    parts: Parts
    tally: Tally
    contents: Mapping[int, Invoice]
    waiting: dict[int, dict[int, OwedNote]] = field(default_factory=dict)
    called_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.calls()

    def calls(self) -> None:
        """A call about them begins."""
        self.called_at = self.parts.now()

    def add(self, owed: OwedNote) -> None:
        """It waits to be sent."""
        self.waiting.setdefault(owed.row.entity_id, {})[owed.row.comment_id] = owed

    def all(self) -> list[OwedNote]:
        """All that still wait."""
        return [owed for comments in self.waiting.values() for owed in comments.values()]

    def part(self, entity_id: int) -> list[OwedNote]:
        """The comments of the invoice that go in one graph."""
        comments = self.waiting[entity_id]
        owed = [comments[key] for key in sorted(comments)]
        return owed[: fitting(each.write for each in owed)]

    def drop(self, entity_id: int) -> None:
        """None of the invoice's notes goes now."""
        self.waiting.pop(entity_id, None)

    def leave(self, owed_notes: Iterable[OwedNote]) -> None:
        """Send none of these now; their rows stay as they are."""
        for owed in owed_notes:
            self._done(owed)

    def settle(self, done: list[OwedNote], *, attached: bool = False) -> None:
        """Salesforce holds these; ``attached``: it has just said so."""
        parts = self.parts
        moment = parts.timing.since(self.called_at)
        self._write([transitions.attached(owed.row, owed.note.fingerprint, moment) for owed in done], "synced", None)
        for owed in done:
            self._done(owed)
            if attached:
                self.tally.notes += 1
                parts.log.info("note.attached", **self._names(owed), note_id=owed.row.note_id)

    def put_off(
        self,
        waiting: list[OwedNote],
        reason: str,
        retry_after: float | None = None,
        *,
        cause: str | None = None,
        unanswered: bool = False,
    ) -> None:
        """These stay pending, for later; after a call without an answer edits are sent once more when it is over."""
        timing = self.parts.timing
        now = timing.now()
        marked = self.parts.configuration.settings.salesforce.comment.object is None
        rows = [
            transitions.put_off(
                owed.row,
                reason,
                now,
                again=timing.retry_at(owed.row.attempts, retry_after),
                cause=cause,
                unanswered_until=now + UNANSWERED_AGAIN if unanswered and (marked or owed.write.is_edit) else None,
            )
            for owed in waiting
        ]
        self._write(rows, "pending", reason)
        for owed in waiting:
            self._done(owed)

    def keep_back(self, waiting: list[OwedNote], reason: str) -> None:
        """Leave these due, for when the org takes notes; those tried least are the next to find out."""
        now = self.parts.timing.now()
        self._write([transitions.kept_back(owed.row, reason, now) for owed in waiting], "pending", reason)
        for owed in waiting:
            self._done(owed)

    def fail(self, owed: OwedNote, reason: str, error: RecordError) -> None:
        """A person must mend the reason; it is tried again tomorrow, and goes then if an older call may be there."""
        parts = self.parts
        moment = parts.timing.since(self.called_at)
        failed = transitions.failed(owed.row, reason, error.cause, moment, again=parts.timing.tomorrow())
        self._write([failed], "failed", reason)
        self._done(owed)
        self.tally.note_failures += 1
        parts.log.warning("note.failed", **self._names(owed), reason=reason, code=error.code)

    def _write(self, rows: list[NoteRow], outcome: str, answer: str | None) -> None:
        """The outcome and its attempt, together."""
        store, now, pass_id = self.parts.store, self.parts.now(), self.parts.pass_id
        with store.writing():
            store.notes.write(rows)
            store.attempts.add(Attempt(row.entity_id, now, pass_id, outcome, answer, row.comment_id) for row in rows)

    def _done(self, owed: OwedNote) -> None:
        comments = self.waiting.get(owed.row.entity_id, {})
        comments.pop(owed.row.comment_id, None)
        if not comments:
            self.waiting.pop(owed.row.entity_id, None)

    def _names(self, owed: OwedNote) -> dict[str, str | int]:
        invoice = self.contents[owed.row.entity_id]
        return {
            "invoice": invoice.increment_id,
            "entity_id": invoice.entity_id,
            "comment_id": owed.row.comment_id,
        }
