"""The demo shows the whole thing, ends with both sides equal, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "daemon", "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )


def daemons_of(folder: Path) -> list[int]:
    """Processes that work with settings in this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"run" in words and any(str(folder).encode() in word for word in words):
            found.append(int(path.parent.name))
    return found


@pytest.mark.timeout(180)
def test_it_tells_its_story_and_both_sides_agree(tmp_path: Path) -> None:
    process = start(tmp_path, "--quick", "--for", "2s")
    said, errors = process.communicate(timeout=150)
    assert process.returncode == 0, said + errors
    for words in (
        "Customers buy",
        "Invoices over 1,000 need an account",
        "enable_automatic_synchronization: false",
        "held",
        "enable_automatic_synchronization: true",
        "Customers go on buying",
        "records created a second time: 0",
        "lost 0, doubled 0",
        "Both sides agree",
    ):
        assert words in said
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == [], "its folder is gone"
    assert daemons_of(tmp_path) == []


@pytest.mark.timeout(120)
def test_an_interrupt_ends_it_and_its_daemon(tmp_path: Path) -> None:
    process = start(tmp_path, "--for", "100s")
    until = time.monotonic() + 40
    while not daemons_of(tmp_path):
        assert time.monotonic() < until, "the daemon never came"
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert daemons_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_bad_duration_is_said(tmp_path: Path) -> None:
    process = start(tmp_path, "--for", "soon")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "--for soon: is not a duration" in errors
