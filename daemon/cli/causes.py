"""Why records failed, or have waited for an hour, a line for each cause: many with one cause are one thing to fix."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daemon.settings.schema import Invoices
    from state.store import Store
    from state.waiting import Waiting


def causes(store: "Store", among: Iterable[int] | None = None) -> list[dict[str, Any]]:
    """The causes as JSON objects, invoices' before notes', the commonest first; only of these invoices if named."""
    chosen = None if among is None else list(among)
    found = [("invoice", failure) for failure in store.ledger.failures(chosen)]
    found += [("note", failure) for failure in store.notes.failures(chosen)]
    names = store.ledger.known(failure.entity_id for _, failure in found)
    return [
        {
            "of": kind,
            "cause": failure.cause,
            "count": failure.count,
            "reason": failure.reason,
            "invoice": names[failure.entity_id].increment_id if failure.entity_id in names else None,
            "entity_id": failure.entity_id,
            "sync_status": "failed",
            "since": None,
            "next_attempt_at": None,
        }
        for kind, failure in found
    ]


def waits(store: "Store", options: "Invoices") -> list[dict[str, Any]]:
    """Return what has been put off for an hour, as JSON objects like those of :func:`causes`."""
    from daemon.clock import SystemClock
    from state.waiting import waiting_long

    if not options.enable_synchronization:
        return []
    automatic, notes = options.enable_automatic_synchronization, options.synchronize_notes
    return as_objects(store, waiting_long(store, SystemClock().now(), automatic=automatic, notes=notes))


def as_objects(store: "Store", found: "Iterable[Waiting]") -> list[dict[str, Any]]:
    """Return what waits as JSON objects."""
    from daemon.cli.output import instant

    found = list(found)
    names = store.ledger.known(waiting.entity_id for waiting in found)
    return [
        {
            "of": waiting.of,
            "cause": waiting.cause,
            "count": waiting.count,
            "reason": waiting.reason,
            "invoice": names[waiting.entity_id].increment_id if waiting.entity_id in names else None,
            "entity_id": waiting.entity_id,
            "sync_status": "pending",
            "since": instant(waiting.since),
            "next_attempt_at": instant(waiting.next_attempt_at),
        }
        for waiting in found
    ]


def lines(found: Iterable[dict[str, Any]]) -> list[str]:
    """The causes as a person reads them, each with one invoice to look at."""
    return [
        f"{_count(cause)}{_since(cause)}: {cause['reason']} (see `invoice-sync explain --id {cause['entity_id']}`)"
        for cause in found
    ]


def _since(cause: dict[str, Any]) -> str:
    """Return since when it waits and when it is tried again, of what waits."""
    if cause["sync_status"] == "failed":
        return ""
    since = f", waiting since {cause['since']}" if cause["since"] else ""
    again = cause["next_attempt_at"]
    return f"{since}, tried again {f'at {again}' if again else 'at the next pass'}"


def _count(cause: dict[str, Any]) -> str:
    if cause["count"] == 1:
        return f"1 {cause['of']}"
    return f"{cause['count']:,} {cause['of']}s, one cause"
