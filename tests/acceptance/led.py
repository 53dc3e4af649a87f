"""``python -m tests.acceptance.led run``: invoice-sync led through its time by a test, from beat to beat.

All of the daemon is there: the command line, the scheduler and its thread, signals, the console, the log. But its clock
stands still until the test tells the instant of the next beat, over a socket whose port LED_BY names; and beats follow
one another as soon as they are told, instead of once a second.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
import threading
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import daemon.cli.assemble
import daemon.scheduler
from daemon.cli import main
from daemon.scheduler.wall import FromNow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.process import Processes, Running
    from tests.world import World

VARIABLE, BEGIN = "LED_BY", "LED_FROM"
_HOST = "127.0.0.1"
_BEAT_SECONDS = 0.005


@dataclass(frozen=True, slots=True)
class Held:
    """The process's resources: file descriptors, threads, memory."""

    descriptors: int
    threads: int
    blocks: int  # of Python's memory, once garbage is collected: every object is one or more
    resident: int  # bytes of all its memory, as the system counts them

    def least(self, other: Held) -> Held:
        """Return the lower of each figure: resources about to be freed do not count."""
        return Held(*(min(getattr(self, field.name), getattr(other, field.name)) for field in fields(Held)))


def _weigh() -> Held:
    gc.collect()
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return Held(
        descriptors=len(list(Path("/proc/self/fd").iterdir())),
        threads=int(status["Threads"]),
        blocks=sys.getallocatedblocks(),
        resident=int(status["VmRSS"].split()[0]) * 1024,
    )


class LedClock:
    """A clock that stands at its set instant. A thread sees it move when it asks for the wall clock.

    So nobody who compares the two clocks finds them apart, however the threads are switched.
    """

    def __init__(self, at: float) -> None:
        self._at = at
        self._seen = threading.local()

    def set(self, at: float) -> None:
        self._at = at
        self.now()

    def now(self) -> datetime:
        self._seen.at = self._at
        return datetime.fromtimestamp(self._seen.at, UTC)

    def monotonic(self) -> float:
        seen: float = getattr(self._seen, "at", self._at)
        return seen


def _lead(clock: LedClock, test: TextIO) -> None:
    """Report the end of a beat, and wait for the instant of the next one."""
    try:
        _send(test, "over")
        while (word := json.loads(test.readline() or "null")) == "weigh":
            _send(test, asdict(_weigh()))
    except OSError:
        return
    if word is not None:  # else the test has let go: the process is about to be ended
        clock.set(word)


def _send(to: TextIO, word: Any) -> None:
    to.write(json.dumps(word) + "\n")
    to.flush()


def _run() -> None:
    clock = LedClock(float(os.environ[BEGIN]))
    test = socket.create_connection((_HOST, int(os.environ[VARIABLE]))).makefile("rw")
    run_daemon = daemon.scheduler.run_daemon

    def run_led(process: Any, stop: Any, on_beat: Any, systemd: Any, **options: Any) -> None:
        def on_led_beat() -> None:
            on_beat()
            _lead(clock, test)

        run_daemon(process, stop, on_led_beat, systemd, **options)

    setattr(daemon.cli.assemble, "SystemClock", lambda: clock)  # noqa: B010  (a class's name, to the type checker)
    setattr(daemon.scheduler, "FromNow", lambda _: FromNow(_BEAT_SECONDS))  # noqa: B010
    daemon.scheduler.run_daemon = run_led
    main()


class Led:
    """A daemon led by this test; its time is the world's."""

    def __init__(self, world: World, processes: Processes, environ: Mapping[str, str]) -> None:
        self._world = world
        world.module = "tests.acceptance.led"
        with socket.create_server((_HOST, 0)) as door:
            door.settimeout(60)
            led = {VARIABLE: str(door.getsockname()[1]), BEGIN: str(world.clock.now().timestamp())}
            self.running: Running = processes.start("run", environ={**environ, **led})
            self._socket, _ = door.accept()
        self._socket.settimeout(60)
        self._daemon = self._socket.makefile("rw")
        self.beats = 0
        self._wait()

    def beat(self) -> None:
        """Run the next beat, at the world's time, from its begin to its end."""
        _send(self._daemon, self._world.clock.now().timestamp())
        self._wait()

    def weigh(self) -> Held:
        """Return the process's resources between two beats: the least of ten looks."""
        weighed = []
        for _ in range(10):
            _send(self._daemon, "weigh")
            weighed.append(Held(**self._answer()))
        held = weighed[0]
        for each in weighed[1:]:
            held = held.least(each)
        return held

    def end(self) -> int:
        """End the process as an operator does; return its exit code."""
        self._daemon.close()
        self._socket.close()
        return self.running.terminate()

    def _wait(self) -> None:
        assert self._answer() == "over"
        self.beats += 1

    def _answer(self) -> Any:
        line = self._daemon.readline()
        assert line, f"the process ended: {self.running.events[-5:]} {self.running.text}"
        return json.loads(line)


if __name__ == "__main__":
    _run()
