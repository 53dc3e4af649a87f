"""Keeps notes as such back while the org takes none: invoices go on, and one call now and then finds out."""

from dataclasses import replace
from datetime import timedelta

from daemon.sync.parts import Parts
from state.sides import Side
from state.waiting import NOTES

# Seconds until it is tried whether notes go again, by how often that was in vain.
_STEPS = (60, 120, 240, 480, 900)
_EXIT_CODE = 3


def are_kept_back(parts: Parts) -> bool:
    """Return whether notes as such are kept back; also while it is time to find out."""
    return parts.store.sides.get(NOTES).status != "ok"


def may_be_tried(parts: Parts) -> bool:
    """Return whether notes may go now."""
    known = parts.store.sides.get(NOTES)
    return known.next_try_at is None or known.next_try_at <= parts.now()


def keep_back(parts: Parts, reason: str, *, seconds: float | None = None) -> None:
    """Keep all notes back for a while, ever longer; log the reason once."""
    known = parts.store.sides.get(NOTES)
    if known.reason != parts.store.redact(reason):  # which is how it is kept
        parts.log.warning("notes.waiting", reason=reason)
    wait = _STEPS[min(known.failures, len(_STEPS) - 1)] if seconds is None else seconds
    parts.store.sides.note(
        replace(
            known,
            status="paused",
            reason=reason,
            since=known.since or parts.now(),
            failures=known.failures + 1,
            next_try_at=parts.now() + timedelta(seconds=wait),
            exit_code=_EXIT_CODE,
        )
    )


def let_go(parts: Parts) -> None:
    """Record that the org takes notes; those that were kept back are due."""
    known = parts.store.sides.get(NOTES)
    if known.status != "ok":
        parts.log.info("notes.recovered", since=str(known.since), reason=known.reason)
        parts.store.sides.note(Side(NOTES))
