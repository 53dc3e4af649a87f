"""Facts about the state as a whole: its shop, its org, and the end of the last process."""

from datetime import datetime

from state.connection import Connection
from state.values import our_instant_of, text_in


class Facts:
    """Small named texts: ``magento_name``, ``organization_id``, ``instance_url``, ``mapping``, ``org``, ``running``.

    ``window``: what polls have read last; ``refused_sign_ins``: the number of denied sign-ins in a row, and the time of
    the last one; ``doubted_until``: an unanswered call about forgotten records may still commit until then; ``mark``:
    the generation of this state.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """Return the fact; None for an unknown one."""
        return self._connection.value(
            f"facts row {name}: its value",
            text_in,
            "SELECT value FROM facts WHERE name = ?",
            [name],
        )

    def get_instant(self, name: str) -> datetime | None:
        """Return the fact as an instant; None for an unknown one."""
        return self._connection.value(
            f"facts row {name}: its value",
            our_instant_of,
            "SELECT value FROM facts WHERE name = ?",
            [name],
        )

    def learn(self, name: str, value: str) -> None:
        """Remember the fact in place of an earlier value."""
        with self._connection.writing():
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])

    def forget(self, name: str) -> None:
        """Forget the fact."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM facts WHERE name = ?", [name])

    def clear(self) -> None:
        """Forget all facts but the generation."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM facts WHERE name != 'mark'")
