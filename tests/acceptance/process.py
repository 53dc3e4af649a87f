"""The real daemon as a process of its own: its lines are read as they come, and it always ends with its test."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from state.store import Store
from tests.world import World


def wait_until(true: Callable[[], object], what: str, *, seconds: float = 40.0) -> None:
    """Return as soon as the condition holds; fail with its description after the time is over."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.02)


def a_second() -> float:
    """Return a second of an idle machine, longer with more processes than processors."""
    return max(1.0, 2 * os.getloadavg()[0] / (os.cpu_count() or 1))


class Running:
    """One process of ``invoice-sync``; ``events`` are the lines of its log."""

    def __init__(self, world: World, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.process = world.spawn(*arguments, environ=environ)
        self._world = world
        self.events: list[dict[str, Any]] = []
        self.other_lines: list[str] = []
        self.output: list[str] = []
        self._readers = [
            threading.Thread(target=self._read_log, daemon=True),
            threading.Thread(target=self._read_output, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        """Return the text on stderr without events."""
        return "\n".join(self.other_lines)

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the events of this name so far."""
        return [found for found in list(self.events) if found["event"] == event]

    def wait_for(self, event: str, *, count: int = 1, seconds: float = 40.0) -> dict[str, Any]:
        """Wait for so many events of this name; return the last."""
        wait_until(
            lambda: len(self.named(event)) >= count or (self.process.poll() is not None and not self._reading()),
            f"{event} {count} times",
            seconds=seconds,
        )
        found = self.named(event)
        assert len(found) >= count, f"the process ended without {event}: {self.events} {self.text}"
        return found[count - 1]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, *, seconds: float = 60.0) -> int:
        """Wait for the process's end; return its exit code."""
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(10)
        return code

    def terminate(self) -> int:
        """End the process as an operator does; return its exit code."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> int:
        """End the process as a power cut does."""
        self.process.kill()
        return self.ended()

    def close(self) -> None:
        """End the process if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.ended()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _reading(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._world.stderr.append(line)
            try:
                event = json.loads(line)
            except ValueError:
                self.other_lines.append(line.rstrip("\n"))
            else:
                self.events.append(event)

    def _read_output(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._world.stdout.append(line)
            self.output.append(line)


class Processes:
    """Starts processes on a world and ends the remaining ones."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._started: list[Running] = []

    def start(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Running:
        started = Running(self._world, *arguments, environ=environ)
        self._started.append(started)
        return started

    def daemon(self) -> Running:
        """Start the daemon; return it after its event of the start."""
        running = self.start("run")
        running.wait_for("daemon.started")
        return running

    def close(self) -> None:
        for running in self._started:
            running.close()


def is_pending(world: World) -> bool:
    """Return whether any invoice or note is owed to Salesforce."""
    with Store(world.state_path, lock=False) as store:
        return bool(store.ledger.counts().get("pending") or store.notes.counts().get("pending"))
