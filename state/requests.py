"""Manual syncs that one process asks of the process that holds the state."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import RequestKind
from state.rows import text_of


@dataclass(frozen=True, slots=True)
class Request:
    """``kind`` is sync, dismiss, clear or clear-checkpoint; ``error`` why it could not be done, None when it was.

    ``named`` and ``others`` are JSON lists of entity_ids: skip rules do not hold those that were named one by one.
    """

    TABLE: ClassVar[str] = "requests"

    id: int
    kind: str  # a newer version's command may leave one that this version does not know
    named: str
    others: str
    asked_at: datetime
    taken_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    error: str | None = None

    @property
    def named_ids(self) -> list[int]:
        """The invoices that were named one by one."""
        return [int(entity_id) for entity_id in json.loads(self.named)]

    @property
    def other_ids(self) -> list[int]:
        """The invoices that were chosen by what they have in common."""
        return [int(entity_id) for entity_id in json.loads(self.others)]


class Requests:
    """The requests, oldest first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def leave(self, kind: RequestKind, now: datetime, *, named: Sequence[int] = (), others: Sequence[int] = ()) -> int:
        """Ask for it; the number is what :meth:`get` follows it by."""
        with self._connection.writing():
            cursor = self._connection.execute(
                "INSERT INTO requests (kind, named, others, asked_at) VALUES (?, ?, ?, ?)",
                [kind, json.dumps(list(named)), json.dumps(list(others)), text_of(now)],
            )
        return int(cursor.lastrowid or 0)

    def get(self, number: int) -> Request | None:
        """The request as it stands, or None when the state was cleared meanwhile."""
        found = self._connection.select(Request, "SELECT * FROM requests WHERE id = ?", [number])
        return found[0] if found else None

    def waiting(self) -> Request | None:
        """The oldest one that is not finished; one that a dead process took is waiting again."""
        oldest = "SELECT * FROM requests WHERE finished_at IS NULL ORDER BY id LIMIT 1"
        found = self._connection.select(Request, oldest)
        return found[0] if found else None

    def prune(self, before: datetime) -> None:
        """Forget those finished before then."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM requests WHERE finished_at < ?", [text_of(before)])

    def take(self, number: int, now: datetime) -> None:
        """It is being worked on."""
        with self._connection.writing():
            self._connection.execute("UPDATE requests SET taken_at = ? WHERE id = ?", [text_of(now), number])

    def finish(self, number: int, now: datetime, *, exit_code: int = 0, error: str | None = None) -> None:
        """It is done, or cannot be: ``error`` says why."""
        with self._connection.writing():
            self._connection.execute(
                "UPDATE requests SET finished_at = ?, exit_code = ?, error = ? WHERE id = ?",
                [text_of(now), exit_code, None if error is None else self._connection.redact(error), number],
            )
