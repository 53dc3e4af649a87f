"""The health of Magento and Salesforce: status, reason, and the next try of each side."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import KeptName, SideStatus


@dataclass(frozen=True, slots=True)
class Side:
    """A side: ``ok``; ``failing``, tried at every pass; ``paused``, not tried before ``next_try_at``."""

    TABLE: ClassVar[str] = "sides"

    side: KeptName
    status: SideStatus = "ok"
    reason: str | None = None
    since: datetime | None = None
    failures: int = 0
    next_try_at: datetime | None = None
    api_used: int | None = None
    api_limit: int | None = None
    exit_code: int | None = None


class Sides:
    """One row per side."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, side: KeptName) -> Side:
        """Return the known side; an unknown side is ok."""
        found = self._connection.select(Side, "SELECT * FROM sides WHERE side = ?", [side])
        return found[0] if found else Side(side)

    def note(self, side: Side) -> None:
        """Remember the side as it is now."""
        self._connection.replace_all([side])
