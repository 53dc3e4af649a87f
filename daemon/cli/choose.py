"""Which invoices a manual sync is about: named one by one, of an order, or by what they have in common."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.magento import Magento
    from daemon.settings import SettingsFile
    from state.store import Store


@dataclass(frozen=True)
class Wish:
    """What was typed. ``statuses`` are sync statuses; ``since`` an instant of Magento's creation."""

    numbers: Sequence[str] = ()
    entity_ids: Sequence[int] = ()
    orders: Sequence[str] = ()
    statuses: Sequence[str] = ()
    since: datetime | None = None
    everything: bool = False


@dataclass(frozen=True)
class Choice:
    """The invoices that are meant: skip rules do not hold those that were named one by one."""

    named: list[int]
    others: list[int]

    @property
    def all(self) -> list[int]:
        """All of them, each once."""
        return [*self.named, *self.others]


def choose(settings_file: "SettingsFile", wish: Wish) -> Choice:
    """The entity_ids that are meant; UsageError for a number that nobody has, or several stores.

    Invoices that the ledger does not have are asked of Magento; what they have in common is looked up in the ledger.
    """
    from daemon.cli.assemble import ask_magento, open_reader
    from state.errors import StateMissingError, StateOlderError

    magento = ask_magento(settings_file.current)
    store: Store | None = None
    # An older version's state is brought up to date before anything is sent; numbers are asked of Magento until then.
    missing = (StateMissingError,) if looks_through(wish) else (StateMissingError, StateOlderError)
    with suppress(*missing):
        store = open_reader(settings_file.current)
    try:
        named = _named(store, magento, wish)
        others = _others(store, wish)
    finally:
        magento.close()
        if store:
            store.close()
    named = list(dict.fromkeys(named))
    return Choice(named, [entity_id for entity_id in others if entity_id not in set(named)])


def _named(store: "Store | None", magento: "Magento", wish: Wish) -> list[int]:
    named = list(wish.entity_ids)
    known = set(store.ledger.known(wish.entity_ids)) if store else set()
    missing = set(wish.entity_ids) - known
    missing -= set(magento.by_ids(sorted(missing))) if missing else set()
    if missing:
        raise UsageError(f"Magento has no invoice with entity_id {', '.join(map(str, sorted(missing)))}")
    named += [one_by_number(store, magento, number) for number in wish.numbers]
    for number in wish.orders:
        found = magento.by_order(number)
        if not found:
            raise UsageError(f"Magento has no invoice of an order {number}")
        named += [invoice.entity_id for invoice in found]
    return named


def one_by_number(store: "Store | None", magento: "Magento", number: str) -> int:
    """The one invoice with this number."""
    known = store.ledger.by_number(number) if store else []
    found: list[tuple[int, int | None]] = [(row.entity_id, row.store_id) for row in known]
    if not found:
        found = [(shown.entity_id, getattr(shown, "store_id", None)) for shown in magento.by_number(number)]
    if not found:
        raise UsageError(f"there is no invoice {number} in Magento")
    require_one(number, found)
    return found[0][0]


def require_one(number: str, found: Sequence[tuple[int, int | None]]) -> None:
    """UsageError when several stores have an invoice of this number."""
    from daemon.cli.output import choices

    if len(found) > 1:
        raise UsageError(f"{len(found)} stores have an invoice {number}", hint=f"Name one: {choices(found)}")


def looks_through(wish: Wish) -> bool:
    """Return whether invoices are chosen by what they have in common."""
    return bool(wish.statuses or wish.since or wish.everything)


def _others(store: "Store | None", wish: Wish) -> list[int]:
    """What was dismissed stays so, unless it is named."""
    from state.dismissal import is_dismissed

    if store is None or not looks_through(wish):
        return []
    return [
        row.entity_id
        for row in reversed(store.ledger.newest())
        if not is_dismissed(row)
        and (
            wish.everything
            or row.sync_status in wish.statuses
            or (wish.since is not None and row.created_at is not None and row.created_at >= wish.since)
        )
    ]
