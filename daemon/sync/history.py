"""Forgets past passes, attempts and requests after 90 days."""

from datetime import date, datetime, timedelta

from state.store import Store

HISTORY_KEPT = timedelta(days=90)


class History:
    """Owns the day on which the history was last pruned: once a day is often enough."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pruned_on: date | None = None

    def prune(self, now: datetime) -> None:
        """Forget old history, once a day."""
        if self._pruned_on != now.date():
            self._pruned_on = now.date()
            for table in (self._store.passes, self._store.attempts, self._store.requests):
                table.prune(now - HISTORY_KEPT)
