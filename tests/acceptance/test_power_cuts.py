"""What was committed is on the disk: the state's files as they are at one moment are enough to go on from."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from daemon.demo.failpoints import EVENT, VARIABLE
from state.store import Store
from tests.acceptance.process import Processes, Running, wait_until
from tests.acceptance.siege import finish
from tests.promises import assert_promises
from tests.world import World

INVOICES = 12
# Where the power goes, and how many invoices are then known, and how many of them and of the notes are in.
MOMENTS = {
    "state.commit/page:2": (5, 0, 0),
    "state.committed/page:2": (10, 0, 0),
    "state.commit/invoices:3": (INVOICES, 2, 0),
    "state.committed/invoices:3": (INVOICES, 3, 0),
    "state.commit/notes:2": (INVOICES, INVOICES, 1),
    "state.committed/notes:2": (INVOICES, INVOICES, 2),
}


def stopped_at(world: World, processes: Processes, moment: str) -> Running:
    """A process that stands still at this moment, as all do when the power goes."""
    running = processes.start("run", "--once", environ={VARIABLE: f"{moment}:stop"})
    running.wait_for(EVENT)
    status = Path(f"/proc/{running.pid}/stat")
    wait_until(lambda: status.read_text().rpartition(")")[2].split()[0] == "T", "it stands still")
    return running


def keep_files(world: World) -> Path:
    """The files as the disk has them. What SQLite keeps beside them in shared memory is not on it."""
    kept = world.folder / "disk"
    kept.mkdir()
    for name in ("state.db", "state.db-wal"):
        shutil.copy2(world.state_path.with_name(name), kept / name)
    return kept


def power_up(world: World, kept: Path) -> None:
    """Only what was on the disk is there."""
    for left in world.state_path.parent.glob("state.db*"):
        left.unlink()
    for name in ("state.db", "state.db-wal"):
        shutil.copy2(kept / name, world.state_path.with_name(name))


@pytest.mark.parametrize(
    ("moment", "later"),
    [(moment, "at once") for moment in MOMENTS]
    + [(moment, "after all was done") for moment in MOMENTS if "committed" in moment],
)
def test_the_files_of_a_moment_hold_all_that_was_committed_then_and_lead_to_nothing_doubled(
    world: World, processes: Processes, moment: str, later: str
) -> None:
    """``after all was done``: the org is ahead of the state, as it is of an old copy that somebody puts back."""
    world.module = "daemon.demo.failpoints"
    world.set("magento.page_size", 5)
    for number in range(INVOICES):
        world.invoice(comment=f"comment {number}")
    running = stopped_at(world, processes, moment)
    kept = keep_files(world)
    if later == "at once":
        running.kill()
    else:
        running.signal(signal.SIGCONT)
        assert running.ended() == 0, running.text
    power_up(world, kept)
    known, invoices, notes = MOMENTS[moment]
    with Store(world.state_path, lock=False) as store:
        counts = store.ledger.counts()
        assert sum(counts.values()) == known
        assert counts.get("synced", 0) == invoices
        assert store.notes.counts().get("synced", 0) == notes
    finish(world)
    assert_promises(world)
