"""Past passes with their books: what was seen, what became of it, what it cost."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import PassOutcome, Trigger
from state.rows import text_of
from state.values import our_instant_of


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass. The books balance: seen = owed + unchanged + held + skipped + refused, due = synced + failed + pending.

    ``outcome`` is ok, partial (some records failed or had to be put off) or failed (a side could not be worked
    with); None while it runs, or when the process died in it.
    """

    TABLE: ClassVar[str] = "passes"

    id: int
    trigger: Trigger
    started_at: datetime
    finished_at: datetime | None = None
    outcome: PassOutcome | None = None
    seen: int = 0
    owed: int = 0
    unchanged: int = 0
    held: int = 0
    skipped: int = 0
    refused: int = 0
    due: int = 0
    synced: int = 0
    failed: int = 0
    pending: int = 0
    notes: int = 0
    magento_calls: int = 0
    salesforce_calls: int = 0
    error: str | None = None


def _is_idle(done: Pass) -> bool:
    return done.outcome == "ok" and done.due == 0 and done.notes == 0 and done.seen == done.unchanged


class Passes:
    """The history of passes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, trigger: Trigger, now: datetime) -> Pass:
        """A new pass with its id."""
        with self._connection.writing():
            cursor = self._connection.execute(
                'INSERT INTO passes ("trigger", started_at) VALUES (?, ?)', [trigger, text_of(now)]
            )
        return Pass(id=int(cursor.lastrowid or 0), trigger=trigger, started_at=now)

    def finish(self, done: Pass) -> None:
        """Write the pass with its books. Of passes that found nothing to do, only the newest is kept."""
        values = self._connection.columns_of(done)
        assignments = ", ".join(f'"{field.name}" = :{field.name}' for field in fields(Pass) if field.name != "id")
        with self._connection.writing():
            self._connection.execute(
                f"UPDATE passes SET {assignments} WHERE id = :id",  # noqa: S608  (our own column names)
                values,
            )
            if _is_idle(done):
                self._connection.execute(
                    "DELETE FROM passes WHERE id < ? AND outcome = 'ok' AND due = 0 AND notes = 0 AND seen = unchanged",
                    [done.id],
                )

    def prune(self, before: datetime) -> None:
        """Forget those begun before then."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM passes WHERE started_at < ?", [text_of(before)])

    def last(self) -> Pass | None:
        """The newest pass that has finished, or None."""
        found = self.newest(1)
        return found[0] if found else None

    def last_success(self) -> datetime | None:
        """When the newest pass ended in which nothing failed or had to be put off."""
        newest = "SELECT max(finished_at) FROM passes WHERE outcome = 'ok'"
        return self._connection.value("passes: a finished_at", our_instant_of, newest)

    def newest(self, limit: int) -> list[Pass]:
        """The newest finished passes, newest first."""
        finished = "SELECT * FROM passes WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT ?"
        return self._connection.select(Pass, finished, [limit])
