"""What a command leaves owed: how many, why, and when they are tried again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.settings.schema import Invoices
    from state.store import Store
    from state.waiting import Waiting

_MOST_WORDS = 160


def left(store: "Store", options: "Invoices", among: list[int] | None = None) -> "list[Waiting]":
    """Return all that is owed (of these invoices, if any are named); nothing while synchronization is off."""
    from state.waiting import left_over

    if not options.enable_synchronization:
        return []
    automatic, notes = options.enable_automatic_synchronization, options.synchronize_notes
    return left_over(store, automatic=automatic, notes=notes, among=among)


def in_words(store: "Store", waiting: "list[Waiting]") -> str:
    """Return what is left as the end of a line: ``2 invoices (why; tried again at the next pass)``."""
    from daemon.cli.output import instant

    side = store.sides.get("salesforce")
    parts = []
    for each in waiting:
        reason = each.reason or (side.reason if side.status != "ok" else None) or "not come to yet"
        reason = reason.splitlines()[0]
        reason = reason if len(reason) <= _MOST_WORDS else f"{reason[: _MOST_WORDS - 1]}…"
        reason = reason.rstrip(".")  # it is followed by a semicolon
        again = max(filter(None, (each.next_attempt_at, side.next_try_at)), default=None)
        when = f"at {instant(again)}" if again else "at the next pass"
        parts.append(f"{counted(each.count, each.of)} ({reason}; tried again {when})")
    return ", ".join(parts)


def counted(number: int, what: str) -> str:
    """Return ``1 invoice`` or ``2 invoices``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
