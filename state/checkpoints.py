"""The checkpoint: how far Magento has been read, by Magento's own clock."""

from datetime import datetime

from state.connection import Connection
from state.rows import text_of
from state.values import our_instant_of


class Checkpoints:
    """The one checkpoint, which never moves back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> datetime | None:
        """Return the checkpoint; None for a new or cleared state: all of Magento is read."""
        return self._connection.value(
            "checkpoints row magento: at",
            our_instant_of,
            # A row without its time is damage, and no new state.
            "SELECT coalesce(at, '') FROM checkpoints WHERE name = 'magento'",
        )

    def advance(self, at: datetime) -> None:
        """Move the checkpoint forward to ``at``; a checkpoint at ``at`` or later stays."""
        with self._connection.writing():
            self._connection.execute(
                "INSERT INTO checkpoints VALUES ('magento', :at) "
                "ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
                {"at": text_of(at)},
            )

    def clear(self) -> None:
        """Forget the checkpoint, so that the next poll reads all of Magento again."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM checkpoints")
