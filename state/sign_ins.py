"""Counts denied sign-ins to Magento in a row, of any process: six lock the account."""

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
"""The most sign-ins in a row; the sixth would lock the account, and is left to a person."""
# Magento forgets denied sign-ins half an hour after the last one; its clock differs from ours by seconds.
_FORGOTTEN = timedelta(minutes=31)


def counted(text: str | None, now: datetime) -> int:
    """Return the number of denied sign-ins in Magento's memory, by the state's fact."""
    count, at = _read(text)
    return count if at is not None and abs(now - at) < _FORGOTTEN else 0


def locked_until(text: str | None, now: datetime) -> datetime | None:
    """Return until when another denied sign-in could lock the account; None if none could."""
    _, at = _read(text)
    return at + _FORGOTTEN if at is not None and counted(text, now) >= BY_US else None


def count_refused(store: Store, now: datetime) -> None:
    """Count one more denied sign-in."""
    known = counted(store.facts.get(FACT), now)
    store.facts.learn(FACT, f"{known + 1} {text_of(now)}")


def forget_refused(store: Store) -> None:
    """Reset the count, after Magento gave a token: Magento has reset its own count too."""
    if store.facts.get(FACT) is not None:
        store.facts.forget(FACT)


def keep_count(path: Path, now: Callable[[], datetime], taken: bool) -> None:
    """Count one more denied sign-in, or after a token reset the count, in the state at this path.

    A missing state is made for the count. Counting also works beside a process that works on the state. A state that
    cannot be written does not prevent a call to Magento; whoever works with the state tells the problem.
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
    """Return :func:`locked_until` by the state at this path; None for an unreadable state."""
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
