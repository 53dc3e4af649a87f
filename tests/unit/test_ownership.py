"""Root's command beside a service leaves the service's files to the service, and follows no link of its user."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.errors import StateError, StateUnusableError
from state.store import Store

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act beside another user")
SERVICE = 61_184  # one of the ids that systemd gives to dynamic users


@as_root
def test_what_root_makes_in_a_services_folder_is_the_services(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    os.chown(folder, SERVICE, SERVICE)
    with Store(folder / "state.db", lock=True) as store:
        store.facts.learn("magento_name", "main")
        store.backup(folder / "state.db.copy.bak")
        store.backup(tmp_path / "mine.db")
        found = {path.name: (path.stat().st_uid, path.stat().st_mode & 0o777) for path in folder.iterdir()}
    assert found == dict.fromkeys(
        ["state.db", "state.db-wal", "state.db-shm", "state.db.lock", "state.db.copy.bak"], (SERVICE, 0o600)
    )
    assert (tmp_path / "mine.db").stat().st_uid == 0, "a copy elsewhere is of who asked for it"


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "of-another"
    other.write_text("kept")
    (tmp_path / "state.db.lock").symlink_to(other)
    with pytest.raises(StateUnusableError):
        Store(tmp_path / "state.db", lock=True)
    assert other.read_text() == "kept"


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file that is nobody's to write but its owner's."""
    made = tmp_path / "precious"
    made.write_text("kept")
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state" / "state.db", lock=True) as made:
        yield made


def test_a_copy_elsewhere_is_led_by_no_link_to_another_file(tmp_path: Path, store: Store, precious: Path) -> None:
    folder = tmp_path / "of-others"
    folder.mkdir(mode=0o777)
    (folder / ".copy.db.new").symlink_to(precious)
    store.backup(folder / "copy.db")
    assert precious.read_text() == "kept"
    assert sorted(path.name for path in folder.iterdir()) == ["copy.db"]
    assert not (folder / "copy.db").is_symlink()
    with Store(folder / "copy.db", lock=False) as copy:
        assert copy.ledger.counts() == {}


@pytest.mark.parametrize("leads", ["to a file", "nowhere"])
def test_a_copy_is_written_through_no_link_of_its_name(
    tmp_path: Path, store: Store, precious: Path, leads: str
) -> None:
    target = tmp_path / "copy.db"
    target.symlink_to(precious if leads == "to a file" else tmp_path / "nowhere")
    with pytest.raises(StateError, match="exists already"):
        store.backup(target)
    assert precious.read_text() == "kept"
    assert not (tmp_path / "nowhere").exists()


@as_root
def test_a_folder_that_is_another_users_link_is_refused_and_ones_own_is_not(tmp_path: Path, store: Store) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store.backup(tmp_path / "link" / "mine.db")
    os.chown(tmp_path / "link", SERVICE, SERVICE, follow_symlinks=False)
    with pytest.raises(StateError, match="is a link that another user made"):
        store.backup(tmp_path / "link" / "theirs.db")
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["mine.db"]


def test_a_copy_leaves_nothing_but_itself(tmp_path: Path, store: Store) -> None:
    before = sorted(path.name for path in store.path.parent.iterdir())
    store.backup(tmp_path / "copy.db")
    with pytest.raises(StateError, match="cannot be written"):
        store.backup(tmp_path / "no such folder" / "copy.db")
    assert sorted(path.name for path in store.path.parent.iterdir()) == before
