"""The demo as a process: its acts in order, its verdict, and nothing left behind, also when it is cut off."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.demo.show import PREFIX
from tests.acceptance.process import wait_until

ACTS = (
    "1. A shop, an org, and the daemon between them",
    "2. Customers buy",
    "3. A validation rule rejects an invoice",
    "4. Automatic synchronization is switched off, and on again",
    "5. The state is cleared, and nothing doubles",
)


class Demo:
    """A demo with a folder for temporary files of its own, by which its processes are known too."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", "demo", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "TMPDIR": str(folder), **environ},
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.text or self.process.poll() is not None, text, seconds=60)
        assert text in self.text, self.text

    def ended(self, *, seconds: float = 90) -> int:
        code = self.process.wait(seconds)
        self._reader.join(10)
        return code

    def commands(self) -> list[str]:
        """The commands of all processes that work in the demo's folder."""
        found = []
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if f"{self.folder}/{PREFIX}" in line:
                found.append(line)
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.ended()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Demo]]:
    demos: list[Demo] = []
    yield demos
    for demo in demos:
        demo.close()


def expect_nothing_left(demo: Demo) -> None:
    assert demo.commands() == []
    assert list(demo.folder.glob(f"{PREFIX}*")) == []


def test_the_quick_demo_shows_every_act_agrees_and_leaves_nothing_behind(started: list[Demo], tmp_path: Path) -> None:
    foreign = {"INVOICE_SYNC__INVOICES__ENABLE_SYNCHRONIZATION": "false", "STATE_DIRECTORY": "/nonexistent"}
    demo = Demo(tmp_path, "--quick", **foreign)
    started.append(demo)
    assert demo.ended() == 0, demo.text
    places = [demo.text.index(act) for act in ACTS]
    assert places == sorted(places)
    for said in (
        "FIELD_CUSTOM_VALIDATION_EXCEPTION: An invoice above 1000 must be paid first.",
        "-   enable_automatic_synchronization: true ",
        "+   enable_automatic_synchronization: false",
        "Both are held: invoices.enable_automatic_synchronization is off",
        "invoice-sync sync ",
        "is still held",
        "invoice-sync state clear --yes",
        "0 records created; the same Salesforce IDs.",
        "Salesforce ID\tLink",
        "In Magento 11, in Salesforce 11, lost 0, doubled 0: both sides agree.",
    ):
        assert said in demo.text, f"{said!r} in\n{demo.text}"
    assert "Traceback" not in demo.text
    expect_nothing_left(demo)


def test_a_longer_show_lets_customers_go_on_and_agrees(started: list[Demo], tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--for", "4s")
    started.append(demo)
    assert demo.ended() == 0, demo.text
    assert "6. Customers go on for 4 s" in demo.text
    assert "lost 0, doubled 0: both sides agree." in demo.text
    expect_nothing_left(demo)


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "invoice-sync run"),
        (signal.SIGINT, "3. A validation"),
        (signal.SIGINT, "invoice-sync state clear"),
        (signal.SIGTERM, "3. A validation"),
        (signal.SIGHUP, "3. A validation"),
    ],
)
def test_a_signal_in_the_middle_ends_it_soon_with_no_process_and_no_folder(
    started: list[Demo], tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    demo = Demo(tmp_path, "--quick")
    started.append(demo)
    demo.wait_for(moment)
    demo.process.send_signal(number)
    began = time.monotonic()
    assert demo.ended(seconds=15) == 1
    assert time.monotonic() - began < 5
    assert "Traceback" not in demo.text
    assert "Stopped." in demo.text
    expect_nothing_left(demo)


def test_killed_the_demo_leaves_no_daemon_behind(started: list[Demo], tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--quick", "--for", "60s")
    started.append(demo)
    demo.wait_for("2. Customers buy")
    assert len(demo.commands()) == 1, "the daemon"
    demo.process.kill()
    wait_until(lambda: demo.commands() == [], "the daemon has ended too", seconds=10)
    log = next(tmp_path.glob(f"{PREFIX}*")) / "daemon.log"
    assert "daemon.stopping" in log.read_text(), "in order"


def test_a_daemon_that_dies_fails_the_demo_and_its_log_is_shown(started: list[Demo], tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--quick")
    started.append(demo)
    demo.wait_for("2. Customers buy")
    pid = int(demo.text.split("Process ")[1].split(";")[0])
    os.kill(pid, signal.SIGKILL)
    assert demo.ended() == 1
    assert "the daemon ended by itself" in demo.text
    assert "daemon.started" in demo.text
    expect_nothing_left(demo)


def test_what_it_shows_on_a_terminal_fits_80_columns_and_respects_no_color(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon", "demo", "--quick"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TMPDIR": str(tmp_path), "TERM": "xterm-256color", "COLUMNS": "80", "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # how a terminal without a writer reads
        pass
    finally:
        os.close(ours)
        code = process.wait(60)
    assert code == 0, shown
    assert b"both sides agree." in shown
    assert not re.search(rb"\x1b\[(?:\d+;)*(?:3\d|9\d)(?:;\d+)*m", shown)
    plain = re.sub(r"\x1b\][^\x1b]*\x1b\\|\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    too_wide = [line for line in re.split(r"[\r\n]+", plain) if len(line) > 80]
    assert too_wide == []


def test_a_duration_that_is_none_is_a_usage_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--for", "soon"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "write seconds, or 90s, 5m, 2h, 30d" in done.stderr
