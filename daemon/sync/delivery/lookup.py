"""Asks Salesforce which of the invoices that are held or skipped it has: after a cleared state or a lost answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daemon.salesforce import Existing
from daemon.sync.health import require_calls
from daemon.sync.org import require_fit
from daemon.sync.parts import Parts
from state.dismissal import is_dismissed
from state.ledger import LedgerRow

_IDS_A_QUERY = 200


def confirm_next(parts: Parts) -> bool:
    """Look up the next 200 of them; False when there are none.

    Those found keep their Salesforce ID and follow the rules for invoices already there: a skip rule does not hold
    them any more, a flag still does, and what a person dismissed stays so.
    """
    rows = parts.store.ledger.unconfirmed(parts.now(), _IDS_A_QUERY)
    if not rows or not parts.configuration.settings.invoices.enable_synchronization:
        return False
    require_fit(parts)
    require_calls(parts)
    called_at = parts.now()
    found = parts.salesforce.existing_invoices(parts.mapping.invoice_id(row.entity_id) for row in rows)
    parts.store.ledger.write(_confirmed(parts, rows, found, called_at))
    return True


def _confirmed(
    parts: Parts, rows: Sequence[LedgerRow], found: dict[str, Existing], called_at: datetime
) -> list[LedgerRow]:
    fresh: list[LedgerRow] = []
    for row in rows:
        there = found.get(parts.mapping.invoice_id(row.entity_id))
        if there is None:
            doubted = parts.still_doubted(called_at)  # then it may come to be there: it is asked once more
            fresh.append(replace(row, unconfirmed=doubted is not None, again_at=doubted))
        elif row.sync_status == "skipped" and not is_dismissed(row):
            fresh.append(
                replace(row, unconfirmed=False, salesforce_id=there.record_id, sync_status="pending", reason=None)
            )
        else:
            fresh.append(replace(row, unconfirmed=False, salesforce_id=there.record_id))
    return fresh
