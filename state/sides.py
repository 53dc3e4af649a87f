"""Whether Magento and Salesforce answer: since when not, why, and when each is tried next."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from state.connection import Connection
from state.kinds import KeptName, SideStatus


@dataclass(frozen=True, slots=True)
class Side:
    """``ok``; ``failing``: it is tried at every pass; ``paused``: not before ``next_try_at``."""

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
        """What is known of the side; ok when nothing is."""
        found = self._connection.select(Side, "SELECT * FROM sides WHERE side = ?", [side])
        return found[0] if found else Side(side)

    def note(self, side: Side) -> None:
        """Remember what is known of the side now."""
        self._connection.replace_all([side])
