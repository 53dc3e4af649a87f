"""Hears what happens to the state: nothing by default, unless the caller hands an observer in."""

import sqlite3


class StateObserver:
    """Hears of each transaction, and does nothing. A subclass overrides the methods that it needs."""

    def transaction_begins(self, connection: sqlite3.Connection) -> None:
        """Hear that a transaction is about to begin."""

    def transaction_commits(self) -> None:
        """Hear that all of a transaction is written, and is about to be committed."""

    def transaction_committed(self) -> None:
        """Hear that a transaction is committed."""

    def copy_made(self) -> None:
        """Hear that a copy of the state is made."""

    def schema_made(self) -> None:
        """Hear that migrations are applied, and not committed yet."""
