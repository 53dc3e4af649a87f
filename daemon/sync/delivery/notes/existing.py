"""Finds existing records of owed notes in Salesforce and takes them as ours, to make nothing twice."""

from collections.abc import Collection
from dataclasses import replace

from daemon.salesforce import Existing, NoteWrite
from daemon.sync.delivery.notes.batch import NoteBatch, OwedNote
from daemon.sync.health import SalesforceHealth
from daemon.sync.session import Sessions
from daemon.sync.timing import Timing
from state.ledger import Ledger


class ExistingNotes:
    """Owns the choice to ask for existing comments first, made by the first duplicate of a pass or backfill."""

    def __init__(self, ledger: Ledger, timing: Timing, sessions: Sessions, health: SalesforceHealth) -> None:
        self._ledger = ledger
        self._timing = timing
        self._sessions = sessions
        self._health = health
        self.asks_first = False

    def adopt(self, batch: NoteBatch, duplicates: Collection[int] = ()) -> None:
        """Take existing comment records as ours, on whichever invoice; an edit goes on as an edit.

        One that Salesforce has just rejected as a duplicate and does not show now belongs to a call of ours that still
        runs: it waits. Without comment records a note waits while an earlier call about it may still create it.
        """
        new = [owed for owed in batch.all() if not owed.write.is_edit]
        if not new:
            return
        self._health.require_calls()
        batch.begin_call()
        found = self._find(batch, new)
        for owed in new:
            unanswered = self._timing.since(batch.called_at).unanswered_until(owed.row.again_at)
            existing = found.get(owed.note.external_id)
            if existing is not None:
                self._adopt_one(batch, owed, existing)
            elif owed.row.comment_id in duplicates:
                batch.put_off([owed], "Salesforce still works on an earlier call about it")
            elif batch.marked and unanswered is not None:
                wait = max(0.0, (unanswered - self._timing.now()).total_seconds())
                batch.put_off([owed], "an earlier call may still make its note", wait)

    def find_links(self, batch: NoteBatch) -> None:
        """Ask once for the unknown link of each edited note: the link holds its visibility, which may change."""
        edits = [owed for owed in batch.all() if owed.write.note_id and not owed.link_asked]
        for owed in edits:
            owed.link_asked = True
        unknown = [owed for owed in edits if owed.write.link_id is None]
        session = self._sessions.current
        if not unknown or session.settings.salesforce.note.type != "content_note":
            return
        self._health.require_calls()
        found = session.salesforce.links_of(str(owed.write.note_id) for owed in unknown)
        for owed in unknown:
            owed.write = replace(owed.write, link_id=found.get(str(owed.write.note_id)))

    def _find(self, batch: NoteBatch, new: list[OwedNote]) -> dict[str, Existing]:
        salesforce = self._sessions.current.salesforce
        if not batch.marked:
            return salesforce.existing_comments(owed.note.external_id for owed in new)
        hangs_on = {owed.row.entity_id for owed in new}
        hangs_on |= {owed.row.unanswered_for for owed in new if owed.row.unanswered_for is not None}
        invoices = self._ledger.known(hangs_on).values()
        return salesforce.marked_notes(row.salesforce_id for row in invoices if row.salesforce_id)

    def _adopt_one(self, batch: NoteBatch, owed: OwedNote, existing: Existing) -> None:
        owed.row = replace(
            owed.row,
            record_id=existing.record_id or None,
            note_id=existing.note_id,
            link_id=None,
            fingerprint=existing.fingerprint,
        )
        owed.write = NoteWrite(owed.note, existing.record_id or None, existing.note_id)
        if existing.fingerprint == owed.note.fingerprint:
            batch.settle([owed])
