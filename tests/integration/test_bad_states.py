"""A state that cannot be used is refused with its path and what to do, and left as it is."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from state.errors import StateError, StateUnusableError
from state.file.restoring import restore_state
from state.store import Store
from tests.builders import NOON
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("this is not a database, but a letter to my aunt\n" * 50)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def scribbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content) - 64, 512):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('invoice-sync', 'm999_tomorrow', '')"
    )
    connection.commit()
    connection.close()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def header_only(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00")


BAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty": (empty, "it is empty"),
    "not SQLite": (text, "file is not a database"),
    "cut short": (cut_short, "malformed"),
    "scribbled over": (scribbled, "cannot be used"),
    "another program's": (foreign, "it is another program's database"),
    "newer": (newer, "it was written by a newer version of invoice-sync (m999_tomorrow)"),
    "a folder": (folder, "cannot be used"),
    "a header alone": (header_only, "cannot be used"),
}


@pytest.mark.parametrize(
    "name",
    [
        case("state: empty file", "empty"),
        case("state: not SQLite", "not SQLite"),
        case("state: corrupt", "cut short", id="cut short"),
        case("state: corrupt", "scribbled over", id="scribbled over"),
        "another program's",
        case("state: of a newer version", "newer"),
        "a folder",
        "a header alone",
    ],
)
@pytest.mark.parametrize("command", [("run", "--once"), ("status",)], ids=" ".join)  # one that writes, one that reads
def test_a_bad_state_is_refused_and_left_as_it_is(world: World, name: str, command: tuple[str, ...]) -> None:
    spoil, words = BAD[name]
    world.invoice()
    world.run_once()
    spoil(world.state_path)
    before = world.state_path.read_bytes() if world.state_path.is_file() else None
    calls = len(world.salesforce_calls)
    done = world.command(*command)
    assert done.returncode == 78, done.stderr
    assert words in done.stderr
    assert str(world.state_path) in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) >= 2, "what to do next is said"
    assert len(world.salesforce_calls) == calls
    after = world.state_path.read_bytes() if world.state_path.is_file() else None
    assert after == before
    world.invoice(comment="after it was moved away")
    for path in (world.state_path, *world.state_path.parent.glob("state.db-*")):
        path.rename(path.with_name(f"old {path.name}"))
    world.run_once()
    assert_promises(world)


def test_no_state_is_made_by_looking(world: World) -> None:
    for command in (("status",), ("invoices",), ("history",), ("state", "path")):
        assert world.command(*command).returncode == 0
    assert not world.state_path.exists()


def test_a_folder_that_cannot_be_made_is_named(world: World) -> None:
    (world.folder / "file").write_text("in the way")
    world.set("state.path", str(world.folder / "file" / "state.db"))
    done = world.command("run", "--once")
    assert done.returncode == 78, done.stderr
    assert "its folder cannot be written (File exists)" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_owner_of_a_state_that_is_not_ours_is_named(world: World) -> None:
    world.run_once()
    empty(world.state_path)
    os.chown(world.state_path, pwd.getpwnam("nobody").pw_uid, -1)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert f"({world.state_path} belongs to nobody)" in done.stderr


@pytest.mark.fault("state: disk full")
def test_on_a_full_disk_nothing_more_is_sent_and_nothing_is_lost(world: World) -> None:
    world.run_once()
    world.invoice(comment="later")
    with Store(world.state_path, lock=False) as store:
        pages = store.connection.database.conn.execute("PRAGMA page_count").fetchone()[0]
    with world.work() as work:
        work.tools.store.connection.database.conn.execute(f"PRAGMA max_page_count = {pages}")

        def fill() -> None:
            for number in range(20_000):
                work.tools.store.facts.learn(f"filler {number}", "x" * 1000)

        def fill_the_rest() -> None:
            for _ in range(20_000):
                work.tools.store.passes.begin("poll", work.tools.now())

        for filling in (fill, fill_the_rest):
            with pytest.raises(sqlite3.OperationalError, match="full"):
                filling()
        calls = len(world.salesforce_calls)
        world.invoice(comment="later still")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            work.poll()
        assert len(world.salesforce_calls) == calls
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("an old backup restored")
def test_an_old_backup_put_back_doubles_nothing(world: World) -> None:
    world.invoice(comment="first")
    world.run_once()
    backup = world.folder / "old.db"
    assert world.command("state", "backup", str(backup)).returncode == 0
    for _ in range(3):
        world.invoice(comment="later")
    world.run_once()
    created = sum(world.org.created.values())
    for leftover in world.state_path.parent.glob("state.db-*"):
        leftover.unlink()
    shutil.copy(backup, world.state_path)
    world.run_once()
    assert sum(world.org.created.values()) == created
    assert_promises(world)


def test_a_state_removed_under_a_running_process_stops_it_before_it_sends(world: World) -> None:
    world.invoice()
    world.run_once()
    with world.work() as work:
        world.state_path.unlink()
        world.invoice()
        calls = len(world.salesforce_calls)
        with pytest.raises(Exception, match="removed or replaced"):
            work.poll()
        assert len(world.salesforce_calls) == calls
    world.run_once()
    assert world.compared().equal, str(world.compared())


def test_a_backup_is_a_whole_state_and_never_overwrites(world: World) -> None:
    world.invoice(comment="kept")
    world.run_once()
    target = world.folder / "copy.db"
    assert world.command("state", "backup", str(target)).returncode == 0
    again = world.command("state", "backup", str(target))
    assert again.returncode == 78
    assert "exists already" in again.stderr
    with Store(target, lock=False) as copy:
        assert copy.ledger.counts() == {"synced": 1}
    assert target.stat().st_mode & 0o077 == 0


@pytest.fixture
def backup(world: World) -> Path:
    """A backup of a state with one invoice; another came later."""
    world.invoice(comment="before the backup")
    world.run_once()
    target = world.folder / "backup.db"
    with Store(world.state_path, lock=False) as store:
        store.backup(target)
    world.invoice(comment="after the backup")
    world.run_once()
    return target


@pytest.mark.parametrize("name", list(BAD))
def test_a_state_that_cannot_be_used_is_kept_as_it_is_and_replaced_by_a_backup(
    world: World, backup: Path, name: str
) -> None:
    BAD[name][0](world.state_path)
    if world.state_path.is_dir():
        with pytest.raises(StateUnusableError, match="it is a folder"):
            restore_state(world.state_path, backup, NOON, magento_name="main")
        world.state_path.rmdir()
        assert restore_state(world.state_path, backup, NOON, magento_name="main") is None
    else:
        before = world.state_path.read_bytes()
        copy = restore_state(world.state_path, backup, NOON, magento_name="main")
        assert copy is not None
        assert copy.read_bytes() == before
    assert len(world.rows()) == 1
    world.run_once()
    assert_promises(world)


@pytest.mark.parametrize("name", list(BAD))
def test_a_file_that_is_no_backup_changes_nothing(world: World, backup: Path, name: str) -> None:
    BAD[name][0](backup)
    before = {path.name: path.read_bytes() for path in world.state_path.parent.iterdir()}
    with pytest.raises(StateError) as refused:
        restore_state(world.state_path, backup, NOON, magento_name="main")
    assert str(backup) in str(refused.value)
    assert {path.name: path.read_bytes() for path in world.state_path.parent.iterdir()} == before
    world.run_once()
    assert_promises(world)


@pytest.mark.parametrize(
    "command", [("status",), ("status", "--json"), ("invoices", "--json"), ("history",), ("explain", "--id", "1")]
)
def test_a_state_that_waits_to_be_upgraded_is_not_shown_as_an_empty_one(world: World, command: tuple[str, ...]) -> None:
    world.invoice()
    world.run_once()
    with closing(sqlite3.connect(world.state_path)) as connection:
        newest = "SELECT max(name) FROM _sqlite_migrations"
        connection.execute(f"DELETE FROM _sqlite_migrations WHERE name = ({newest})")
        connection.commit()
    done = world.command(*command)
    assert (done.returncode, done.stdout) == (78, "")
    assert "was written by an older version" in done.stderr
    assert "Run `invoice-sync run`" in done.stderr
