"""Reports why records failed, or have waited for an hour: many records with one cause are one thing to fix."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.reports.synchronization import synchronization_of
from daemon.settings.schema import Invoices
from state.failures import Failure
from state.kinds import RecordKind, SyncStatus
from state.store import Store
from state.waiting import waiting_long


@dataclass(frozen=True, slots=True)
class Cause:
    """``count`` invoices or notes with one cause; ``reason`` is of the newest, which ``entity_id`` names.

    Only a cause that records wait for has ``since`` and ``next_attempt_at``.
    """

    of: RecordKind
    cause: str
    count: int
    reason: str
    invoice: str | None
    entity_id: int
    sync_status: SyncStatus
    since: datetime | None = None
    next_attempt_at: datetime | None = None


def failures(store: Store, among: Sequence[int] | None = None) -> tuple[Cause, ...]:
    """Return why records failed (of these invoices, if any are named): invoices before notes, the commonest first."""
    found: list[tuple[RecordKind, Failure]] = [("invoice", failure) for failure in store.ledger.failures(among)]
    found += [("note", failure) for failure in store.notes.failures(among)]
    numbers = _numbers(store, (failure.entity_id for _, failure in found))
    return tuple(
        Cause(
            of=of,
            cause=failure.cause,
            count=failure.count,
            reason=failure.reason,
            invoice=numbers.get(failure.entity_id),
            entity_id=failure.entity_id,
            sync_status="failed",
        )
        for of, failure in found
    )


def long_waits(store: Store, options: Invoices, now: datetime) -> tuple[Cause, ...]:
    """Return the causes of waits longer than an hour; none while synchronization is off."""
    mode = synchronization_of(options)
    if mode == "off":
        return ()
    found = waiting_long(store, now, automatic=mode == "automatic", notes=options.synchronize_notes)
    numbers = _numbers(store, (waiting.entity_id for waiting in found))
    return tuple(
        Cause(
            of=waiting.of,
            cause=waiting.cause,
            count=waiting.count,
            reason=waiting.reason,
            invoice=numbers.get(waiting.entity_id),
            entity_id=waiting.entity_id,
            sync_status="pending",
            since=waiting.since,
            next_attempt_at=waiting.next_attempt_at,
        )
        for waiting in found
    )


def _numbers(store: Store, entity_ids: Iterable[int]) -> dict[int, str]:
    return {entity_id: row.increment_id for entity_id, row in store.ledger.known(entity_ids).items()}
