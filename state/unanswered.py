"""Calls that may still be carried out: what rows say of them outlives the rows."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from state.rows import IN_LIST, as_list, read_value, text_of
from state.values import our_instant_of

if TYPE_CHECKING:
    from state.store import Store

_FACT = "doubted_until"


class Unanswered:
    """Until when a call that had no answer may still be carried out, over what is sent now."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def mark_owed(self, until: datetime, *, notes_by_title: bool) -> None:
        """A process died: a call about what was owed may still be carried out, until then.

        ``notes_by_title``: a note is found by its title alone, so none is made before that.
        """
        with self._store.writing():
            self._store.ledger.mark_owed_unanswered(until)
            self._store.notes.mark_edits_unanswered(until)
            if notes_by_title:
                self._store.notes.mark_owed_unanswered(until)

    def mark_all(self, until: datetime) -> None:
        """The state is an older copy, or began anew: it lacks what was sent since, and what was answered.

        What Salesforce holds is not known any more: what is due goes whatever was sent before, a comment once more.
        """
        with self._store.writing():
            self._store.db.conn.execute("UPDATE ledger SET fingerprint = NULL")
            self._store.db.conn.execute("UPDATE notes SET fingerprint = NULL, digest = '' WHERE sync_status = 'synced'")
            self.keep_until(until)

    def forgotten_until(self) -> datetime | None:
        """Until when a call about what the state has forgotten may be carried out; None: none is known."""
        return self._store.facts.get_instant(_FACT)

    def latest_until(self, now: datetime, entity_ids: Collection[int] | None = None) -> datetime | None:
        """The same of all that the state knows of these invoices (None: of all), and has forgotten; None: none now."""
        only = "" if entity_ids is None else f"AND {IN_LIST.format('entity_id')}"
        values = [text_of(now)] + ([] if entity_ids is None else [as_list(entity_ids)])
        return read_value(
            self._store.db.conn,
            "a doubted instant",
            our_instant_of,
            f"SELECT max(at) FROM (SELECT max(again_at) AS at FROM ledger WHERE again_at > ? {only} "  # noqa: S608
            f"UNION ALL SELECT max(again_at) FROM notes WHERE again_at > ? {only} "
            "UNION ALL SELECT value FROM facts WHERE name = ? AND value > ?)",
            [*values, *values, _FACT, text_of(now)],
        )

    def keep_until(self, until: datetime | None) -> None:
        """What is forgotten cannot say any more that a call about it may still be carried out; so the state says it."""
        if until is not None:
            self._store.facts.learn(_FACT, text_of(until) or "")
