"""Root's command beside a service leaves the service's files to the service, and follows no link of its user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from state.errors import StateUnusableError
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
