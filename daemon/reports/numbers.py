"""Finds the ledger's invoices by number or entity_id, and refuses a number of several stores."""

from collections.abc import Sequence

from daemon.errors import UsageError
from state.ledger import LedgerRow
from state.store import Store


def require_one(number: str, found: Sequence[tuple[int, int | None]]) -> None:
    """Raise UsageError when several stores have an invoice of this number; ``found`` holds entity_ids and stores."""
    if len(found) > 1:
        stores = ((entity_id, "no store" if store_id is None else f"store {store_id}") for entity_id, store_id in found)
        choices = ", ".join(f"--id {entity_id} ({store})" for entity_id, store in stores)
        raise UsageError(f"{len(found)} stores have an invoice {number}", hint=f"Name one: {choices}")


def row_with_number(store: Store, number: str) -> LedgerRow | None:
    """Return the ledger's one row with this number; UsageError when several stores have one."""
    rows = store.ledger.by_number(number)
    require_one(number, [(row.entity_id, row.store_id) for row in rows])
    return rows[0] if rows else None


def known_invoices(store: Store, entity_ids: Sequence[int], numbers: Sequence[str]) -> list[int]:
    """Return the entity_ids of these invoices; UsageError when the ledger does not have all of them."""
    unknown = [str(entity_id) for entity_id in set(entity_ids) - set(store.ledger.known(entity_ids))]
    found = list(entity_ids)
    for number in numbers:
        row = row_with_number(store, number)
        if row is None:
            unknown.append(number)
        else:
            found.append(row.entity_id)
    if unknown:
        raise UsageError(f"not in the state: {', '.join(unknown)}")
    return found
