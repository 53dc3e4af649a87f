"""Leaves the notes alone while the org refuses them all for one reason; invoices go on.

One invoice's notes go as a probe at the steps of a pause, others each time: those that were never tried go first.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from daemon.errors import SideRefused
from daemon.salesforce import CallRefused
from daemon.sync.parts import Parts, Tally
from daemon.sync.sides import CALL_STEPS
from state.sides import NOTES, Side


def paused_notes(parts: Parts) -> Side | None:
    """Return the pause that notes are in, also when it is over and its probe has not gone yet; None: they go."""
    known = parts.store.sides.get(NOTES)
    return known if known.status == "paused" else None


def notes_wait(parts: Parts, entity_ids: Sequence[int] | None) -> bool:
    """Return whether the next probe is still to come; then these invoices' notes get the reason why they wait."""
    pause = paused_notes(parts)
    if pause is None or not _is_ahead(parts, pause):
        return False
    if entity_ids:
        parts.store.notes.explain_waiting(f"waits: {pause.reason}", parts.now(), entity_ids)
    return True


def _is_ahead(parts: Parts, pause: Side) -> bool:
    return pause.next_try_at is not None and pause.next_try_at > parts.now()


def pause_notes(parts: Parts, tally: Tally, error: SideRefused | CallRefused) -> None:
    """Record that the org refused a note, or what belongs to one, as it would refuse every other; log a new reason."""
    known = parts.store.sides.get(NOTES)
    reason = f"{error}. {error.hint}" if error.hint else str(error)
    if known.reason != reason:
        parts.log.warning("notes.paused", reason=str(error), hint=error.hint)
    wait = CALL_STEPS[min(known.failures, len(CALL_STEPS) - 1)]
    fresh = replace(
        known,
        status="paused",
        reason=reason,
        since=known.since or parts.now(),
        failures=known.failures + 1,
        next_try_at=parts.now() + timedelta(seconds=wait),
    )
    if _is_ahead(parts, known):  # a person's request met the pause: the next probe does not wait longer for that
        fresh = replace(fresh, failures=known.failures, next_try_at=known.next_try_at)
    with parts.store.writing():
        parts.store.sides.note(fresh)
        parts.store.notes.explain_waiting(f"waits: {reason}", parts.now())
    tally.note_failures += 1


def resume_notes(parts: Parts) -> None:
    """Record that the org takes notes again."""
    known = paused_notes(parts)
    if known is not None:
        parts.log.info("notes.recovered", since=str(known.since), reason=known.reason)
        parts.store.sides.note(Side(NOTES))


def is_of_notes(error: Exception) -> bool:
    """Return whether an error of a call about notes says nothing of invoices.

    A query that is refused as a whole (a field or an object is hidden) is such an error too.
    """
    return isinstance(error, CallRefused) or (isinstance(error, SideRefused) and error.of_object)
