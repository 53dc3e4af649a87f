"""``state restore`` puts a backup back: beside whatever SQLite left, and cut off at any moment."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.store import Store
from tests.acceptance.process import Processes
from tests.promises import assert_promises
from tests.world import World

# Dies at the nth change of a file in the state's folder, as by kill -9; a file that is opened may be made by that.
DYING = """
import os, runpy, signal, sys
folder, left = sys.argv.pop(1), int(sys.argv.pop(1))
def watch(event, arguments):
    global left
    if event in ("open", "os.rename", "os.remove", "sqlite3.connect") and folder in str(arguments[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
runpy.run_module("daemon", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def backup(world: World) -> Path:
    """A backup of a state with one invoice; two more came later."""
    world.invoice(comment="before the backup")
    world.run_once()
    target = world.folder / "backup.db"
    assert world.command("state", "backup", str(target)).returncode == 0
    for _ in range(2):
        world.invoice(comment="after the backup")
    world.run_once()
    return target


def leave_a_log(world: World) -> None:
    """The state as a killed process leaves it: its last commits stand in SQLite's log."""
    names = [world.state_path.with_name(world.state_path.name + suffix) for suffix in ("", "-wal", "-shm")]
    with world.work() as work:
        work.poll()
        work.tools.store.facts.learn("told", "in the log alone")
        kept = {path: path.read_bytes() for path in names}
    for path, content in kept.items():
        path.write_bytes(content)


def copies(world: World) -> list[Path]:
    return sorted(path for path in world.state_path.parent.iterdir() if path.name.endswith(".bak"))


@pytest.mark.fault("a backup put back by `state restore`")
@pytest.mark.parametrize("log", [False, True], ids=["after a clean stop", "beside a stale log"])
def test_a_backup_is_put_back(world: World, backup: Path, log: bool) -> None:
    if log:
        leave_a_log(world)
    created = sum(world.org.created.values())
    done = world.command("state", "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert f"Restored {backup} to {world.state_path}" in done.stdout
    assert len(world.rows()) == 1
    assert world.state_path.stat().st_mode & 0o777 == 0o600
    (copy,) = copies(world)
    assert str(copy) in done.stdout
    with Store(copy, lock=False) as kept:
        assert sum(kept.ledger.counts().values()) == 3, "what was there is kept"
        assert kept.facts.get("told") == ("in the log alone" if log else None), "with what stood in the log"
    with world.work() as work:
        assert work.tools.store.unanswered.forgotten_until() is not None, "what it believes of Salesforce is doubted"
    assert world.command("run", "--once").returncode == 0
    assert sum(world.org.created.values()) == created
    assert_promises(world)


def test_a_backup_is_put_back_where_there_is_no_state(world: World, backup: Path) -> None:
    for path in world.state_path.parent.iterdir():
        path.unlink()
    world.state_path.parent.rmdir()
    done = world.command("state", "restore", str(backup))
    assert done.returncode == 0, done.stderr
    assert "A copy" not in done.stdout
    assert len(world.rows()) == 1
    assert_still_fine(world)


def test_a_copy_that_was_taken_with_its_log_is_put_back_with_it(world: World, backup: Path) -> None:
    leave_a_log(world)
    folder = world.folder / "taken with cp"
    shutil.copytree(world.state_path.parent, folder)
    assert world.command("state", "restore", str(backup)).returncode == 0
    done = world.command("state", "restore", str(folder / "state.db"))
    assert done.returncode == 0, done.stderr
    with Store(world.state_path, lock=False) as store:
        assert store.facts.get("told") == "in the log alone"
    assert_still_fine(world)


def test_what_cannot_be_put_back(world: World, backup: Path) -> None:
    for file, words in ((world.folder / "none.db", "there is no file"), (world.state_path, "is the state itself")):
        done = world.command("state", "restore", str(file))
        assert (done.returncode, words in done.stderr) == (78, True), done.stderr
    beyond = world.folder / ("x" * 300)  # no system lets anybody look at it, not even root
    for named, words in (
        (".", "is a folder"),
        (str(world.folder), "is a folder"),
        (str(beyond), "cannot be looked at"),
    ):
        done = world.command("state", "restore", named)
        assert (done.returncode, words in done.stderr) == (78, True), done.stderr
        assert "Traceback" not in done.stderr
    link = world.folder / "link.db"
    link.symlink_to(world.state_path)
    assert "is the state itself" in world.command("state", "restore", str(link)).stderr
    other = sqlite3.connect(backup)
    other.execute("UPDATE facts SET value = 'outlet' WHERE name = 'magento_name'")
    other.commit()
    other.close()
    done = world.command("state", "restore", str(backup))
    assert (done.returncode, "made for the shop 'outlet'" in done.stderr) == (78, True), done.stderr
    assert len(world.rows()) == 3
    assert_still_fine(world)


@pytest.mark.parametrize("arguments", [["clear", "--yes"], ["restore"]], ids=" ".join)
def test_a_state_that_nobody_may_look_at_is_named(world: World, backup: Path, arguments: list[str]) -> None:
    place = world.folder / ("x" * 300) / "state.db"
    world.set("state.path", str(place))
    done = world.command("state", *arguments, *([str(backup)] if arguments == ["restore"] else []))
    assert (done.returncode, "cannot be looked at" in done.stderr) == (78, True), done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_is_put_back_under_a_running_daemon(world: World, backup: Path, processes: Processes) -> None:
    running = processes.daemon()
    done = world.command("state", "restore", str(backup))
    assert done.returncode == 75, done.stderr
    assert f"in use by process {running.pid}" in done.stderr
    assert running.terminate() == 0
    assert len(world.rows()) == 3
    assert_promises(world)


@pytest.mark.fault("a restore that is cut off")
@pytest.mark.parametrize("log", [False, True], ids=["after a clean stop", "beside a stale log"])
def test_a_restore_that_is_cut_off_leaves_the_one_or_the_other(world: World, backup: Path, log: bool) -> None:
    folder = world.state_path.parent
    if log:
        leave_a_log(world)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    seen = set()
    for left in restores(world, backup):
        rows = len(world.rows())
        with Store(world.state_path, lock=True) as store:
            told = store.facts.get("told")
            assert (rows, told) in ((3, "in the log alone" if log else None), (1, None)), f"cut off at step {left}"
            assert rows == 3 or not store.generation.fits(), "an older state is doubted"
        seen.add(rows)
        for path in folder.iterdir():
            path.unlink()
        for name, content in before.items():
            (folder / name).write_bytes(content)
    assert seen == {1, 3}
    assert_still_fine(world)


def restores(world: World, backup: Path) -> Iterator[int]:
    """Restore, cut off at the first step, at the second and so on, until one is not cut off."""
    for left in range(1, 100):
        words = ["state", "restore", str(backup), "--settings", str(world.settings_path)]
        done = subprocess.run(
            [sys.executable, "-c", DYING, str(world.state_path.parent), str(left), *words],
            capture_output=True,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        )
        assert done.returncode in (-9, 0), done.stderr
        yield left
        if done.returncode == 0:
            assert left > 10, "it was cut off at every step"
            return


def assert_still_fine(world: World) -> None:
    assert world.command("run", "--once").returncode == 0
    assert_promises(world)
