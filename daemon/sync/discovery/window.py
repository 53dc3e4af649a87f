"""Says from when on a poll reads: from behind the checkpoint, or from the end of a window read whole and settled.

A transaction is committed later than its stamp, so a poll begins ``overlap`` behind the checkpoint. The checkpoint
stays where the newest invoice is, so after a burst each idle poll would read the whole burst again, until the next
sale. But once a poll has read it whole ``overlap`` after it last showed something new, no transaction that polls
promise to find can still appear behind its newest stamp: the next poll begins after that stamp. The time that has
passed is taken between two answers of Magento's web server, however far its clock is from the database's.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from state.rows import text_of
from state.scans import Scan
from state.store import Store

_FACT = "window"
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """The window of the last polls.

    ``newest``: the newest stamp in it; ``changed_at``: Magento's clock at the last answer that showed something new in
    it; ``settled_for``: the overlap by which its clock had passed both when it was read whole; None: it had not.
    """

    newest: datetime
    changed_at: datetime
    settled_for: timedelta | None = None


def poll_since(checkpoint: datetime, window: Window | None, overlap: timedelta, clock: datetime | None) -> datetime:
    """Return from when on the next poll reads. ``clock``: Magento's at its last answer, if it has given one."""
    # A checkpoint in Magento's future was set while its clock was wrong: what it shows now is older than that.
    usual = min(checkpoint, clock or checkpoint) - overlap
    if window is None or window.settled_for is None or window.settled_for < overlap:
        return usual
    if clock is not None and clock < window.newest + overlap:
        return usual  # Magento's clock was set back: new stamps may be older than the newest one
    return max(usual, window.newest + _SECOND)


def window_after(
    window: Window | None,
    scan: Scan,
    at: datetime,
    *,
    news: bool,
    last: bool,
    overlap: timedelta,
    longest_call: timedelta,
) -> Window | None:
    """Return the window of polls after a page of this scan.

    ``at``: Magento's clock at the answer; ``news``: the page showed something that the ledger did not know; ``last``:
    the scan has been read whole. What its first answer showed was read at most ``longest_call`` before its time.
    """
    newest = scan.newest or (window.newest if window else None)
    if newest is None:
        return None
    if window is None or news or (last and newest != window.newest):
        return Window(newest, at)
    assert scan.began_at is not None, "a page of the scan was answered"
    quiet = scan.began_at - longest_call - _SECOND - max(window.changed_at, window.newest)
    if last and quiet >= overlap:
        return replace(window, settled_for=overlap)
    return window


def known_window(store: Store) -> Window | None:
    """Return the window kept in the state; None without a readable one, which spares no reading."""
    try:
        known = json.loads(store.facts.get(_FACT) or "")
        newest, changed_at = (datetime.fromisoformat(known[name]).astimezone(UTC) for name in ("newest", "changed_at"))
        seconds = known["settled_for"]
        return Window(newest, changed_at, None if seconds is None else timedelta(seconds=seconds))
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def remember_window(store: Store, window: Window | None) -> None:
    """Keep the window in the state. Call it in the transaction that writes the page's rows."""
    if window is None or window == known_window(store):
        return
    seconds = None if window.settled_for is None else window.settled_for.total_seconds()
    known = {
        "newest": text_of(window.newest),
        "changed_at": text_of(window.changed_at),
        "settled_for": seconds,
    }
    store.facts.learn(_FACT, json.dumps(known))
