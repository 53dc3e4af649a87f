"""A demo ends its processes whenever a signal comes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from daemon.demo.ended import code_of, code_within, kill, terminate
from daemon.demo.interrupts import ending_in_order

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORES = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(60)"]


class Interrupted(subprocess.Popen[bytes]):
    """A process whose ``poll`` is interrupted in its middle, where Popen holds its lock."""

    polled = False

    def poll(self) -> int | None:
        if not self.polled:
            signal.raise_signal(signal.SIGINT)
        self.polled = True
        return super().poll()


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        subprocess.Popen.poll(process)
        subprocess.Popen.kill(process)
        subprocess.Popen.wait(process, 10)
        if process.stdout is not None:
            process.stdout.close()


def test_a_signal_in_the_middle_of_a_poll_waits_for_its_end(processes: list[subprocess.Popen[bytes]]) -> None:
    process = Interrupted(SLEEPS)
    processes.append(process)
    with pytest.raises(KeyboardInterrupt), ending_in_order():
        code_of(process)
    assert process.polled
    assert terminate(process, 10) == -signal.SIGTERM


def test_a_process_that_does_not_end_in_time_is_killed(processes: list[subprocess.Popen[bytes]]) -> None:
    process = subprocess.Popen(IGNORES, stdout=subprocess.PIPE)
    processes.append(process)
    assert process.stdout is not None
    process.stdout.readline()
    assert code_within(process, 0.05) is None
    assert terminate(process, 0.1) == -signal.SIGKILL


def test_a_kill_ends_even_if_popen_lost_its_lock(processes: list[subprocess.Popen[bytes]]) -> None:
    process = subprocess.Popen(SLEEPS)
    processes.append(process)
    process._waitpid_lock.acquire()  # type: ignore[attr-defined]  # as an exception in the middle of ``poll`` leaves it
    assert kill(process, 0.2) == -signal.SIGKILL
    process._waitpid_lock.release()  # type: ignore[attr-defined]
