"""The numbers of a database, each given once."""

from __future__ import annotations

from collections import Counter


class Numbers:
    """Auto-increment ids by table, and each store's own sequence of increment ids."""

    def __init__(self) -> None:
        self._last: Counter[str] = Counter()

    def next_id(self, table: str, count: int = 1) -> int:
        """Take so many new ids; return the first."""
        self._last[table] += count
        return self._last[table] - count + 1

    def next_increment_id(self, kind: str, store_id: int) -> str:
        """Take the next number for people to see: 000000001 in the first store, 2000000001 in the second."""
        number = self.next_id(f"{kind} number of store {store_id}")
        return f"{'' if store_id == 1 else store_id}{number:09d}"

    def use(self, table: str, *ids: int) -> None:
        """Count these ids as given."""
        self._last[table] = max(self._last[table], *ids, 0)

    def use_increment_id(self, kind: str, store_id: int, increment_id: str) -> None:
        """Count this number as given."""
        self.use(f"{kind} number of store {store_id}", int(increment_id[-9:]))
