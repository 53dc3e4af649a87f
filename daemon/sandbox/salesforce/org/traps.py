"""Failures of single records, set by tests: validation rules, triggers, locks, full storage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from daemon.sandbox.salesforce.org.errors import ApiError
from daemon.sandbox.salesforce.org.schema import Row

Predicate: TypeAlias = Callable[[Row], bool]
Operation: TypeAlias = Literal["create", "update"]


@dataclass(eq=False)
class Trap:
    """Fails each write of a matching record of this object, at most `times` times.

    The predicate sees the record as it would be saved. A rollback of the graph does not lower `sprung`.
    """

    object: str
    predicate: Predicate
    error: Callable[[Row], ApiError]
    operations: Sequence[Operation] = ("create", "update")
    times: int | None = None
    sprung: int = field(default=0, init=False)

    def remove(self) -> None:
        """Let the next writes pass."""
        self.times = 0

    def spring(self, name: str, operation: Operation, row: Row) -> None:
        """Raise this trap's error if the write matches."""
        if name != self.object or operation not in self.operations:
            return
        if (self.times is None or self.sprung < self.times) and self.predicate(row):
            self.sprung += 1
            raise self.error(row)
