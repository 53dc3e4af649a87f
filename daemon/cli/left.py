"""Draws the records that a command left owed: how many, why, and when the next try is."""

from collections.abc import Iterable

from daemon.cli.output import counted, instant
from daemon.reports.left import Left

_MOST_WORDS = 160


def in_words(left: Iterable[Left]) -> str:
    """Return the end of a line: ``2 invoices (the reason; tried again at the next pass)``."""
    return ", ".join(f"{counted(each.count, each.of)} ({_reason(each)}; tried again {_when(each)})" for each in left)


def _reason(left: Left) -> str:
    reason = (left.reason or "not tried yet").splitlines()[0]
    reason = reason if len(reason) <= _MOST_WORDS else f"{reason[: _MOST_WORDS - 1]}…"
    return reason.rstrip(".")  # a semicolon follows


def _when(left: Left) -> str:
    return f"at {instant(left.next_attempt_at)}" if left.next_attempt_at else "at the next pass"
