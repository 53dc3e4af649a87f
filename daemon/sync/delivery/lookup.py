"""Looks up held and skipped invoices in Salesforce, after a cleared state or a lost answer."""

from structlog.typing import FilteringBoundLogger

from daemon.sync.health import SalesforceHealth
from daemon.sync.org import OrgFit
from daemon.sync.session import Sessions
from daemon.sync.timing import Timing
from daemon.sync.transitions import looked_up
from state.ledger import Ledger

_IDS_A_QUERY = 200


class Lookup:
    """Looks up invoices by their external IDs."""

    def __init__(
        self, ledger: Ledger, timing: Timing, sessions: Sessions, health: SalesforceHealth, org: OrgFit
    ) -> None:
        self._ledger = ledger
        self._timing = timing
        self._sessions = sessions
        self._health = health
        self._org = org

    def look_up_next(self, log: FilteringBoundLogger) -> bool:
        """Look up the next 200 invoices; return False when none are left."""
        rows = self._ledger.unconfirmed(self._timing.now(), _IDS_A_QUERY)
        if not rows or not self._sessions.current.settings.invoices.enable_synchronization:
            return False
        self._org.require(log)
        self._health.require_calls()
        called_at = self._timing.now()
        session = self._sessions.current
        external_ids = {row.entity_id: session.mapping.invoice_id(row.entity_id) for row in rows}
        found = session.salesforce.existing_invoices(external_ids.values())
        ids = {key: found[external_id].record_id for key, external_id in external_ids.items() if external_id in found}
        moment = self._timing.since(called_at)
        self._ledger.write(looked_up(row, ids.get(row.entity_id), moment) for row in rows)
        return True
