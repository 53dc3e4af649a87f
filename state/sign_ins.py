"""Counts the sign-ins to Magento that were refused one after another, whoever made them: six lock the account."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from state.errors import StateError
from state.rows import text_of
from state.store import Store

FACT = "refused_sign_ins"
BY_US = 5
"""So many are made; the sixth would lock the account, and is left to a person."""
# Half an hour after the last one Magento forgets them; its clock is not ours to the second.
_FORGOTTEN = timedelta(minutes=31)


def counted(text: str | None, now: datetime) -> int:
    """Return how many of them Magento still remembers, by what the state says."""
    count, at = _read(text)
    return count if at is not None and abs(now - at) < _FORGOTTEN else 0


def locked_until(text: str | None, now: datetime) -> datetime | None:
    """Return until when one more could lock the account; None when it could not."""
    _, at = _read(text)
    return at + _FORGOTTEN if at is not None and counted(text, now) >= BY_US else None


def count_refused(store: Store, now: datetime) -> None:
    """Count one more."""
    known = counted(store.facts.get(FACT), now)
    store.facts.learn(FACT, f"{known + 1} {text_of(now)}")


def forget_refused(store: Store) -> None:
    """Begin to count anew: Magento gave a token, and has forgotten them too."""
    if store.facts.get(FACT) is not None:
        store.facts.forget(FACT)


def keep_count(path: Path, now: Callable[[], datetime], taken: bool) -> None:
    """Count one more, or begin anew, in the state at this path; a state that is not there is made for it.

    It is done beside a process that works on the state, too. A state that cannot be written keeps nobody from asking
    Magento; whoever works with it says so.
    """
    with suppress(StateError, OSError, sqlite3.Error):
        there = path.exists()
        if taken and not there:
            return
        with Store(path, lock=not there, asks=there) as store:
            if taken:
                forget_refused(store)
            else:
                count_refused(store, now().replace(microsecond=0))


def known_lock(path: Path, now: Callable[[], datetime]) -> datetime | None:
    """Return :func:`locked_until` by what the state at this path says now; a state that cannot be read says nothing."""
    with suppress(StateError, OSError, sqlite3.Error), Store(path, lock=False) as store:
        return locked_until(store.facts.get(FACT), now())
    return None


def _read(text: str | None) -> tuple[int, datetime | None]:
    count, _, at = (text or "").partition(" ")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return 0, None
    return (int(count), found) if count.isdigit() and found.tzinfo is not None else (0, None)
