"""What led to an error decides whether it passes by itself: a lack of room does, a lock that is held is none."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from daemon.errors import InvalidSettings, UsageError
from daemon.settings import load
from state.errors import StateLockedError
from state.file.lock import release_lock, take_lock
from state.room import lacks_room


def _ask_the_daemon(path: Path) -> None:
    """As commands do where a daemon has the state; what it says then is another matter."""
    try:
        take_lock(path)
    except StateLockedError:
        raise UsageError("several stores have an invoice 7")  # noqa: B904  (what led to it stays known)


def test_an_error_beside_a_lock_that_is_held_is_no_lack_of_room(tmp_path: Path) -> None:
    handle = take_lock(tmp_path / "state.db").handle
    try:
        with pytest.raises(UsageError) as caught:
            _ask_the_daemon(tmp_path / "state.db")
        assert not lacks_room(caught.value)
    finally:
        release_lock(handle)


def test_a_settings_file_that_no_file_is_left_to_read_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_left(*_: object) -> bytes:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("daemon.settings.document.read_small", none_left)
    with pytest.raises(InvalidSettings) as caught:
        load(tmp_path / "settings.yaml", {})
    assert lacks_room(caught.value)
