"""What is sent is Magento's newest version: the page just read while that is fresh, else Magento is asked again."""

from collections.abc import Sequence

from daemon.invoice import Invoice
from daemon.sync.decide import ANOTHER, is_another, set_aside
from daemon.sync.discovery.scan import read_again
from daemon.sync.health import LeftAlone, is_open
from daemon.sync.parts import FRESH_SECONDS, Parts, Tally
from state.ledger import LedgerRow


def newest_contents(
    parts: Parts, tally: Tally, entity_ids: Sequence[int], *, orders: bool = True
) -> dict[int, Invoice]:
    """The invoices among these that can be sent as they are; reading again takes up what has changed meanwhile.

    ``orders``: not those whose order Magento cannot show; for notes no order is needed.

    LeftAlone when some are to be read again and Magento is not to be called now: they wait for it.
    """
    oldest = parts.clock.monotonic() - FRESH_SECONDS
    for entity_id in [key for key, (at, _) in parts.contents.items() if at < oldest]:
        del parts.contents[entity_id]
    missing = [entity_id for entity_id in entity_ids if not _is_at_hand(parts, entity_id, orders=orders)]
    if missing and not is_open(parts, "magento"):
        raise LeftAlone
    if missing:
        read_again(parts, tally, missing)
    rows = parts.store.ledger.known(entity_ids)
    shown = {key: parts.contents[key][1] for key in entity_ids if _is_at_hand(parts, key, orders=orders)}
    others = [key for key, invoice in shown.items() if is_another(rows[key], invoice)]
    _set_aside(parts, [rows[key] for key in others if rows[key].sync_status == "pending"])
    return {key: invoice for key, invoice in shown.items() if key not in others}


def _is_at_hand(parts: Parts, entity_id: int, *, orders: bool) -> bool:
    found = parts.contents.get(entity_id)
    return found is not None and not (orders and found[1].order_unreadable)


def _set_aside(parts: Parts, rows: Sequence[LedgerRow]) -> None:
    """Owed, but not what the ledger says it is: left pending it would be due again at once, and so for ever."""
    again_at = parts.timing.tomorrow()
    parts.store.ledger.write(set_aside(row, ANOTHER, again_at) for row in rows)
