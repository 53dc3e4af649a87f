"""Calls that had no answer and may still commit: the state remembers them longer than their rows."""

from collections.abc import Collection
from datetime import datetime

from state.connection import Connection
from state.facts import Facts
from state.ledger import Ledger
from state.notes import Notes
from state.rows import IN_LIST, as_list, text_of
from state.values import our_instant_of

_FACT = "doubted_until"


class Unanswered:
    """The instants until which unanswered calls may still commit, after a newer call too."""

    def __init__(self, connection: Connection, ledger: Ledger, notes: Notes, facts: Facts) -> None:
        self._connection = connection
        self._ledger = ledger
        self._notes = notes
        self._facts = facts

    def mark_owed(self, until: datetime, *, notes_by_title: bool) -> None:
        """Mark calls about owed records as unanswered until then, because a process died.

        ``notes_by_title``: only its title identifies a note, so no note is made before that.
        """
        with self._connection.writing():
            self._ledger.mark_owed_unanswered(until)
            self._notes.mark_edits_unanswered(until)
            if notes_by_title:
                self._notes.mark_owed_unanswered(until)

    def mark_all(self, until: datetime) -> None:
        """Mark calls about all records as unanswered until then, because the state is an older copy or began again.

        Such a state lacks newer calls and their answers, so the content of Salesforce is unknown: due records go
        whatever was sent before, and each comment goes once more.
        """
        with self._connection.writing():
            self._ledger.forget_fingerprints()
            self._notes.forget_contents()
            self.keep_until(until)

    def forgotten_until(self) -> datetime | None:
        """Return until when a call about forgotten records may still commit; None if none can."""
        return self._facts.get_instant(_FACT)

    def latest_until(self, now: datetime, entity_ids: Collection[int] | None = None) -> datetime | None:
        """Return until when a call about these invoices or forgotten records may still commit; None if none can now.

        Without ``entity_ids``, all invoices count.
        """
        only = "" if entity_ids is None else f"AND {IN_LIST.format('entity_id')}"
        values = [text_of(now)] + ([] if entity_ids is None else [as_list(entity_ids)])
        return self._connection.value(
            "the end of an unanswered call:",
            our_instant_of,
            f"SELECT max(at) FROM (SELECT max(again_at) AS at FROM ledger WHERE again_at > ? {only} "  # noqa: S608
            f"UNION ALL SELECT max(again_at) FROM notes WHERE again_at > ? {only} "
            "UNION ALL SELECT value FROM facts WHERE name = ? AND value > ?)",
            [*values, *values, _FACT, text_of(now)],
        )

    def keep_until(self, until: datetime | None) -> None:
        """Remember until when calls may still commit about records that are about to be forgotten."""
        if until is not None:
            self._facts.learn(_FACT, text_of(until) or "")
