"""Plans a manual sync without sending or remembering anything."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from daemon.eligibility import Action, Known, decide
from daemon.invoice import Invoice, Malformed
from daemon.magento import Magento
from daemon.reports.selection import Choice
from daemon.settings.schema import Invoices
from state.ledger import LedgerRow

_IDS_A_CALL = 100


@dataclass(frozen=True, slots=True)
class PlannedInvoice:
    """One invoice, which would be ``sent``, ``held``, ``skipped`` or ``failed``, with the reason."""

    entity_id: int
    increment_id: str | None
    would_be: str
    reason: str | None = None


def newest_versions(magento: Magento, entity_ids: Sequence[int]) -> dict[int, Invoice | Malformed]:
    """Return the present versions of these invoices in Magento, without missing ones."""
    shown: dict[int, Invoice | Malformed] = {}
    for start in range(0, len(entity_ids), _IDS_A_CALL):
        shown.update(magento.by_ids(entity_ids[start : start + _IDS_A_CALL]))
    return shown


def plan_sync(
    choice: Choice,
    shown: Mapping[int, Invoice | Malformed],
    known: Mapping[int, LedgerRow],
    options: Invoices,
) -> tuple[PlannedInvoice, ...]:
    """Return the plan for each chosen invoice, from Magento's version (``shown``) and the ledger's (``known``)."""
    named = frozenset(choice.named)
    return tuple(
        _plan(entity_id, shown.get(entity_id), known.get(entity_id), options, named) for entity_id in choice.all
    )


def _plan(
    entity_id: int, shown: Invoice | Malformed | None, row: LedgerRow | None, options: Invoices, named: Collection[int]
) -> PlannedInvoice:
    if shown is None:
        return PlannedInvoice(entity_id, row.increment_id if row else None, "failed", "gone from Magento")
    if isinstance(shown, Malformed):
        reason = f"Magento's record cannot be used: {shown.reason}"
        return PlannedInvoice(entity_id, shown.increment_id, "failed", reason)
    known = Known(
        owed=row is not None and row.sync_status == "pending",
        in_salesforce=row is not None and row.salesforce_id is not None,
        asked=True,
        named=entity_id in named,
    )
    decision = decide(shown, options, known)
    would_be = "sent" if decision.action is Action.SEND else decision.action.value
    return PlannedInvoice(entity_id, shown.increment_id, would_be, decision.reason)
