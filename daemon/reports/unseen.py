"""Reports why the ledger does not have an invoice of Magento's."""

from daemon.errors import UsageError
from daemon.invoice import Invoice, Malformed
from daemon.magento import Magento
from daemon.reports.numbers import require_one
from daemon.reports.story import Story
from daemon.settings import Configuration


def unseen_by_number(magento: Magento, configuration: Configuration, number: str) -> Story:
    """Return why the ledger lacks the invoice with this number; raise UsageError when Magento has none, or several."""
    found = magento.by_number(number)
    require_one(number, [(shown.entity_id, getattr(shown, "store_id", None)) for shown in found])
    return _unseen(found[0] if found else None, configuration, number)


def unseen_by_id(magento: Magento, configuration: Configuration, entity_id: int) -> Story:
    """Return why the ledger lacks the invoice with this entity_id; raise UsageError when Magento has none."""
    return _unseen(magento.by_ids([entity_id]).get(entity_id), configuration, str(entity_id))


def _unseen(shown: Invoice | Malformed | None, configuration: Configuration, name: str) -> Story:
    if shown is None:
        raise UsageError(f"there is no invoice {name} in Magento, and none was ever seen")
    since = configuration.settings.invoices.created_from
    if since is None or shown.created_at is None or shown.created_at >= since:
        return Story(
            None, "Magento has it, and no pass has read it yet: the next poll or the first sync under way will."
        )
    place = configuration.document.where("invoices", "created_from")
    return Story(
        None,
        f"Magento has it, created {shown.created_at:%Y-%m-%d %H:%M:%S} UTC: before invoices.created_from "
        f"({place}), so it is not discovered. `invoice-sync sync` with its number sends it all the same.",
    )
