"""Forcing a resync: what is forgotten, after a copy of everything was kept."""

from datetime import datetime
from pathlib import Path

from state.kinds import ClearKind
from state.store import Store


def clear_state(store: Store, now: datetime, kind: ClearKind, entity_ids: list[int]) -> Path:
    """Keep a copy beside the state, then forget: these invoices, or all; ``clear-checkpoint``: only the reading.

    Returns where the copy is.
    """
    copy = backup_path(store.path, now)
    store.backup(copy)
    if kind == "clear-checkpoint":
        store.forget_reading()
    elif entity_ids:
        store.forget_invoices(entity_ids, now)
    else:
        store.clear(now)
    return copy


def backup_path(path: Path, now: datetime) -> Path:
    """A name beside the state that says when, and is not taken."""
    number = 0
    while True:
        suffix = f".{number}" if number else ""
        copy = path.with_name(f"{path.name}.{now:%Y%m%dT%H%M%SZ}{suffix}.bak")
        if not copy.exists():
            return copy
        number += 1
