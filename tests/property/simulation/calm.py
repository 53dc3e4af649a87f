"""Beats the daemon in calm times, and requires that all due work gets done."""

from __future__ import annotations

from datetime import datetime, timedelta

from state.store import Store
from state.values import instant_of
from tests.property.simulation.run import Run
from tests.property.simulation.witness import Broken

_LONGEST_WAIT = timedelta(hours=1, seconds=1)


class Calm:
    """Beats the daemon of one run, and raises Broken when something stays due."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._changed: set[int] = set()

    @property
    def store(self) -> Store:
        """Return the living process's state."""
        assert self._run.life.store is not None
        return self._run.life.store

    def beat(self, times: int) -> None:
        """Poll so many times, a minute apart."""
        for _ in range(times):
            self._run.clock.advance(60)
            self._run.life.beat()

    def settle(self) -> None:
        """L1: require that three passes after the longest wait do all due work."""
        self.beat(1)
        wait = self._longest_wait()
        if wait > _LONGEST_WAIT:
            raise Broken("L1", f"something waits for {wait}")
        self._run.clock.advance(max(wait.total_seconds(), 0) + 1)
        self.beat(3)
        self._require_nothing_due()

    def change_deleted(self) -> None:
        """Change the invoices that Magento shows and whose records somebody deleted: only then is that noticed."""
        run = self._run
        for entity_id in run.shop.ids():
            is_due = entity_id in run.witness.deleted_records and entity_id not in self._changed
            if is_due and entity_id not in run.shop.shop.invoices.broken:
                self._changed.add(entity_id)
                row = run.shop.row(entity_id)
                run.shop.correct(entity_id, round(float(row["grand_total"]) + 0.01, 2))

    def held(self) -> list[int]:
        """Return the held invoices, which only a person sends; all others must be sent without one."""
        found = self.store.connection.database.conn.execute(
            "SELECT entity_id FROM ledger WHERE sync_status = 'held' "
            "UNION SELECT entity_id FROM notes WHERE sync_status = 'held'"
        )
        return sorted(row[0] for row in found)

    def _longest_wait(self) -> timedelta:
        store, now = self.store, self._run.clock.now()
        waits = store.connection.database.conn.execute(
            "SELECT max(at) FROM (SELECT next_attempt_at AS at FROM ledger WHERE sync_status = 'pending' "
            "UNION ALL SELECT again_at FROM ledger "
            "UNION ALL SELECT next_attempt_at FROM notes WHERE sync_status = 'pending' AND reason IS NOT ? "
            "UNION ALL SELECT next_try_at FROM sides)",
            ["its invoice cannot be read"],
        ).fetchone()[0]
        until: datetime | None = instant_of(waits)
        return timedelta(0) if until is None else until - now

    def _require_nothing_due(self) -> None:
        store = self.store
        for row in store.ledger.newest():
            if row.sync_status == "pending":
                raise Broken("L1", f"invoice {row.entity_id} is still pending: {row.reason}")
        due = store.notes.due_invoices(self._run.clock.now(), automatic=True, limit=100)
        if due:
            raise Broken("L1", f"notes of the invoices {due} are still due")
        known = store.sides.get("magento")  # Salesforce is not called, nor found well, while nothing is due
        if known.status != "ok":
            raise Broken("L1", f"magento is still {known.status}: {known.reason}")
