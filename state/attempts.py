"""What became of each attempt to send an invoice or a note, in the words that were answered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import AttemptOutcome
from state.rows import text_of


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: ``outcome`` is synced, pending (put off) or failed; ``comment_id`` where it was about a note."""

    TABLE: ClassVar[str] = "attempts"

    entity_id: int
    at: datetime
    pass_id: int | None
    outcome: AttemptOutcome
    answer: str | None = None
    comment_id: int | None = None


class Attempts:
    """The attempts, kept as long as the passes they belong to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, attempts: Iterable[Attempt]) -> None:
        """Remember these."""
        with self._connection.writing():
            self._connection.execute_many(
                "INSERT INTO attempts (entity_id, at, pass_id, outcome, answer, comment_id) "
                "VALUES (:entity_id, :at, :pass_id, :outcome, :answer, :comment_id)",
                [self._connection.columns_of(attempt) for attempt in attempts],
            )

    def of(self, entity_id: int, limit: int = 50) -> list[Attempt]:
        """The newest attempts about this invoice and its notes, oldest first."""
        newest = "SELECT * FROM attempts WHERE entity_id = ? ORDER BY id DESC LIMIT ?"
        return self._connection.select(Attempt, newest, [entity_id, limit])[::-1]

    def prune(self, before: datetime) -> None:
        """Forget those made before then."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM attempts WHERE at < ?", [text_of(before)])
