"""The checkpoint: how far Magento has been read, by Magento's own clock."""

from datetime import datetime
from typing import TYPE_CHECKING

from state.rows import read_value, text_of
from state.values import our_instant_of

if TYPE_CHECKING:
    from state.store import Store


class Checkpoints:
    """The one checkpoint. It never moves back."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def current(self) -> datetime | None:
        """The checkpoint, or None for a state that has none: all of Magento is read."""
        return read_value(
            self._store.db.conn,
            "checkpoints row magento: at",
            our_instant_of,
            "SELECT at FROM checkpoints WHERE name = 'magento'",
        )

    def advance(self, at: datetime) -> None:
        """Move the checkpoint to ``at``, unless it is there or further already."""
        with self._store.writing():
            self._store.db.conn.execute(
                "INSERT INTO checkpoints VALUES ('magento', :at) "
                "ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)",
                {"at": text_of(at)},
            )

    def clear(self) -> None:
        """Forget it: the next poll reads all of Magento again."""
        with self._store.writing():
            self._store.db.conn.execute("DELETE FROM checkpoints")
