"""Tells what every invoice would meet from what is one invoice's own: ten first attempts rejected for one cause.

A rule that somebody made in the org, or a field that was taken away, rejects every invoice. Were they all tried, each
would stand failed until tomorrow, and each try would cost a call; so the newest one that was never tried goes alone,
and if that is rejected too, Salesforce is left alone for an hour.
"""

from collections.abc import Sequence
from dataclasses import replace

from daemon.errors import SideRefused
from daemon.sync.parts import Parts, Tally
from state.ledger import LedgerRow


def probe_of(parts: Parts, *, automatic: bool) -> LedgerRow | None:
    """The newest invoice that was never tried, when a cause may be every invoice's; else None."""
    if not parts.rejections.are_many():
        return None
    return parts.store.ledger.newest_untried(parts.now(), automatic=automatic)


def require_accepted(parts: Parts, tally: Tally, probe: LedgerRow) -> None:
    """SideRefused when the probe was rejected like the others; then all of them are owed again."""
    rejected = parts.rejections.like(probe.entity_id)
    if not rejected:
        return
    reason = rejected[probe.entity_id]
    _owe(parts, tally, list(rejected), f"waits: Salesforce rejects every invoice alike: {reason}")
    raise SideRefused(
        f"Salesforce rejects every invoice alike: {reason}",
        side="salesforce",
        hint="It is tried once an hour, after an edit of settings.yaml, and by `invoice-sync sync`.",
        probe="hourly",
    )


def _owe(parts: Parts, tally: Tally, entity_ids: Sequence[int], reason: str) -> None:
    """As if they had not been tried: what rejected them is not theirs."""
    rows = [row for row in parts.store.ledger.known(entity_ids).values() if row.sync_status == "failed"]
    parts.store.ledger.write(
        replace(row, sync_status="pending", reason=reason, cause=None, attempts=0, next_attempt_at=None) for row in rows
    )
    tally.outcomes.update({row.entity_id: "pending" for row in rows if row.entity_id in tally.outcomes})
