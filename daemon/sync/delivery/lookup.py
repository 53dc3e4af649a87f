"""Asks Salesforce which of the invoices that are held or skipped it has: after a cleared state or a lost answer."""

from daemon.sync.health import require_calls
from daemon.sync.org import require_fit
from daemon.sync.parts import Parts
from daemon.sync.transitions import looked_up

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
    moment = parts.timing.since(called_at)
    there = {row.entity_id: found.get(parts.mapping.invoice_id(row.entity_id)) for row in rows}
    ids = {entity_id: existing.record_id for entity_id, existing in there.items() if existing is not None}
    parts.store.ledger.write(looked_up(row, ids.get(row.entity_id), moment) for row in rows)
    return True
