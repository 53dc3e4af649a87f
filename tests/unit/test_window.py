"""From when on a poll reads: what is spared is only what was read whole when nothing could follow any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daemon.sync.discovery.window import Window, known_window, poll_since, remember_window, window_after
from state.forgetting import forget_everything, forget_reading
from state.scans import Scan
from state.store import Store
from tests.builders import NOON

OVERLAP = timedelta(minutes=10)
CALL = timedelta(seconds=30)
SETTLED = Window(NOON, NOON + timedelta(seconds=5), OVERLAP)


def after(window: Window | None, at: datetime, *, newest: datetime | None = NOON, **options: bool) -> Window | None:
    """The window after a page of a poll whose first answer came at ``at``."""
    scan = Scan(1, "poll", since=NOON - OVERLAP, began_at=at, newest=newest)
    told = {"news": False, "last": True, **options}
    return window_after(window, scan, at, overlap=OVERLAP, longest_call=CALL, **told)


def test_a_poll_begins_the_overlap_behind_the_checkpoint() -> None:
    assert poll_since(NOON, None, OVERLAP, None) == NOON - OVERLAP
    assert poll_since(NOON, replace(SETTLED, settled_for=None), OVERLAP, NOON) == NOON - OVERLAP


def test_a_checkpoint_in_magentos_future_is_not_believed() -> None:
    now = NOON - timedelta(hours=3)
    assert poll_since(NOON, SETTLED, OVERLAP, now) == now - OVERLAP


def test_a_settled_window_is_passed_over_also_by_a_process_that_has_heard_nothing_of_magento_yet() -> None:
    after_it = NOON + timedelta(seconds=1)
    assert poll_since(NOON, SETTLED, OVERLAP, None) == after_it
    assert poll_since(NOON, SETTLED, OVERLAP, NOON + OVERLAP) == after_it
    assert poll_since(NOON + OVERLAP * 3, SETTLED, OVERLAP, NOON + OVERLAP * 4) == NOON + OVERLAP * 2


def test_a_longer_overlap_is_not_settled_by_a_shorter_one() -> None:
    hour = timedelta(hours=1)
    assert poll_since(NOON, SETTLED, hour, NOON + hour) == NOON - hour


def test_nothing_is_passed_over_where_magentos_clock_was_set_back() -> None:
    assert poll_since(NOON, SETTLED, OVERLAP, NOON + timedelta(minutes=9)) == NOON - OVERLAP


def test_a_window_settles_when_it_is_read_whole_the_overlap_after_it_last_changed() -> None:
    changed = NOON + timedelta(minutes=3)
    window = after(None, changed, news=True)
    assert window == Window(NOON, changed)
    soonest = changed + OVERLAP + CALL + timedelta(seconds=1)
    assert after(window, soonest - timedelta(seconds=1)) == window
    assert after(window, soonest, last=False) == window, "more pages follow"
    assert after(window, soonest) == Window(NOON, changed, OVERLAP)


def test_the_overlap_is_also_counted_from_a_stamp_that_is_ahead_of_magentos_web_server() -> None:
    ahead = NOON + timedelta(hours=2)
    window = after(None, NOON, newest=ahead, news=True)
    assert after(window, ahead, newest=ahead) == window
    settled = after(window, ahead + OVERLAP + CALL + timedelta(seconds=1), newest=ahead)
    assert settled is not None
    assert settled.settled_for == OVERLAP


@pytest.mark.parametrize("newest", [None, NOON - timedelta(minutes=4), NOON + timedelta(minutes=15)])
def test_whatever_a_poll_finds_new_unsettles_it(newest: datetime | None) -> None:
    at = NOON + timedelta(minutes=16)
    assert after(SETTLED, at, newest=newest, news=True) == Window(newest or NOON, at)
    assert after(SETTLED, at, newest=newest, news=True, last=False) == Window(newest or NOON, at)


def test_a_newest_stamp_that_is_another_unsettles_it_though_the_ledger_knew_all_that_was_shown() -> None:
    at = NOON + timedelta(minutes=16)
    assert after(SETTLED, at, newest=NOON + timedelta(minutes=15)) == Window(NOON + timedelta(minutes=15), at)


def test_an_empty_page_leaves_it_as_it_is() -> None:
    assert after(SETTLED, NOON + timedelta(hours=9), newest=None) == SETTLED
    assert after(None, NOON, newest=None) is None


def test_the_state_keeps_it_and_what_cannot_be_read_spares_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "state.db", lock=True) as store:
        assert known_window(store) is None
        for window in (SETTLED, Window(NOON, NOON)):
            remember_window(store, window)
            assert known_window(store) == window
        for damaged in ("", "{}", "[]", "7", '{"newest": "noon", "changed_at": 1}', "\x00"):
            store.facts.learn("window", damaged)
            assert known_window(store) is None


def test_it_is_forgotten_with_the_reading_and_with_the_whole_state(tmp_path: Path) -> None:
    with Store(tmp_path / "state.db", lock=True) as store:
        remember_window(store, SETTLED)
        forget_reading(store)
        assert known_window(store) is None
        remember_window(store, SETTLED)
        forget_everything(store, NOON)
        assert known_window(store) is None
