"""One pass with its books: opened before its first call, closed and remembered after its last."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from daemon.sync import health
from daemon.sync.parts import Parts, Tally
from state.passes import Pass

_SAID = (
    "trigger", "outcome", "seen", "owed", "unchanged", "held", "skipped", "refused", "due", "synced", "failed",
    "pending", "notes", "magento_calls", "salesforce_calls", "error",
)  # fmt: skip


@contextmanager
def open_pass(parts: Parts, trigger: str) -> Iterator[Tally]:
    """A pass for the length of the block; ``tally.closed`` is the pass as it is remembered."""
    parts.refresh()
    tally = Tally()
    begun = parts.store.passes.begin(trigger, parts.now())
    log, parts.log = parts.log, parts.log.bind(pass_id=begun.id)
    parts.pass_id = begun.id
    started = parts.clock.monotonic()
    before = health.calls(parts, "magento"), health.calls(parts, "salesforce")
    parts.log.debug("pass.started", trigger=trigger)
    try:
        yield tally
        if parts.store.scans.open("backfill") is None:
            parts.ask_items_first = False
            parts.ask_first = False  # what was there already has been met; in a backfill more of it follows
        tally.closed = _closed(parts, begun, tally, *before)
        parts.store.passes.finish(tally.closed)
        seconds = parts.clock.monotonic() - started
        parts.on_pass(tally.closed, seconds)
        _say(parts, tally.closed, seconds)
    finally:
        parts.log = log


def _closed(parts: Parts, begun: Pass, tally: Tally, magento: int, salesforce: int) -> Pass:
    outcomes = list(tally.outcomes.values())
    left = _left_due(parts, tally)
    synced, failed = outcomes.count("synced"), outcomes.count("failed")
    pending = outcomes.count("pending") + left
    return replace(
        begun,
        finished_at=max(parts.now(), begun.started_at),
        outcome=_outcome(parts, tally, synced=synced, failed=failed, pending=pending, left=left),
        seen=tally.seen,
        owed=tally.owed,
        unchanged=tally.unchanged,
        held=tally.held,
        skipped=tally.skipped,
        refused=tally.refused,
        due=synced + failed + pending,
        synced=synced,
        failed=failed,
        pending=pending,
        notes=tally.notes,
        # New settings bring new clients, whose calls count from nothing.
        magento_calls=max(0, health.calls(parts, "magento") - magento),
        salesforce_calls=max(0, health.calls(parts, "salesforce") - salesforce),
        error=tally.error,
    )


def _outcome(parts: Parts, tally: Tally, *, synced: int, failed: int, pending: int, left: int) -> str:
    if tally.error is not None:
        return "partial" if synced or tally.notes else "failed"
    put_off = pending and not _fills_a_batch(parts, left, pending)
    return "partial" if failed or put_off or tally.refused or tally.note_failures else "ok"


def _fills_a_batch(parts: Parts, left: int, pending: int) -> bool:
    """Whether all that is still owed just goes with the next page of the backfill: nothing was put off."""
    more = parts.store.scans.open("backfill") is not None and not parts.stop.asked
    return more and left == pending and health.is_open(parts, "salesforce")


def _left_due(parts: Parts, tally: Tally) -> int:
    """Rows that are due and were not come to, because a side failed or the process stops."""
    options = parts.configuration.settings.invoices
    if not options.enable_synchronization:
        return 0
    automatic = options.enable_automatic_synchronization
    return parts.store.ledger.count_due(parts.now(), automatic=automatic, but=tally.outcomes.keys())


def _say(parts: Parts, done: Pass, seconds: float) -> None:
    """One line per pass; a poll that found nothing and cost one call is said at debug, or it would be the log."""
    idle = done.outcome == "ok" and done.due == 0 and done.notes == 0 and done.seen == done.unchanged
    write = parts.log.debug if idle else parts.log.info
    write("pass.finished", seconds=round(seconds, 3), **{name: getattr(done, name) for name in _SAID})
