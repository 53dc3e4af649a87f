"""Reports the records still owed after a command: how many, why, and when the next try is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from daemon.reports.synchronization import synchronization_of
from daemon.settings.schema import Invoices
from state.kinds import RecordKind
from state.store import Store
from state.waiting import left_over


@dataclass(frozen=True, slots=True)
class Left:
    """``count`` owed invoices or notes with one reason; without ``next_attempt_at`` they go at the next pass."""

    of: RecordKind
    count: int
    reason: str | None
    next_attempt_at: datetime | None


def left_of(store: Store, options: Invoices, among: Collection[int] | None = None) -> tuple[Left, ...]:
    """Return the owed records (of these invoices, if any are named); none while synchronization is off.

    While Salesforce fails, its reason stands for records without one, and nothing is tried before Salesforce is.
    """
    mode = synchronization_of(options)
    if mode == "off":
        return ()
    found = left_over(store, automatic=mode == "automatic", notes=options.synchronize_notes, among=among)
    side = store.sides.get("salesforce")
    side_reason = side.reason if side.status != "ok" else None
    return tuple(
        Left(
            each.of,
            each.count,
            each.reason or side_reason,
            max(filter(None, (each.next_attempt_at, side.next_try_at)), default=None),
        )
        for each in found
    )
