"""Breaks a side for a while: checks the events meanwhile, and that everything arrives afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from daemon.scheduler import run_once
from daemon.sync import Process
from state.kinds import SideName
from state.store import Store
from tests.promises import assert_promises
from tests.world import World

Change = Callable[[World], object]
BUDGET = "salesforce.budget_reached"
LONGEST_PAUSE = timedelta(hours=1)


def survive(
    world: World,
    side: SideName,
    break_it: Change,
    mend_it: Change,
    *,
    pauses: bool = False,
    words: Sequence[str] = (),
    said: str | None = None,
    polls: int = 3,
) -> None:
    """Break the side with work to do, poll, repair the side, and require the promised outcome.

    ``words``: what ``status`` has to say of it; ``said``: the event that begins it, where that is another one.
    """
    said = said or f"{side}.failing"
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        break_it(world)
        late = world.invoice(comment="meanwhile")
        _poll_in_vain(world, work, side, late, polls=polls, pauses=pauses, said=said)
        reason = str(work.tools.store.sides.get(side).reason)
        assert all(word in reason for word in words), reason
        assert len(world.named(said)) == 1, "its beginning is said once"
        assert not world.named(f"{side}.recovered")
        mend_it(world)
        finish(world, work)
        assert len(world.named(f"{side}.recovered")) == 1, "its end is said once"
        assert len(world.named(said)) == 1
    assert_promises(world)
    assert not {"pass.failed", "invoice.failed", "note.failed"} & {event["event"] for event in world.events}


def _poll_in_vain(
    world: World, work: Process, side: SideName, late: int, *, polls: int, pauses: bool, said: str
) -> None:
    store, before = work.tools.store, world.rows()
    checkpoint = store.checkpoints.current()
    calls = world.magento_calls if side == "magento" else world.salesforce_calls
    for number in range(polls):
        made = len(calls)
        run_once(work)
        if not number:
            assert work.failure is not None
            assert work.failure.exit_code == (75 if said == BUDGET or not pauses else 78)
        if pauses and number:
            assert len(calls) == made, "it is left alone"
        world.clock.advance(seconds=10)
    known = store.sides.get(side)
    assert known.status == ("paused" if pauses else "failing"), known
    if side == "magento":
        assert world.rows() == before, "nothing of what cannot be believed is remembered"
        assert store.checkpoints.current() == checkpoint
    else:
        assert {key: row.sync_status for key, row in world.rows().items()} == {
            **dict.fromkeys(before, "synced"),
            late: "pending",
        }


def finish(world: World, work: Process) -> None:
    """L1: require that after the fault three passes after the longest wait do all work; then it is quiet."""
    for _ in range(3):
        wait = longest_wait(world)
        if wait is not None and wait > world.clock.now():
            assert wait <= world.clock.now() + LONGEST_PAUSE
            world.clock.advance(seconds=(wait - world.clock.now()).total_seconds() + 1)
        run_once(work)
    world.clock.advance(minutes=11)  # what had no answer is sent once more
    run_once(work)
    calls = len(world.salesforce_calls)
    run_once(work)
    assert len(world.salesforce_calls) == calls, "then there is nothing left to send"


def longest_wait(world: World) -> datetime | None:
    """Return the latest instant that any owed record or paused side waits for."""
    with Store(world.state_path, lock=False) as store:
        stamps = [
            row["at"]
            for table, column, due in (
                ("ledger", "next_attempt_at", "sync_status = 'pending'"),
                ("notes", "next_attempt_at", "sync_status = 'pending'"),
                ("sides", "next_try_at", "1"),
            )
            for row in store.connection.database.query(
                f"SELECT {column} AS at FROM {table} WHERE {column} IS NOT NULL AND {due}"
            )
        ]
    return max((datetime.fromisoformat(stamp).astimezone(UTC) for stamp in stamps), default=None)
