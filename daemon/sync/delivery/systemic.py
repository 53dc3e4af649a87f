"""Tells what every invoice would meet from what is one invoice's own: ten first attempts rejected for one cause.

A rule that somebody made in the org, or a field that was taken away, rejects every invoice. Were they all tried, each
would stand failed until tomorrow, and each try would cost a call; so a few of the newest that were never tried go
ahead, in one call, and if they are rejected too, Salesforce is left alone for an hour.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from daemon.errors import SideDenied
from daemon.sync.parts import Parts, Tally
from daemon.sync.transitions import untried
from state.ledger import LedgerRow

_PROBES = 3


def probes_of(parts: Parts, *, automatic: bool) -> list[LedgerRow]:
    """The newest invoices that were never tried, when a cause may be every invoice's; else none.

    A few of them, and each time others: one that is rejected for its own sake, and stays the newest, delays no other.
    """
    rejections = parts.rejections
    if not rejections.are_many():
        return []
    newest = partial(parts.store.ledger.newest_untried, parts.now(), automatic=automatic, limit=_PROBES)
    found = newest(but=rejections.probed)
    if not found:
        rejections.probed.clear()
        found = newest()
    for row in found:
        rejections.probe(row.entity_id)
    return found


def require_accepted(parts: Parts, tally: Tally, probes: Sequence[LedgerRow]) -> None:
    """SideDenied when the probes were rejected like the others; then all of them are owed again."""
    rejected = next(filter(None, (parts.rejections.like(probe.entity_id) for probe in probes)), None)
    if rejected is None:
        return
    reason = next(rejected[probe.entity_id] for probe in probes if probe.entity_id in rejected)
    _owe(parts, tally, rejected, f"waits: Salesforce rejects every invoice alike: {reason}")
    raise SideDenied(
        f"Salesforce rejects every invoice alike: {reason}",
        side="salesforce",
        hint="It is tried once an hour, after an edit of settings.yaml, and by `invoice-sync sync`.",
        probe="hourly",
    )


def _owe(parts: Parts, tally: Tally, rejected: Mapping[int, str], reason: str) -> None:
    """As if they had not been tried: what rejected them is not theirs. What failed otherwise since is its own."""
    known = parts.store.ledger.known(rejected).values()
    rows = [row for row in known if row.sync_status == "failed" and row.reason == rejected[row.entity_id]]
    parts.store.ledger.write(untried(row, reason) for row in rows)
    tally.outcomes.update({row.entity_id: "pending" for row in rows if row.entity_id in tally.outcomes})
