"""Draws a line for each cause: count, reason, and one invoice to look at."""

from collections.abc import Iterable

from daemon.cli.output import instant
from daemon.reports.causes import Cause


def cause_lines(found: Iterable[Cause]) -> list[str]:
    """Return a line for each cause."""
    return [
        f"{_count(cause)}{_waiting(cause)}: {cause.reason} (see `invoice-sync explain --id {cause.entity_id}`)"
        for cause in found
    ]


def _count(cause: Cause) -> str:
    return f"1 {cause.of}" if cause.count == 1 else f"{cause.count:,} {cause.of}s, one cause"


def _waiting(cause: Cause) -> str:
    """Return the beginning and the end of the wait; empty for failed records."""
    if cause.sync_status == "failed":
        return ""
    since = f", waiting since {instant(cause.since)}" if cause.since else ""
    return f"{since}, tried again {f'at {instant(again)}' if (again := cause.next_attempt_at) else 'at the next pass'}"
