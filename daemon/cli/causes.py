"""Why records failed, a line for each cause: many with one cause are one thing to mend."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from state.store import Store


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
        }
        for kind, failure in found
    ]


def lines(found: Iterable[dict[str, Any]]) -> list[str]:
    """The causes as a person reads them, each with one invoice to look at."""
    return [
        f"{_count(cause)}: {cause['reason']} (see `invoice-sync explain --id {cause['entity_id']}`)" for cause in found
    ]


def _count(cause: dict[str, Any]) -> str:
    if cause["count"] == 1:
        return f"1 {cause['of']}"
    return f"{cause['count']:,} {cause['of']}s, one cause"
