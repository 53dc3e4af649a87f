"""Tells a rejection of every invoice from one invoice's own, by ten first attempts rejected for one cause.

A rule that somebody made in the org, or a field that was taken away, rejects every invoice. Were they all tried, each
would stand failed until tomorrow, and each try would cost a call; so a few of the newest that were never tried go
ahead, in one call, and if they are rejected too, Salesforce is left alone for an hour.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from daemon.errors import SideDenied
from daemon.sync.tally import Tally
from daemon.sync.tools import Tools
from daemon.sync.transitions import untried
from state.ledger import LedgerRow

MANY = 10
_PROBES = 3


class RejectedAlike:
    """Owns the first attempts rejected since Salesforce last accepted one, by cause: the invoices with their reasons.

    And it owns the probes: which invoices went ahead of the others, to find out.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._by_cause: dict[str, dict[int, str]] = {}
        self._probed: set[int] = set()

    def add(self, row: LedgerRow, cause: str, reason: str) -> None:
        """Remember that the invoice was rejected. A retry tells nothing new: it was rejected before."""
        if row.attempts == 0:
            self._by_cause.setdefault(cause, {})[row.entity_id] = reason

    def clear(self) -> None:
        """Forget all rejections: after an accepted invoice, a rejection is the invoice's own."""
        self._by_cause.clear()
        self._probed.clear()

    def are_many(self) -> bool:
        """Return whether ten were rejected for one cause, which may then be every invoice's."""
        return any(len(rejected) >= MANY for rejected in self._by_cause.values())

    def choose_probes(self, *, automatic: bool) -> list[LedgerRow]:
        """Return the newest untried invoices when a cause may be every invoice's, else none.

        A few of them, and each time others: one that is rejected for its own sake, and stays the newest, delays no
        other. What is said of a probe counts, not what was said before: it may not even be sent.
        """
        if not self.are_many():
            return []
        ledger, now = self._tools.store.ledger, self._tools.now()
        newest = partial(ledger.newest_untried, now, automatic=automatic, limit=_PROBES)
        found = newest(but=self._probed)
        if not found:
            self._probed.clear()
            found = newest()
        for row in found:
            self._probed.add(row.entity_id)
            for rejected in self._by_cause.values():
                rejected.pop(row.entity_id, None)
        return found

    def require_accepted(self, tally: Tally, probes: Sequence[LedgerRow]) -> None:
        """Raise SideDenied when the probes were rejected like the others; then all of them are owed again."""
        rejected = next(filter(None, (self._like(probe.entity_id) for probe in probes)), None)
        if rejected is None:
            return
        reason = next(rejected[probe.entity_id] for probe in probes if probe.entity_id in rejected)
        self._owe(tally, rejected, f"waits: Salesforce rejects every invoice alike: {reason}")
        raise SideDenied(
            f"Salesforce rejects every invoice alike: {reason}",
            side="salesforce",
            hint="It is tried once an hour, after an edit of settings.yaml, and by `invoice-sync sync`.",
            probe="hourly",
        )

    def _like(self, entity_id: int) -> dict[int, str]:
        """Return all rejections for the same cause as this invoice's, from ten on."""
        for rejected in self._by_cause.values():
            if entity_id in rejected and len(rejected) >= MANY:
                return rejected
        return {}

    def _owe(self, tally: Tally, rejected: Mapping[int, str], reason: str) -> None:
        """Owe them again as untried. A failure for another reason since then is the invoice's own matter."""
        ledger = self._tools.store.ledger
        known = ledger.known(rejected).values()
        rows = [row for row in known if row.sync_status == "failed" and row.reason == rejected[row.entity_id]]
        ledger.write(untried(row, reason) for row in rows)
        tally.outcomes.update({row.entity_id: "pending" for row in rows if row.entity_id in tally.outcomes})
