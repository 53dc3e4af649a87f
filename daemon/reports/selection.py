"""Selects the invoices of a manual sync: named one by one, of an order, or by a common trait."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from daemon.errors import UsageError
from daemon.magento import Magento
from daemon.reports.numbers import require_one, row_with_number
from daemon.words import visible
from state.dismissal import failed_invoices, is_dismissed
from state.kinds import SyncStatus
from state.ledger import LedgerRow
from state.store import Store


@dataclass(frozen=True, slots=True)
class Wish:
    """A person's selection, as typed. ``statuses`` are sync statuses; ``since`` is an instant of Magento's creation."""

    numbers: tuple[str, ...] = ()
    entity_ids: tuple[int, ...] = ()
    orders: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    since: datetime | None = None
    everything: bool = False

    @property
    def searches(self) -> bool:
        """Return whether invoices are chosen by a common trait."""
        return bool(self.statuses or self.since or self.everything)

    def meets(self, sync_status: SyncStatus, created_at: datetime | None) -> bool:
        """Return whether an invoice with this status and creation has the common trait."""
        return (
            self.everything
            or sync_status in self.statuses
            or (self.since is not None and created_at is not None and created_at >= self.since)
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """The entity_ids of the selected invoices. Skip rules do not hold the ``named``, which were named one by one."""

    named: tuple[int, ...]
    others: tuple[int, ...]

    @property
    def all(self) -> tuple[int, ...]:
        """Return all of them, each once."""
        return (*self.named, *self.others)


def choose(store: Store | None, magento: Magento, wish: Wish) -> Choice:
    """Return the selected invoices; raise UsageError for a number that no store has, or several.

    Named invoices that the ledger does not have are asked of Magento. A common trait is looked up in the ledger.
    """
    named = dict.fromkeys(
        [
            *_by_id(store, magento, wish.entity_ids),
            *(_by_number(store, magento, number) for number in wish.numbers),
            *(entity_id for order in wish.orders for entity_id in _by_order(magento, order)),
        ]
    )
    others = _in_common(store, wish) if store and wish.searches else []
    return Choice(tuple(named), tuple(entity_id for entity_id in others if entity_id not in named))


def _by_id(store: Store | None, magento: Magento, entity_ids: Sequence[int]) -> Sequence[int]:
    missing = set(entity_ids) - set(store.ledger.known(entity_ids) if store else ())
    missing -= set(magento.by_ids(sorted(missing))) if missing else set()
    if missing:
        raise UsageError(f"Magento has no invoice with entity_id {', '.join(map(str, sorted(missing)))}")
    return entity_ids


def _by_number(store: Store | None, magento: Magento, number: str) -> int:
    row = row_with_number(store, number) if store else None
    if row is not None:
        return row.entity_id
    found = [(shown.entity_id, getattr(shown, "store_id", None)) for shown in magento.by_number(number)]
    if not found:
        raise UsageError(f"there is no invoice {number} in Magento")
    require_one(number, found)
    return found[0][0]


def _by_order(magento: Magento, order: str) -> list[int]:
    found = magento.by_order(order)
    if not found:
        raise UsageError(f"Magento has no invoice of an order {order}")
    return [invoice.entity_id for invoice in found]


def _in_common(store: Store, wish: Wish) -> list[int]:
    """Return the oldest first, without dismissed invoices: only their names bring these back."""
    return [
        row.entity_id
        for row in reversed(store.ledger.newest())
        if not is_dismissed(row) and wish.meets(row.sync_status, row.created_at)
    ]


def choose_failed(store: Store, wish: Wish) -> tuple[int, ...]:
    """Return the selected invoices with a failure of their own or of a note; raise UsageError for a named one without.

    Neither side is asked: the invoice may be gone from Magento.
    """
    failed = failed_invoices(store)
    named = _named_in_ledger(store, wish, failed)
    for row in named:
        if row.entity_id not in failed:
            number = visible(row.increment_id or str(row.entity_id))
            raise UsageError(f"invoice {number} is {row.sync_status}: only what has failed is dismissed")
    found = [row.entity_id for row in named]
    if wish.searches:  # an invoice of which only a note failed counts as failed, too
        rows = store.ledger.known(sorted(failed)).values()
        found += [row.entity_id for row in rows if wish.meets("failed", row.created_at)]
    return tuple(dict.fromkeys(found))


def _named_in_ledger(store: Store, wish: Wish, failed: set[int]) -> list[LedgerRow]:
    known = store.ledger.known(wish.entity_ids)
    unknown = [str(entity_id) for entity_id in wish.entity_ids if entity_id not in known]
    found = list(known.values())
    for number in wish.numbers:
        row = row_with_number(store, number)
        unknown += [] if row else [number]
        found += [row] if row else []
    for order in wish.orders:
        rows = [row for row in store.ledger.newest(order_number=order) if row.entity_id in failed]
        unknown += [] if rows else [f"a failed invoice of order {order}"]
        found += rows
    if unknown:
        raise UsageError(f"not in the state: {', '.join(unknown)}")
    return found
