"""What became of each attempt to send an invoice or a note, in the words that were answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from state.kinds import AttemptOutcome
from state.rows import kept_columns_of, select, text_of

if TYPE_CHECKING:
    from state.store import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: ``outcome`` is synced, pending (put off) or failed; ``comment_id`` where it was about a note."""

    entity_id: int
    at: datetime
    pass_id: int | None
    outcome: AttemptOutcome
    answer: str | None = None
    comment_id: int | None = None


class Attempts:
    """The attempts, kept as long as the passes they belong to."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Remember these."""
        with self._store.writing():
            self._store.db.conn.executemany(
                "INSERT INTO attempts (entity_id, at, pass_id, outcome, answer, comment_id) "
                "VALUES (:entity_id, :at, :pass_id, :outcome, :answer, :comment_id)",
                [kept_columns_of(self._store, attempt) for attempt in attempts],
            )

    def of(self, entity_id: int, limit: int = 50) -> list[Attempt]:
        """The newest attempts about this invoice and its notes, oldest first."""
        newest = "SELECT * FROM attempts WHERE entity_id = ? ORDER BY id DESC LIMIT ?"
        return select(self._store.db.conn, Attempt, newest, [entity_id, limit])[::-1]

    def prune(self, before: datetime) -> None:
        """Forget those made before then."""
        with self._store.writing():
            self._store.db.conn.execute("DELETE FROM attempts WHERE at < ?", [text_of(before)])
