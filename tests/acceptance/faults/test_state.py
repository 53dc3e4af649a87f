"""The state cannot be written, is another's, is put in place of the one in use, or is used on two machines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.scheduler import run_once
from state.errors import StateReplacedError
from tests.acceptance.faults.outage import finish
from tests.acceptance.process import Processes, is_pending, wait_until
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

# Root writes what nobody may write; this takes that from a process before it begins. (PR_CAPBSET_DROP is 24,
# CAP_DAC_OVERRIDE is 1.) An ordinary user lacks it anyway.
UNBOUND = "root cannot be kept from writing here"
AS_A_USER = (
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(24, 1, 0, 0, 0):\n"
    f"    sys.exit({UNBOUND!r})\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


@pytest.mark.fault("state: read-only")
@pytest.mark.parametrize("what", ["the file", "its folder"])
def test_a_state_that_cannot_be_written(world: World, what: str) -> None:
    world.invoice(comment="before")
    world.run_once()
    world.invoice(comment="meanwhile")
    path, mode = (world.state_path, 0o400) if what == "the file" else (world.state_path.parent, 0o500)
    usual = path.stat().st_mode
    path.chmod(mode)
    calls = len(world.salesforce_calls)
    try:
        for arguments in (["run", "--once"], ["run"], ["sync", "--all"]):
            done = world.command_under(AS_A_USER, *arguments)
            if UNBOUND in done.stderr:
                pytest.skip(UNBOUND)
            assert done.returncode == 78, done.stderr
            assert str(world.state_path) in done.stderr
            assert "may write" in done.stderr or "let this user write" in done.stderr.lower(), "what to do next is said"
            assert "Traceback" not in done.stderr
    finally:
        path.chmod(usual)
    assert len(world.salesforce_calls) == calls, "nothing is sent that cannot be remembered"
    world.run_once()
    assert_promises(world)


WITHOUT_ROOM = (
    "import os, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


@pytest.mark.fault("state: disk full")
@pytest.mark.parametrize("first", [True, False], ids=["of a first start", "of a later one"])
def test_a_disk_that_is_full_at_the_start(world: World, first: bool) -> None:
    world.invoice(comment="before")
    if not first:
        world.run_once()
    calls = len(world.salesforce_calls)
    for arguments in (["run", "--once"], ["run"]):
        done = world.command_under(WITHOUT_ROOM, *arguments)
        assert done.returncode == 78, done.stderr
        assert str(world.state_path) in done.stderr
        assert "room" in done.stderr, "what to do next is said"
        assert "Traceback" not in done.stderr
    assert len(world.salesforce_calls) == calls, "nothing is sent that cannot be remembered"
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("state: locked by another")
def test_a_state_that_another_process_works_on(world: World) -> None:
    world.invoice(comment="before")
    with world.work() as work:
        for arguments in (["run"], ["run", "--once"]):
            done = world.command(*arguments)
            assert done.returncode == 75, done.stderr
            assert f"{world.state_path} is in use by process {os.getpid()}" in done.stderr
            assert "Wait until it has finished, or stop it" in done.stderr
        assert len(world.salesforce_calls) == 0
        run_once(work)
        assert world.command("status").returncode == 0, "it can be looked at"
    assert_promises(world)


@pytest.mark.parametrize(
    "replaced",
    [
        case("state: removed or replaced while running", False, id="removed"),
        case("state: removed or replaced while running", True, id="replaced"),
    ],
)
def test_a_state_that_is_taken_away_from_a_process(world: World, replaced: bool) -> None:
    world.invoice(comment="before")
    world.run_once()
    older = world.folder / "older.db"
    assert world.command("state", "backup", str(older)).returncode == 0
    world.invoice(comment="after the backup")
    with world.work() as work:
        run_once(work)
        for path in (world.state_path, *world.state_path.parent.glob("state.db-*")):
            path.unlink()
        if replaced:
            shutil.copy(older, world.state_path)
        world.invoice(comment="after it was taken away")
        calls = len(world.salesforce_calls)
        with pytest.raises(StateReplacedError, match="removed or replaced") as refused:
            run_once(work)
        assert str(world.state_path) in str(refused.value)
        assert "Start invoice-sync again" in refused.value.hint
        assert len(world.salesforce_calls) == calls, "nothing is sent that cannot be remembered"
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("state: removed or replaced while running")
@pytest.mark.parametrize("many", [1, 60])
def test_a_state_that_an_older_one_is_copied_over(world: World, many: int) -> None:
    """It is the same file still, so this is seen at the next start at the latest; what was sent is sent once anyway."""
    for number in range(many):
        world.invoice(comment=f"before {number}")
    world.run_once()
    older = world.folder / "older.db"
    assert world.command("state", "backup", str(older)).returncode == 0
    for number in range(many):
        world.invoice(comment=f"after the backup {number}")
    with world.work() as work:
        run_once(work)
        shutil.copyfile(older, world.state_path)
        for number in range(many):
            world.invoice(comment=f"after the copy {number}")
        run_once(work)
    started = world.command("run", "--once")
    if started.returncode != 0:
        assert started.returncode == 78, started.stderr
        assert f"the state at {world.state_path} cannot be used: it is damaged (" in started.stderr
        assert "move it away to start over" in started.stderr
        for path in (world.state_path, *world.state_path.parent.glob("state.db-*")):
            path.rename(path.with_name(f"old {path.name}"))
    with world.work() as work:
        finish(world, work)
    assert_promises(world)


@pytest.fixture
def twin(world: World) -> Iterator[World]:
    """Another machine, with a copy of the state and the same shop and org."""
    world.invoice(comment="before there were two")
    world.run_once()
    folder = world.folder / "twin"
    folder.mkdir()
    made = World(folder, shop=world.shop, org=world.org).start()
    made.clock = world.clock
    made.state_path.parent.mkdir()
    assert world.command("state", "backup", str(made.state_path)).returncode == 0
    yield made
    made.stop()


@pytest.mark.fault("the same state on two machines")
def test_two_machines_with_one_state_in_turn(world: World, twin: World) -> None:
    for first, second in ((world, twin), (twin, world)):
        entity_id = world.invoice(comment="for both")
        first.run_once()
        world.clock.advance(seconds=5)
        world.shop.change_state(entity_id, 3)
        world.shop.add_comment(entity_id, "a change that one of them sees first")
        second.run_once()
        first.run_once()
    for each in (world, twin):
        assert_promises(each)


@pytest.mark.fault("the same state on two machines")
def test_two_machines_with_one_state_at_once(world: World, twin: World, processes: Processes) -> None:
    others = Processes(twin)
    try:
        running = [processes.daemon(), others.daemon()]
        for number in range(30):
            world.invoice(comment=f"for both: {number}")
            if number % 10 == 9:
                wait_until(lambda: all(all_in(each) for each in (world, twin)), "both to have it")
        assert [process.terminate() for process in running] == [0, 0]
    finally:
        others.close()
    for each in (world, twin):
        assert_promises(each)


def all_in(world: World) -> bool:
    rows = world.rows().values()
    synced = len(rows) == len(world.wire_invoices()) and all(row.sync_status == "synced" for row in rows)
    return synced and not is_pending(world)


def test_the_helper_lets_nobody_write_what_its_user_may_not(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_text("")
    locked.chmod(0o400)
    code = f"open({str(locked)!r}, 'w')"
    done = subprocess.run([sys.executable, "-c", AS_A_USER, "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr or UNBOUND in done.stderr
