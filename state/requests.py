"""Manual syncs that one process asks of the process that holds the state."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from state.rows import read, text_of

if TYPE_CHECKING:
    from state.store import Store


@dataclass(frozen=True, slots=True)
class Request:
    """``kind`` is sync; ``entity_ids`` a JSON list; ``error`` why it could not be done, None when it was."""

    id: int
    kind: str
    entity_ids: str
    asked_at: datetime
    taken_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    error: str | None = None

    @property
    def invoices(self) -> list[int]:
        """The invoices that it names."""
        return [int(entity_id) for entity_id in json.loads(self.entity_ids)]


class Requests:
    """The requests, oldest first."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def leave(self, kind: str, entity_ids: list[int], now: datetime) -> int:
        """Ask for it; the number is what :meth:`get` follows it by."""
        with self._store.writing():
            cursor = self._store.db.conn.execute(
                "INSERT INTO requests (kind, entity_ids, asked_at) VALUES (?, ?, ?)",
                [kind, json.dumps(entity_ids), text_of(now)],
            )
        return int(cursor.lastrowid or 0)

    def get(self, number: int) -> Request | None:
        """The request as it stands, or None when the state was cleared meanwhile."""
        rows = list(self._store.db.query("SELECT * FROM requests WHERE id = ?", [number]))
        return read(Request, rows[0]) if rows else None

    def waiting(self) -> Request | None:
        """The oldest one that is not finished; one that a dead process took is waiting again."""
        rows = list(self._store.db.query("SELECT * FROM requests WHERE finished_at IS NULL ORDER BY id LIMIT 1"))
        return read(Request, rows[0]) if rows else None

    def take(self, number: int, now: datetime) -> None:
        """It is being worked on."""
        with self._store.writing():
            self._store.db.conn.execute("UPDATE requests SET taken_at = ? WHERE id = ?", [text_of(now), number])

    def finish(self, number: int, now: datetime, *, exit_code: int = 0, error: str | None = None) -> None:
        """It is done, or cannot be: ``error`` says why."""
        with self._store.writing():
            self._store.db.conn.execute(
                "UPDATE requests SET finished_at = ?, exit_code = ?, error = ? WHERE id = ?",
                [text_of(now), exit_code, error, number],
            )
