"""What this state is about: which shop and which org it belongs to, and how the last process ended."""

from datetime import datetime

from state.connection import Connection
from state.values import our_instant_of, text_in


class Facts:
    """Small named texts: ``magento_name``, ``organization_id``, ``instance_url``, ``mapping``, ``org``, ``running``.

    ``window``: what polls have read last; ``refused_sign_ins``: how many were refused in a row, and when the last was.

    And ``doubted_until``: a call about what was forgotten since may still be carried out until then; ``mark``: which
    state this is.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str | None:
        """The fact, or None when it was never learnt."""
        return self._connection.value(
            f"facts row {name}: its value",
            text_in,
            "SELECT value FROM facts WHERE name = ?",
            [name],
        )

    def get_instant(self, name: str) -> datetime | None:
        """The fact as an instant, or None when it was never learnt."""
        return self._connection.value(
            f"facts row {name}: its value",
            our_instant_of,
            "SELECT value FROM facts WHERE name = ?",
            [name],
        )

    def learn(self, name: str, value: str) -> None:
        """Remember the fact, whatever was known before."""
        with self._connection.writing():
            self._connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", [name, value])

    def forget(self, name: str) -> None:
        """As if the fact had never been learnt."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM facts WHERE name = ?", [name])

    def clear(self) -> None:
        """Forget what was learnt of shop and org; which state this is stays as it is."""
        with self._connection.writing():
            self._connection.execute("DELETE FROM facts WHERE name != 'mark'")
