"""The notes: one row per comment ever seen, with the note that it became; never its text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from state.connection import Connection
from state.failures import Failure, failures_of
from state.kinds import HeldFor, SyncStatus
from state.rows import IN_LIST, as_list, text_of
from state.values import count_in


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One comment.

    ``record_id`` is its comment record, ``note_id`` its note, ``link_id`` what hangs the note on the invoice;
    ``held_for`` which flag held it; ``cause`` is equal for all that failed for one cause. ``again_at``: a call about it
    had no answer and may still be carried out until then: an edit is sent once more then, over what that call did, and
    without comment records no note is created before. ``unanswered_for``: the invoice which that call was for, when the
    comment has moved since. ``waiting_since``: when it was first put off.
    """

    TABLE: ClassVar[str] = "notes"

    comment_id: int
    entity_id: int
    digest: str
    sync_status: SyncStatus
    seen_at: datetime
    reason: str | None = None
    cause: str | None = None
    held_for: HeldFor | None = None
    asked: bool = False
    record_id: str | None = None
    note_id: str | None = None
    link_id: str | None = None
    fingerprint: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    again_at: datetime | None = None
    unanswered_for: int | None = None
    waiting_since: datetime | None = None
    synced_at: datetime | None = None


# A comment is due only while its invoice is in Salesforce and not held; until then it waits with it. The plus (also
# where this is grouped) keeps SQLite from reading all that is synced: it finds those few by their again_at.
_DUE = """
    (notes.next_attempt_at IS NULL OR notes.next_attempt_at <= :now)
    AND (notes.sync_status IN ('pending', 'failed') OR (+notes.sync_status = 'synced' AND notes.again_at <= :now))
    AND ledger.salesforce_id IS NOT NULL AND ledger.sync_status != 'held'
    AND (:automatic OR notes.asked)
"""


class Notes:
    """The verbs of the notes ledger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, entity_ids: Iterable[int]) -> list[NoteRow]:
        """The rows of all comments of these invoices, in the order of their ids."""
        return self._select(f"{IN_LIST.format('entity_id')} ORDER BY comment_id", [as_list(entity_ids)])

    def known(self, comment_ids: Iterable[int]) -> dict[int, NoteRow]:
        """The rows there are for these comments, whichever invoice they hang on."""
        found = self._select(IN_LIST.format("comment_id"), [as_list(comment_ids)])
        return {row.comment_id: row for row in found}

    def write(self, rows: Iterable[NoteRow]) -> None:
        """Insert or replace whole rows."""
        self._connection.replace_all(rows)

    def due_invoices(self, now: datetime, *, automatic: bool, limit: int) -> list[int]:
        """The invoices with notes to send now: those tried least first, and of them what has waited longest."""
        rows = self._connection.execute(
            f"SELECT notes.entity_id FROM notes JOIN ledger USING (entity_id) WHERE {_DUE} "  # noqa: S608
            "GROUP BY +notes.entity_id "
            "ORDER BY min(notes.attempts), min(notes.next_attempt_at), notes.entity_id LIMIT :limit",
            {"now": text_of(now), "automatic": automatic, "limit": limit},
        ).fetchall()
        return [entity_id for (entity_id,) in self._connection.read_rows("notes", [count_in], rows)]

    def due(self, entity_ids: Iterable[int], now: datetime, *, automatic: bool) -> list[NoteRow]:
        """The comments of these invoices to send now, in the order of their ids."""
        ids = ", ".join(str(int(entity_id)) for entity_id in entity_ids)
        return self._connection.select(
            NoteRow,
            f"SELECT notes.* FROM notes JOIN ledger USING (entity_id) WHERE {_DUE} "  # noqa: S608
            f"AND notes.entity_id IN ({ids}) ORDER BY comment_id",
            {"now": text_of(now), "automatic": automatic},
        )

    def owe_again(self, entity_id: int, *, asked: bool = False) -> None:
        """Forget where this invoice's notes are, because its record was replaced, and owe them again.

        A note that is held or skipped stays so; should it be sent one day, it is made on the new record. An earlier
        call about a note may still be carried out, on the new record: ``again_at`` stays. ``asked``: a person asked
        for the invoice, so its notes go with it whatever the automatic flag says.
        """
        with self._connection.writing():
            self._connection.execute(
                "UPDATE notes SET record_id = NULL, note_id = NULL, link_id = NULL, fingerprint = NULL "
                "WHERE entity_id = ? AND sync_status NOT IN ('synced', 'failed', 'pending')",
                [entity_id],
            )
            self._connection.execute(
                "UPDATE notes SET sync_status = 'pending', record_id = NULL, note_id = NULL, link_id = NULL, "
                "fingerprint = NULL, attempts = 0, next_attempt_at = NULL, reason = NULL, "
                "waiting_since = NULL, "
                "asked = asked OR ? "
                "WHERE entity_id = ? AND sync_status IN ('synced', 'failed', 'pending')",
                [asked, entity_id],
            )

    def forget(self, entity_ids: Iterable[int]) -> None:
        """As if these invoices' comments had never been seen."""
        with self._connection.writing():
            self._connection.execute_many(
                "DELETE FROM notes WHERE entity_id = ?", [(entity_id,) for entity_id in entity_ids]
            )

    def forget_contents(self) -> None:
        """Forget what was sent of all comments, so that each goes once more."""
        with self._connection.writing():
            self._connection.execute("UPDATE notes SET fingerprint = NULL, digest = '' WHERE sync_status = 'synced'")

    def mark_owed_unanswered(self, until: datetime) -> None:
        """A process died: a call about any owed note may still be carried out, so none goes until it must be over.

        Also one that had failed and was just then being sent again.
        """
        with self._connection.writing():
            self._connection.execute(
                "UPDATE notes SET next_attempt_at = :until, again_at = :until WHERE sync_status = 'pending' "
                "OR (sync_status = 'failed' AND (again_at IS NOT NULL OR next_attempt_at IS NULL "
                "OR next_attempt_at <= :until))",
                {"until": text_of(until)},
            )

    def mark_edits_unanswered(self, again_at: datetime) -> None:
        """A process died: a call that edits a note that was due may still be carried out, so each is sent again then.

        Also one that was synced or failed, and was just then being sent once more. Or it was carried out already: what
        Salesforce holds is not known, so the fingerprint is forgotten.
        """
        with self._connection.writing():
            self._connection.execute(
                "UPDATE notes SET again_at = :again_at, fingerprint = NULL "
                "WHERE (record_id IS NOT NULL OR note_id IS NOT NULL) AND (sync_status = 'pending' "
                "OR (sync_status IN ('synced', 'failed') AND again_at IS NOT NULL) "
                "OR (sync_status = 'failed' AND (next_attempt_at IS NULL OR next_attempt_at <= :again_at)))",
                {"again_at": text_of(again_at)},
            )

    def owe_failed(self) -> None:
        """Failed notes are due now: what made them fail may have been mended."""
        with self._connection.writing():
            self._connection.execute("UPDATE notes SET next_attempt_at = NULL WHERE sync_status = 'failed'")

    def failures(self, among: Iterable[int] | None = None) -> list[Failure]:
        """Why notes (of these invoices, if any are named) failed, the commonest cause first."""
        return failures_of(self._connection, "notes", among)

    def counts(self) -> dict[SyncStatus, int]:
        """How many comments have each status."""
        return self._connection.count_by_status("notes")

    def counts_of(self, entity_ids: Iterable[int]) -> dict[int, dict[SyncStatus, int]]:
        """The same for each of these invoices."""
        found: dict[int, dict[SyncStatus, int]] = {}
        for entity_id, status, count in self._connection.execute(
            f"SELECT entity_id, sync_status, count(*) FROM notes WHERE {IN_LIST.format('entity_id')} "  # noqa: S608
            "GROUP BY 1, 2",
            [as_list(entity_ids)],
        ):
            found.setdefault(entity_id, {})[status] = count
        return found

    def _select(self, where: str, values: Sequence[Any]) -> list[NoteRow]:
        return self._connection.select(NoteRow, f"SELECT * FROM notes WHERE {where}", values)  # noqa: S608
