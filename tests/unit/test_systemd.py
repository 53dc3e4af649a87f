"""What systemd is told, word by word; and that nobody is told anything where there is no systemd."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.systemd import Systemd


@pytest.fixture
def door(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as made:
        made.bind(str(tmp_path / "notify"))
        made.settimeout(2)
        yield made


def told(door: socket.socket) -> str:
    return door.recv(65_536).decode()


def test_each_word_is_one_datagram(door: socket.socket) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": door.getsockname()})
    systemd.ready()
    assert told(door) == "READY=1"
    systemd.feed()
    assert told(door) == "WATCHDOG=1"
    systemd.reloading(12.5)
    assert told(door) == "RELOADING=1\nMONOTONIC_USEC=12500000"
    systemd.stopping(90)
    assert told(door) == "STOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=90000000"


def test_a_status_is_told_when_it_has_changed_and_is_always_one_line(door: socket.socket) -> None:
    systemd = Systemd({"NOTIFY_SOCKET": door.getsockname()})
    for text in ("next poll in 41 s", "next poll in 41 s", "a\nSTOPPING=1", "x" * 1000, "7\u202e1\u200b\x1b[2K"):
        systemd.status(text)
    assert [told(door), told(door)] == ["STATUS=next poll in 41 s", "STATUS=a STOPPING=1"]
    assert told(door) == f"STATUS={'x' * 400}"
    assert told(door) == "STATUS=7\\u202e1\\u200b\\u001b[2K"


def test_a_socket_in_the_abstract_namespace_is_reached_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0invoice-sync-test-{os.getpid()}")
        door.settimeout(2)
        Systemd({"NOTIFY_SOCKET": f"@invoice-sync-test-{os.getpid()}"}).ready()
        assert told(door) == "READY=1"


def test_without_systemd_or_with_a_socket_that_is_gone_nothing_happens(tmp_path: Path) -> None:
    for environ in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        systemd = Systemd(environ)
        systemd.ready()
        systemd.status("here")
        systemd.stopping(1)
        assert systemd.listens is bool(environ)


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(os.getpid())}, 0.5),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_waits_for_this_process_alone_and_for_as_long_as_it_says(
    environ: dict[str, str], seconds: float | None
) -> None:
    assert Systemd(environ).watchdog_seconds == seconds
