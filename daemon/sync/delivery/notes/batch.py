"""Records the outcomes of one batch of notes, each as its answer comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from daemon.invoice import Invoice
from daemon.notes import NoteRecord
from daemon.salesforce import NoteWrite, RecordError, fitting
from daemon.sync import transitions
from daemon.sync.tally import Tally
from daemon.sync.timing import UNANSWERED_AGAIN, Timing
from state.attempts import Attempt
from state.kinds import AttemptOutcome
from state.notes import NoteRow
from state.store import Store


@dataclass
class OwedNote:
    """One comment on its way: its row, and the new or edited note.

    ``link_asked``: the link between its note and the invoice is known, or was asked for.
    """

    row: NoteRow
    write: NoteWrite
    link_asked: bool = False

    @property
    def note(self) -> NoteRecord:
        """The comment's note."""
        return self.write.note


class NoteBatch:
    """The notes of some invoices until each has an outcome; ``newest``: Magento's newest version of the invoices.

    ``marked``: there are no comment records, and a note is found again by the marker in its title. ``called_at``: when
    Salesforce was last asked or told of them, or else when they were put together.
    """

    def __init__(
        self, store: Store, timing: Timing, tally: Tally, newest: Mapping[int, Invoice], *, marked: bool
    ) -> None:
        self._store = store
        self._timing = timing
        self._tally = tally
        self.newest = newest
        self.marked = marked
        self.waiting: dict[int, dict[int, OwedNote]] = {}
        self.called_at = timing.now()

    def begin_call(self) -> None:
        """Remember that a call about them begins now."""
        self.called_at = self._timing.now()

    def add(self, owed: OwedNote) -> None:
        """Add a note to send."""
        self.waiting.setdefault(owed.row.entity_id, {})[owed.row.comment_id] = owed

    def all(self) -> list[OwedNote]:
        """Return the notes without an outcome."""
        return [owed for comments in self.waiting.values() for owed in comments.values()]

    def part(self, entity_id: int) -> list[OwedNote]:
        """Return the invoice's comments for one graph."""
        comments = self.waiting[entity_id]
        owed = [comments[key] for key in sorted(comments)]
        return owed[: fitting(each.write for each in owed)]

    def drop(self, entity_id: int) -> None:
        """Leave all of the invoice's notes for later."""
        self.waiting.pop(entity_id, None)

    def leave(self, owed_notes: Iterable[OwedNote]) -> None:
        """Leave these notes for later, with their rows as before."""
        for owed in owed_notes:
            self._done(owed)

    def settle(self, done: list[OwedNote], *, attached: bool = False) -> None:
        """Record these notes as synced; ``attached``: by the answer to a call just made."""
        moment = self._timing.since(self.called_at)
        self._write([transitions.attached(owed.row, owed.note.fingerprint, moment) for owed in done], "synced", None)
        for owed in done:
            self._done(owed)
            if attached:
                self._tally.notes += 1
                self._tally.log.info("note.attached", **self._names(owed), note_id=owed.row.note_id)

    def put_off(
        self,
        waiting: list[OwedNote],
        reason: str,
        retry_after: float | None = None,
        *,
        cause: str | None = None,
        unanswered: bool = False,
    ) -> None:
        """Put these off; after an unanswered call an edit is sent once more when the call must be over."""
        now = self._timing.now()
        rows = [
            transitions.put_off(
                owed.row,
                reason,
                now,
                again=self._timing.retry_at(owed.row.attempts, retry_after),
                cause=cause,
                unanswered_until=now + UNANSWERED_AGAIN if unanswered and (self.marked or owed.write.is_edit) else None,
            )
            for owed in waiting
        ]
        self._write(rows, "pending", reason)
        for owed in waiting:
            self._done(owed)

    def keep_back(self, waiting: list[OwedNote], reason: str) -> None:
        """Leave these due, for when the org takes notes; those tried least are the next to find out."""
        now = self._timing.now()
        self._write([transitions.kept_back(owed.row, reason, now) for owed in waiting], "pending", reason)
        for owed in waiting:
            self._done(owed)

    def fail(self, owed: OwedNote, reason: str, error: RecordError) -> None:
        """Set one note aside until a person fixes the reason; try it again tomorrow."""
        moment, tomorrow = self._timing.since(self.called_at), self._timing.tomorrow()
        failed = transitions.failed(owed.row, reason, error.cause, moment, again=tomorrow)
        self._write([failed], "failed", reason)
        self._done(owed)
        self._tally.note_failures += 1
        self._tally.log.warning("note.failed", **self._names(owed), reason=reason, code=error.code)

    def _write(self, rows: list[NoteRow], outcome: AttemptOutcome, answer: str | None) -> None:
        """Write the outcome and its attempt, together."""
        store, now, pass_id = self._store, self._timing.now(), self._tally.pass_id
        with store.writing():
            store.notes.write(rows)
            store.attempts.add(Attempt(row.entity_id, now, pass_id, outcome, answer, row.comment_id) for row in rows)

    def _done(self, owed: OwedNote) -> None:
        comments = self.waiting.get(owed.row.entity_id, {})
        comments.pop(owed.row.comment_id, None)
        if not comments:
            self.waiting.pop(owed.row.entity_id, None)

    def _names(self, owed: OwedNote) -> dict[str, str | int]:
        invoice = self.newest[owed.row.entity_id]
        return {
            "invoice": invoice.increment_id,
            "entity_id": invoice.entity_id,
            "comment_id": owed.row.comment_id,
        }
