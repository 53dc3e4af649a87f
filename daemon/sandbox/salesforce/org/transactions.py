"""Writes that commit whole or leave no trace, and the history of the committed ones."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import NamedTuple

from daemon.sandbox.salesforce.org.schema import Row
from daemon.sandbox.salesforce.org.table import Table
from daemon.sandbox.salesforce.org.traps import Operation


class Change(NamedTuple):
    """One committed write: the object, the record's external ID (or else its id), and the operation."""

    object: str
    external_id: str
    operation: Operation


class Transactions:
    """One transaction at a time, undone as a whole by any error in it."""

    def __init__(self) -> None:
        self.mutex = RLock()
        self.created: Counter[str] = Counter()
        self.updated: Counter[str] = Counter()
        self.history: list[Change] = []
        self._undo: list[tuple[Table, str, Row | None]] | None = None
        self._changes: list[Change] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all writes of the block, or none; a transaction within another one is part of that."""
        with self.mutex:
            if self._undo is not None:
                yield
                return
            self._undo, self._changes = [], []
            try:
                yield
            except BaseException:
                for table, record_id, before in reversed(self._undo):
                    table.put_back(record_id, before)
                raise
            else:
                self._commit(self._changes)
            finally:
                self._undo = None

    def _put(self, table: Table, record_id: str, row: Row | None) -> None:
        assert self._undo is not None, "written outside a transaction"
        self._undo.append((table, record_id, table.put(record_id, row)))

    def _commit(self, changes: list[Change]) -> None:
        self.history.extend(changes)
        self.created.update(change.object for change in changes if change.operation == "create")
        self.updated.update(change.object for change in changes if change.operation == "update")
