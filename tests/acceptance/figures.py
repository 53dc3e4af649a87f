"""Measures the real process: its calls, its time, its highest memory."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.world import World

_SAMPLE_SECONDS = 0.01


@dataclass(frozen=True)
class Figures:
    """The figures of one ``run --once --yes`` from its start to its end."""

    exit_code: int
    seconds: float
    peak_megabytes: float
    magento_calls: int
    salesforce_calls: int
    graph_calls: int


def peak_of(pid: int) -> float | None:
    """Return the highest resident memory of the process so far, in MB; None after its end.

    Taken from /proc: the figure that the system keeps for a child that ended counts its parent's memory too.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


def run_once(world: World) -> Figures:
    """Do all due work in a process of its own; return the costs."""
    world.magento_calls.clear()
    world.salesforce_calls.clear()
    peak = 0.0
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon", "run", "--once", "--yes", "--settings", str(world.settings_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            peak = max(peak, peak_of(process.pid) or 0.0)
            time.sleep(_SAMPLE_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return Figures(
        exit_code=process.returncode,
        seconds=time.monotonic() - begun,
        peak_megabytes=peak,
        magento_calls=len(world.magento_calls),
        salesforce_calls=len(world.salesforce_calls),
        graph_calls=world.salesforce_calls.count(path="composite/graph"),
    )


@contextmanager
def shop_of(invoices: int, folder: Path | None = None) -> Iterator[World]:
    """Make a world with so many invoices, of three items and one and a half comments each on average."""
    with TemporaryDirectory(dir=folder) as place:
        world = World(Path(place)).start()
        try:
            world.shop.seed(invoices, items=3, comments=1.5, rng=Random(invoices))
            yield world
        finally:
            world.stop()


def help_seconds(times: int = 5) -> float:
    """Return the best time of a few runs of ``--help``: other work of the machine does not count."""
    best = float("inf")
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "daemon", "--help"], capture_output=True, check=True, timeout=60)
        best = min(best, time.perf_counter() - begun)
    return best
