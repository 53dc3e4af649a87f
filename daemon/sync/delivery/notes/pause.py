"""Keeps all notes back while the org takes none: invoices go on, and a call now and then finds out."""

from dataclasses import replace
from datetime import timedelta

from structlog.typing import FilteringBoundLogger

from daemon.sync.tools import Tools
from state.sides import Side
from state.waiting import NOTES

# Seconds until it is tried whether notes go again, by how often it was in vain.
_STEPS = (60, 120, 240, 480, 900)
_EXIT_CODE = 3


class NotePause:
    """Owns the pause of all notes, kept in the state."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def known(self) -> Side:
        """Return the state's row about all notes."""
        return self._tools.store.sides.get(NOTES)

    def is_on(self) -> bool:
        """Return whether all notes are kept back; also while it is time to find out."""
        return self.known().status != "ok"

    def lets_try(self) -> bool:
        """Return whether notes may go now."""
        known = self.known()
        return known.next_try_at is None or known.next_try_at <= self._tools.now()

    def end_pause(self) -> None:
        """Try notes now."""
        known = self.known()
        if known.next_try_at is not None:
            self._tools.store.sides.note(replace(known, next_try_at=None))

    def keep_back(self, reason: str, log: FilteringBoundLogger, *, seconds: float | None = None) -> None:
        """Keep all notes back for a while, ever longer; log the reason once."""
        store, now, known = self._tools.store, self._tools.now(), self.known()
        if known.reason != store.redact(reason):  # which is how it is kept
            log.warning("notes.waiting", reason=reason)
        wait = _STEPS[min(known.failures, len(_STEPS) - 1)] if seconds is None else seconds
        store.sides.note(
            replace(
                known,
                status="paused",
                reason=reason,
                since=known.since or now,
                failures=known.failures + 1,
                next_try_at=now + timedelta(seconds=wait),
                exit_code=_EXIT_CODE,
            )
        )

    def let_go(self, log: FilteringBoundLogger) -> None:
        """Record the end of the pause: notes are due."""
        known = self.known()
        if known.status != "ok":
            log.info("notes.recovered", since=str(known.since), reason=known.reason)
            self._tools.store.sides.note(Side(NOTES))
