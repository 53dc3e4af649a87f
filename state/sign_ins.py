"""Counts the sign-ins to Magento that were refused one after another, whoever made them: six lock the account."""

from datetime import datetime, timedelta
from pathlib import Path

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


def keep_count(path: Path, now: datetime, *, refused: bool) -> None:
    """Count one more, or begin anew, in the state at this path; a state that is not there is made for it.

    It is done beside a process that works on the state, too.
    """
    if not path.exists() and not refused:
        return
    there = path.exists()
    with Store(path, lock=not there, asks=there) as store:
        if refused:
            count_refused(store, now)
        else:
            forget_refused(store)


def _read(text: str | None) -> tuple[int, datetime | None]:
    count, _, at = (text or "").partition(" ")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        return 0, None
    return (int(count), found) if count.isdigit() and found.tzinfo is not None else (0, None)
