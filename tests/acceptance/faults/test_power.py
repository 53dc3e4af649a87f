"""The power goes: the process is gone at once, and what it wrote last never reached the disk."""

from __future__ import annotations

import signal
from pathlib import Path
from random import Random

import pytest

from tests.acceptance.faults.outage import finish
from tests.acceptance.killing import killing_after_the_answer, killing_before_the_answer
from tests.acceptance.process import Processes
from tests.promises import assert_promises
from tests.world import World

SEED = 20261122


def lose_writes(wal: Path, random: Random, how: str) -> int:
    """Let the end of the write-ahead log be what a disk leaves of writes that it had not come to; bytes lost."""
    content = wal.read_bytes() if wal.exists() else b""
    kept = random.randrange(len(content) + 1)
    if how == "never written":
        wal.write_bytes(content[:kept])
    elif how == "written as zeros":
        wal.write_bytes(content[:kept] + bytes(len(content) - kept))
    else:  # out of order: a page is missing, and those after it are there
        gap = kept // 4096 * 4096
        wal.write_bytes(content[:gap] + bytes(len(content[gap : gap + 4096])) + content[gap + 4096 :])
    return len(content) - kept


@pytest.mark.fault("unsynced writes lost")
@pytest.mark.parametrize("how", ["never written", "written as zeros", "out of order"])
def test_writes_that_never_reached_the_disk(world: World, processes: Processes, how: str) -> None:
    """Harder than any disk may be: what was synced is lost too, as far back as the log reaches."""
    random = Random(SEED)
    world.set("magento.page_size", 4)
    world.invoice(comment="before")
    world.run_once()
    lost = kills = 0
    for call in range(5):
        for number in range(5):
            world.invoice(comment=f"{call}.{number}")
        process = processes.start("run", "--once")
        killing = random.choice([killing_after_the_answer, killing_before_the_answer])(process)
        faults = random.choice([world.magento_faults, world.salesforce_faults])
        faults.add(killing, after=call % 3, times=1)
        kills += process.ended() == -signal.SIGKILL  # a last call's answer may let it end before
        faults.clear()
        world.state_path.with_name("state.db-shm").unlink(missing_ok=True)  # it lives in memory alone
        lost += lose_writes(world.state_path.with_name("state.db-wal"), random, how)
    assert lost > 0
    assert kills >= 3
    with world.work() as work:
        finish(world, work)
    assert_promises(world)
