"""What Salesforce has already of the notes that are owed: taken as ours, so that nothing is made twice."""

from collections.abc import Collection
from dataclasses import replace

from daemon.salesforce import Existing, NoteWrite
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.health import require_calls
from daemon.sync.parts import Parts


class Adoption:
    """Asks for what is there of one batch.

    ``marked``: there are no comment records, and a note is found again by the marker in its title.
    """

    def __init__(self, parts: Parts, batch: NoteBatch, *, marked: bool) -> None:
        self._parts = parts
        self._batch = batch
        self._marked = marked
        self._linked: set[int] = set()  # comments whose notes' links are known, or were asked for

    def adopt(self, duplicates: Collection[int] = ()) -> None:
        """Take the comment records that are there already as ours, wherever they hang; an edit goes on as one.

        One that Salesforce has just refused as a duplicate and does not show now belongs to a call of ours that still
        runs: it waits. Without comment records a note waits while an earlier call about it may still create it.
        """
        new = [owed for owed in self._batch.all() if not owed.write.is_edit]
        if not new:
            return
        require_calls(self._parts)
        self._batch.calls()
        found = self._found(new)
        for owed in new:
            unanswered = self._parts.timing.since(self._batch.called_at).unanswered_until(owed.row.again_at)
            existing = found.get(owed.note.external_id)
            if existing is not None:
                self._adopt_one(owed, existing)
            elif owed.row.comment_id in duplicates:
                self._batch.put_off([owed], "Salesforce still works on an earlier call about it")
            elif self._marked and unanswered is not None:
                wait = max(0.0, (unanswered - self._parts.now()).total_seconds())
                self._batch.put_off([owed], "an earlier call may still make its note", wait)

    def find_links(self) -> None:
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
        hangs_on = {owed.row.entity_id for owed in new}
        hangs_on |= {owed.row.unanswered_for for owed in new if owed.row.unanswered_for is not None}
        invoices = self._parts.store.ledger.known(hangs_on).values()
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
