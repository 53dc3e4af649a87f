"""The state's file is removed, at any time and by any of its names: that clears it, and what was left is nobody's."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from state.store import Store
from tests.acceptance.process import Processes, is_pending, wait_until
from tests.promises import assert_promises
from tests.world import World


def killed(world: World, processes: Processes, comments: int = 3) -> None:
    """The daemon has synced invoices and is killed: what it committed last stands in SQLite's log alone."""
    for number in range(comments):
        world.invoice(comment=f"before the kill {number}")
    running = processes.daemon()
    wait_until(lambda: all_in(world), "all to be in")
    running.kill()
    assert beside(world, "-wal").stat().st_size > 0, "the log is left"


def all_in(world: World) -> bool:
    if not world.state_path.exists():
        return False
    rows = world.rows().values()
    synced = len(rows) == len(world.wire_invoices()) and all(row.sync_status == "synced" for row in rows)
    return synced and not is_pending(world)


def beside(world: World, suffix: str) -> Path:
    return world.state_path.with_name(world.state_path.name + suffix)


def is_doubted(world: World) -> bool:
    with Store(world.state_path, lock=False) as store:
        return store.unanswered.forgotten_until() is not None


def records(world: World) -> int:
    return sum(world.org.created.values())


@pytest.mark.fault("state: its file removed after a clean stop")
def test_removed_after_a_clean_stop(world: World, processes: Processes) -> None:
    world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: all_in(world), "all to be in")
    assert running.terminate() == 0
    created = records(world)
    world.state_path.unlink()
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert records(world) == created
    assert is_doubted(world), "what was lost may have been under way"
    assert_promises(world)


@pytest.mark.fault("state: after a kill")
@pytest.mark.parametrize("left", [("-wal", "-shm"), ("-wal",), ("-shm",)], ids=" and ".join)
def test_removed_after_a_kill(world: World, processes: Processes, left: tuple[str, ...]) -> None:
    killed(world, processes)
    created = records(world)
    for suffix in {"-wal", "-shm"} - set(left):
        beside(world, suffix).unlink()
    world.state_path.unlink()
    beside(world, "-journal").write_bytes(b"of nothing")
    world.state_path.with_name(".state.db.new").write_bytes(b"half of a state")
    shown = world.command("invoices", "--json")
    assert (shown.returncode, shown.stdout.strip()) == (0, "[]"), (
        "nothing is made, and nothing brought back, by looking"
    )
    assert not world.state_path.exists()
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert records(world) == created, "everything was looked at again, and nothing doubled"
    assert is_doubted(world)
    with Store(world.state_path, lock=False) as store:
        assert [done.trigger for done in store.passes.newest(100)][-1] == "backfill", "it began anew"
    assert sorted(path.name for path in world.state_path.parent.iterdir()) == ["state.db", "state.db.lock"]
    assert_promises(world)


@pytest.mark.fault("state: under a running daemon")
def test_removed_under_a_running_daemon(world: World, processes: Processes) -> None:
    world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: all_in(world), "all to be in")
    world.state_path.unlink()
    world.invoice(comment="after it was removed")
    calls = len(world.salesforce_calls)
    assert running.ended() == 78
    assert "removed or replaced" in running.text + str(running.events)
    assert len(world.salesforce_calls) == calls, "nothing is sent that cannot be remembered"
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert_promises(world)


@pytest.mark.fault("state: SQLite's log alone removed after a kill")
def test_its_log_alone_removed_after_a_kill(world: World, processes: Processes) -> None:
    killed(world, processes)
    created = records(world)
    beside(world, "-wal").unlink()
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert records(world) == created
    assert is_doubted(world), "the state is an older one now, though it is the same file"
    assert_promises(world)


def test_with_its_log_a_killed_daemons_state_is_as_it_was(world: World, processes: Processes) -> None:
    killed(world, processes)
    log = beside(world, "-wal").read_bytes()
    for command in (("status",), ("invoices",), ("history",)):
        assert world.command(*command).returncode == 0
    assert beside(world, "-wal").read_bytes() == log, "who looks puts nothing back"
    assert world.command("run", "--once").returncode == 0
    assert not is_doubted(world)
    assert_promises(world)


@pytest.mark.fault("state: replaced by another file beside a running daemon")
def test_looking_at_a_state_that_is_not_the_daemons(world: World) -> None:
    """SQLite finds the daemon's log by the file's name: it would be replayed into the file that was put there."""
    world.invoice(comment="before")
    world.run_once()
    older = world.folder / "older.db"
    assert world.command("state", "backup", str(older)).returncode == 0
    with world.work() as work:
        world.invoice(comment="in the log")
        work.poll()
        world.state_path.unlink()
        for command in (
            ("status",),
            ("invoices", "--json"),
            ("history",),
            ("explain", "--id", "1"),
            ("state", "backup", "b"),
        ):
            done = world.command(*command)
            assert done.returncode == 78, done.stdout
            assert "removed or replaced while a process works on it" in done.stderr
            assert not world.state_path.exists()
        shutil.copy(older, world.state_path)
        for command in (("status",), ("invoices", "--json"), ("history",), ("explain", "--id", "1"), ("sync", "--all")):
            done = world.command(*command)
            assert done.returncode == 78, done.stdout
            assert "removed or replaced while a process works on it" in done.stderr
            assert len(done.stderr.splitlines()) >= 2, "what to do is said"
        assert world.state_path.read_bytes() == older.read_bytes(), "it is left as it was put there"
        with pytest.raises(Exception, match="removed or replaced"):
            work.poll()


@pytest.mark.fault("state: stopped and continued while it is removed")
def test_removed_while_the_daemon_is_stopped_in_the_middle(world: World, processes: Processes) -> None:
    world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: all_in(world), "all to be in")
    running.signal(signal.SIGSTOP)
    world.state_path.unlink()
    running.kill()
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert_promises(world)
