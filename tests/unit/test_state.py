"""The state: one file, one writer, transactions that hold, and a copy that is whole."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils.db import Database

from state.attempts import Attempt
from state.errors import StateError, StateLockedError, StateMissingError, StateReplacedError, StateUnusableError
from state.file.lock import holder, is_locked
from state.forgetting import clear_state, forget_everything
from state.migrations import migrations
from state.passes import Pass
from state.peek import peek
from state.requests import Request
from state.rows import text_of
from state.scans import Scan
from state.sides import Side
from state.store import Store
from state.values import instant_of
from tests.builders import EARLIER, NOON, ledger_row, note_row, sql_steps

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, lock=True) as made:
        yield made


# --- the ledger


def test_the_ledger_tells_which_currencies_may_go_to_salesforce(path: Path, store: Store) -> None:
    currencies = [("USD", "synced"), ("EUR", "pending"), ("EUR", "failed"), ("SEK", "skipped"), (None, "pending")]
    store.ledger.write(
        [ledger_row(entity_id=n, currency=code, sync_status=status) for n, (code, status) in enumerate(currencies, 1)]
    )
    assert store.ledger.currencies() == {"USD", "EUR"}
    assert peek(path).currencies == {"USD", "EUR"}


# --- the file


def test_the_state_is_made_for_its_owner_alone(path: Path, store: Store) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


def test_there_is_no_state_to_read_until_somebody_made_one(path: Path) -> None:
    with pytest.raises(StateMissingError, match="there is no state at") as caught:
        Store(path, lock=False)
    assert "invoice-sync run" in caught.value.hint
    assert not path.exists()


@pytest.mark.parametrize("lock", [True, False])
def test_an_empty_file_is_a_damaged_state_and_no_new_one(path: Path, lock: bool) -> None:
    path.parent.mkdir()
    path.touch()
    with pytest.raises(StateUnusableError, match="it is empty"):
        Store(path, lock=lock)
    assert path.stat().st_size == 0


def test_another_programs_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.commit()
    other.close()
    content = path.read_bytes()
    with pytest.raises(StateUnusableError, match="another program's database"):
        Store(path, lock=True)
    assert path.read_bytes() == content


def test_a_state_that_was_removed_or_replaced_is_worked_on_no_more(path: Path, store: Store) -> None:
    store.require_in_place()
    path.rename(path.with_name("moved.db"))
    with pytest.raises(StateReplacedError, match="removed or replaced"):
        store.require_in_place()
    path.write_bytes(b"another")
    with pytest.raises(StateReplacedError):
        store.require_in_place()


@pytest.mark.parametrize(
    "content", [b"not a database at all, just some text " * 30, b"SQLite format 3\0" + b"\xff" * 4096]
)
def test_a_file_that_is_no_state_is_left_as_it_is(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StateUnusableError, match="cannot be used") as caught:
        Store(path, lock=True)
    assert "`invoice-sync state restore FILE` puts a backup back" in caught.value.hint
    assert path.read_bytes() == content
    assert not is_locked(path)


def test_a_damaged_state_is_found_when_it_is_opened(path: Path) -> None:
    with Store(path, lock=True) as store:
        store.ledger.write(ledger_row(number, reason="x" * 200) for number in range(1, 400))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = os.urandom(8192)
    path.write_bytes(content)
    with pytest.raises(StateUnusableError, match="cannot be used"):
        Store(path, lock=True)
    assert path.read_bytes() == bytes(content)


def test_a_state_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    with Store(path, lock=True) as store:
        store.connection.database.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('invoice-sync', 'm999', 'now')"
        )
        store.connection.database.conn.commit()
    with pytest.raises(StateUnusableError, match="a newer version of invoice-sync") as caught:
        Store(path, lock=True)
    assert "Install that version" in caught.value.hint
    assert not is_locked(path)


def test_a_state_is_migrated_once_and_opened_again_as_it_was(path: Path) -> None:
    with Store(path, lock=True) as store:
        store.facts.learn("magento_name", "main")
        before = store.connection.database.schema
    with Store(path, lock=True) as store:
        assert store.connection.database.schema == before
        assert store.facts.get("magento_name") == "main"


def test_a_state_of_the_first_version_is_migrated_with_its_rows_and_a_copy_is_kept(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    old = Database(connection)
    migrations.apply(old, stop_before="m002_causes_and_links")
    connection.execute(
        "INSERT INTO ledger (entity_id, increment_id, digest, sync_status, seen_at, seen_by) "
        "VALUES (7, '000000007', 'd', 'failed', '2026-11-22T08:00:00Z', 'poll')"
    )
    connection.execute(
        "INSERT INTO notes (comment_id, entity_id, digest, sync_status, seen_at) "
        "VALUES (5, 7, 'd', 'synced', '2026-11-22T08:00:00Z')"
    )
    connection.commit()
    connection.close()
    with Store(path, lock=True) as store:
        row = store.ledger.known([7])[7]
        assert (row.increment_id, row.sync_status, row.cause) == ("000000007", "failed", None)
        note = store.notes.known([5])[5]
        assert (note.sync_status, note.link_id, note.again_at) == ("synced", None, None)
    assert path.with_name("state.db.before-m002_causes_and_links.bak").exists()


def test_a_state_of_an_older_version_is_migrated_with_its_open_scans_and_a_copy_is_kept(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    older = Database(path)
    migrations.apply(older, stop_before="m003_a_scan_of_each_band")
    older.execute("INSERT INTO scans (id, kind, since, after_id) VALUES (4, 'poll', '2026-11-22T08:00:00Z', 7)")
    older.execute("INSERT INTO scans (id, kind, band, after_id) VALUES (9, 'sweep', 'watch', 300)")
    older.conn.commit()
    older.close()
    with Store(path, lock=True) as store:
        assert store.scans.open("poll") == Scan(4, "poll", EARLIER, after_id=7)
        assert store.scans.open("sweep", "watch") == Scan(9, "sweep", None, after_id=300, band="watch")
        assert store.scans.begin("sweep", NOON, "day").id == 10
    assert path.with_name(f"{path.name}.before-m003_a_scan_of_each_band.bak").exists()


# --- one writer


def test_one_process_works_on_a_state_at_a_time(path: Path) -> None:
    assert not is_locked(path)
    with Store(path, lock=True):
        assert is_locked(path)
        with pytest.raises(StateLockedError) as caught:
            Store(path, lock=True)
        assert caught.value.pid == os.getpid()
        assert f"in use by process {os.getpid()}" in str(caught.value)
        assert "stop it" in caught.value.hint
    assert not is_locked(path)
    Store(path, lock=True).close()


def test_a_holder_that_does_not_say_who_it_is_still_holds(path: Path) -> None:
    with Store(path, lock=True):
        path.with_name("state.db.lock").write_text("")
        assert is_locked(path)
        with pytest.raises(StateLockedError, match="in use by another process"):
            Store(path, lock=True)


def test_a_lock_file_holds_nothing_whatever_is_written_in_it(path: Path) -> None:
    Store(path, lock=True).close()
    path.with_name("state.db.lock").write_text(f"{os.getpid()}\n")  # alive, as any process with that id may be
    assert not is_locked(path)
    Store(path, lock=True).close()


def test_an_older_copy_of_a_state_is_told_from_it(path: Path, tmp_path: Path) -> None:
    with Store(path, lock=True) as store:
        assert store.generation.fits(), "a first one"
        store.generation.renew()
        store.backup(tmp_path / "copy.db")
    with Store(path, lock=True) as store:
        assert store.generation.fits()
        forget_everything(store, NOON)
        assert store.generation.fits(), "cleared, it is still this one"
        store.generation.renew()
    path.write_bytes((tmp_path / "copy.db").read_bytes())
    with Store(path, lock=True) as store:
        assert not store.generation.fits()
        store.generation.renew()
        assert store.generation.fits()
    path.with_name("state.db.lock").unlink()  # it was carried to another machine
    with Store(path, lock=True) as store:
        assert not store.generation.fits()


def test_who_holds_a_state_is_said_beside_its_mark(path: Path) -> None:
    with Store(path, lock=True) as store:
        store.generation.renew()
        assert holder(path) == os.getpid()
    assert holder(path) is None
    with Store(path, lock=True) as store, pytest.raises(StateLockedError, match=f"process {os.getpid()}"):
        Store(path, lock=True)


def test_asking_who_holds_a_state_lets_go_of_nothing(path: Path) -> None:
    with Store(path, lock=True):
        for _ in range(3):
            assert is_locked(path)
        with pytest.raises(StateLockedError):
            Store(path, lock=True)


def test_others_read_and_leave_requests_while_one_works(path: Path, store: Store) -> None:
    store.ledger.write([ledger_row(7)])
    with Store(path, lock=False, asks=True) as other:
        assert set(other.ledger.known([7])) == {7}
        number = other.requests.leave("sync", NOON, named=[7])
    waiting = store.requests.waiting()
    assert waiting is not None
    assert waiting.id == number


# --- transactions


def test_all_of_a_block_is_remembered_or_none_of_it(store: Store) -> None:
    def crash() -> None:
        with store.writing():
            store.ledger.write([ledger_row(7)])
            store.checkpoints.advance(NOON)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    assert store.ledger.known([7]) == {}
    assert store.checkpoints.current() is None
    with store.writing():
        store.ledger.write([ledger_row(7)])
        store.checkpoints.advance(NOON)
    assert set(store.ledger.known([7])) == {7}
    assert store.checkpoints.current() == NOON


def test_blocks_nest_and_the_outermost_decides(store: Store) -> None:
    def crash() -> None:
        with store.writing():
            with store.writing():
                store.facts.learn("a", "1")
            with store.writing():
                store.facts.learn("b", "2")
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError, match="crash"):
        crash()
    assert (store.facts.get("a"), store.facts.get("b")) == (None, None)


def test_an_interrupt_rolls_back_too(store: Store) -> None:
    def interrupted() -> None:
        with store.writing():
            store.facts.learn("a", "1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert store.facts.get("a") is None
    store.facts.learn("a", "2")
    assert store.facts.get("a") == "2"


def test_a_writer_takes_its_lock_before_it_reads(path: Path, store: Store) -> None:
    """A deferred BEGIN would read first, and then fail at once where another process has written in between."""
    other = sqlite3.connect(path, timeout=0)
    with store.writing(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.execute("ROLLBACK")
    other.close()


def test_what_is_not_committed_is_seen_by_nobody_else(path: Path, store: Store) -> None:
    with Store(path, lock=False) as other:
        with store.writing():
            store.facts.learn("a", "1")
            assert other.facts.get("a") is None
        assert other.facts.get("a") == "1"


def test_the_store_may_be_handed_to_another_thread(store: Store) -> None:
    thread = threading.Thread(target=lambda: store.facts.learn("a", "1"))
    thread.start()
    thread.join()
    assert store.facts.get("a") == "1"


# --- copies and forgetting


def filled(store: Store) -> None:
    store.facts.learn("magento_name", "main")
    store.checkpoints.advance(NOON)
    store.scans.move(Scan(1, "poll", EARLIER))
    store.ledger.write([ledger_row(7, salesforce_id="a01", fingerprint="f", sync_status="synced"), ledger_row(8)])
    store.notes.write([note_row(5), note_row(6, entity_id=8)])
    store.attempts.add([Attempt(7, NOON, 1, "synced")])
    store.sides.note(Side("magento", "failing"))
    store.passes.finish(replace(store.passes.begin("poll", EARLIER), finished_at=NOON, outcome="ok"))


def test_a_backup_is_whole_and_for_its_owner_alone(tmp_path: Path, store: Store) -> None:
    filled(store)
    target = tmp_path / "copy.db"
    with store.writing():
        store.facts.learn("later", "not committed when the copy was begun")
        with Store(store.path, lock=False) as other:
            other.backup(target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with Store(target, lock=True) as copy:
        assert copy.ledger.known([7, 8]) == store.ledger.known([7, 8])
        assert copy.notes.of([7, 8]) == store.notes.of([7, 8])
        assert copy.checkpoints.current() == NOON
        assert copy.facts.get("later") is None


def test_a_backup_overwrites_nothing(tmp_path: Path, store: Store) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("precious")
    with pytest.raises(StateError, match="exists already"):
        store.backup(target)
    assert target.read_text() == "precious"


def test_a_backup_that_cannot_be_finished_leaves_no_file_that_could_be_taken_for_one(
    tmp_path: Path, store: Store
) -> None:
    filled(store)
    target = tmp_path / "copies" / "state.bak"
    target.parent.mkdir()
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store.backup(target)
    assert list(target.parent.iterdir()) == []


def test_a_backup_that_was_cut_off_is_in_nobodys_way(tmp_path: Path, store: Store) -> None:
    filled(store)
    (tmp_path / ".state.bak.new").write_bytes(b"half of a state")
    store.backup(tmp_path / "state.bak")
    with Store(tmp_path / "state.bak", lock=False) as copy:
        assert copy.ledger.counts() == {"synced": 1, "pending": 1}
    assert not (tmp_path / ".state.bak.new").exists()


def test_clearing_forgets_all_but_the_history_and_keeps_a_copy(store: Store) -> None:
    filled(store)
    copy = clear_state(store, NOON, "clear", [])
    assert copy.name == "state.db.20261122T120000Z.bak"
    assert store.ledger.counts() == store.notes.counts() == {}
    assert store.checkpoints.current() is None
    assert store.scans.open("poll") is None
    assert store.facts.get("magento_name") is None
    assert store.sides.get("magento") == Side("magento")
    assert store.attempts.of(7) == []
    assert store.passes.last() is not None
    with Store(copy, lock=False) as kept:
        assert kept.ledger.counts() == {"synced": 1, "pending": 1}


def test_copies_of_one_second_do_not_overwrite_each_other(store: Store) -> None:
    names = [clear_state(store, NOON, "clear", []).name for _ in range(3)]
    assert len(set(names)) == 3


def test_clearing_the_checkpoint_forgets_the_reading_alone(store: Store) -> None:
    filled(store)
    clear_state(store, NOON, "clear-checkpoint", [])
    assert store.checkpoints.current() is None
    assert store.scans.open("poll") is None
    assert store.ledger.counts() == {"synced": 1, "pending": 1}
    assert store.facts.get("magento_name") == "main"


def test_clearing_an_invoice_sends_it_again_as_by_hand_and_no_other(store: Store) -> None:
    filled(store)
    clear_state(store, NOON, "clear", [7])
    rows = store.ledger.known([7, 8])
    assert rows[7] == ledger_row(
        7, salesforce_id="a01", fingerprint=None, digest="", sync_status="pending", asked=True, named=True
    )
    assert rows[8] == ledger_row(8)
    assert [row.comment_id for row in store.notes.of([7, 8])] == [6]
    assert store.checkpoints.current() == NOON


# --- the tables


def test_the_checkpoint_never_moves_back(store: Store) -> None:
    store.checkpoints.advance(NOON)
    store.checkpoints.advance(EARLIER)
    assert store.checkpoints.current() == NOON
    store.checkpoints.advance(LATER)
    assert store.checkpoints.current() == LATER
    store.checkpoints.clear()
    assert store.checkpoints.current() is None


@pytest.mark.parametrize(
    "instant",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 12, 31, 23, 59, 59, tzinfo=UTC),
        NOON,
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_every_instant_is_remembered_as_it_was(store: Store, instant: datetime) -> None:
    assert instant_of(text_of(instant)) == instant
    store.ledger.write([ledger_row(7, created_at=instant)])
    assert store.ledger.known([7])[7].created_at == instant


def test_instants_sort_as_they_pass() -> None:
    instants = [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 999, 1970, 2026, 9999)]
    texts = [text_of(instant) or "" for instant in instants]
    assert texts == sorted(texts)


@pytest.mark.parametrize("amount", ["49.98", "0.0001", "12345678901234567890.1234", "-0.5", "1E+120", None])
def test_money_is_text_to_the_last_digit(store: Store, amount: str | None) -> None:
    store.ledger.write([ledger_row(7, grand_total=amount)])
    assert store.ledger.known([7])[7].grand_total == amount


def test_a_row_is_remembered_whole(store: Store) -> None:
    row = ledger_row(
        7, order_number="70", reason="r", asked=True, named=True, unconfirmed=True, salesforce_id="a01",
        fingerprint="f", attempts=3, next_attempt_at=LATER, again_at=LATER, synced_at=NOON,
    )  # fmt: skip
    note = note_row(
        5, reason="r", held_for="notes", asked=True, record_id="a02", note_id="069", fingerprint="f", attempts=2,
        next_attempt_at=LATER, synced_at=NOON,
    )  # fmt: skip
    store.ledger.write([row])
    store.notes.write([note])
    assert store.ledger.known([7]) == {7: row}
    assert store.notes.of([7]) == [note]
    assert store.notes.known([5, 6]) == {5: note}


def test_an_unknown_status_is_refused_by_the_file_itself(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        store.ledger.write([ledger_row(7, sync_status="lost")])
    with pytest.raises(sqlite3.IntegrityError):
        store.notes.write([note_row(5, held_for="whim")])


def due(store: Store, *, automatic: bool = True, limit: int = 10) -> list[int]:
    return [row.entity_id for row in store.ledger.due(NOON, automatic=automatic, limit=limit)]


def test_what_is_due_and_in_which_order(store: Store) -> None:
    store.ledger.write(
        [
            ledger_row(1, seen_by="backfill"),
            ledger_row(2, attempts=1, next_attempt_at=NOON),
            ledger_row(3),
            ledger_row(4, asked=True),
            ledger_row(5, next_attempt_at=LATER),
            ledger_row(6, sync_status="failed", next_attempt_at=EARLIER),
            ledger_row(7, sync_status="failed", next_attempt_at=LATER),
            ledger_row(8, sync_status="synced"),
            ledger_row(9, sync_status="synced", again_at=NOON),
            ledger_row(10, sync_status="held", again_at=NOON),
            ledger_row(11, sync_status="skipped"),
            ledger_row(12, sync_status="synced", again_at=LATER),
        ]
    )
    assert due(store) == [4, 3, 6, 9, 1, 2]
    assert due(store, limit=2) == [4, 3]
    assert due(store, automatic=False) == [4]
    assert store.ledger.count_due(NOON, automatic=True, but=[4, 99]) == 5


def test_what_is_due_is_found_without_reading_what_is_synced(store: Store) -> None:
    few, many = range(1, 21), range(21, 1021)
    steps = []
    for ids in (few, many):
        store.ledger.write([ledger_row(each, sync_status="synced", salesforce_id="a00") for each in ids])
        store.notes.write([note_row(each, entity_id=each, sync_status="synced") for each in ids])
        with sql_steps(store) as counted:
            assert due(store) == due(store, automatic=False) == []
            assert store.ledger.newest_untried(NOON, automatic=True) == []
            assert store.ledger.count_due(NOON, automatic=True, but=[]) == 0
            assert store.notes.due_invoices(NOON, automatic=True, limit=10) == []
            assert store.notes.due([7], NOON, automatic=True) == []
        steps.append(counted.total())
    assert steps[1] < steps[0] + 20, "it does not grow with the ledger"


def test_failed_rows_can_be_made_due_now(store: Store) -> None:
    store.ledger.write(
        [ledger_row(7, sync_status="failed", next_attempt_at=LATER), ledger_row(8, next_attempt_at=LATER)]
    )
    store.ledger.owe_failed()
    assert due(store) == [7]


def test_after_a_crash_every_owed_row_is_sent_once_more_later(store: Store) -> None:
    store.ledger.write([ledger_row(7), ledger_row(8, sync_status="synced")])
    store.ledger.mark_owed_unanswered(LATER)
    rows = store.ledger.known([7, 8])
    assert (rows[7].again_at, rows[8].again_at) == (LATER, None)


def test_after_a_crash_what_was_being_sent_once_more_is_sent_again_too(store: Store) -> None:
    resent = {"sync_status": "synced", "again_at": EARLIER}
    retried = {"sync_status": "failed", "next_attempt_at": EARLIER}
    store.ledger.write([ledger_row(7, **resent), ledger_row(8, **retried)])
    store.notes.write([note_row(1, record_id="a", **resent), note_row(2, record_id="b", **retried)])
    store.ledger.mark_owed_unanswered(LATER)
    store.notes.mark_edits_unanswered(LATER)
    assert [row.again_at for row in store.ledger.known([7, 8]).values()] == [LATER, LATER]
    assert [row.again_at for row in store.notes.known([1, 2]).values()] == [LATER, LATER]


def test_after_a_crash_nobody_knows_what_salesforce_holds_of_what_was_owed(store: Store) -> None:
    store.ledger.write([ledger_row(7, fingerprint="f"), ledger_row(8, fingerprint="f", sync_status="synced")])
    store.notes.write(
        [note_row(1, record_id="a", fingerprint="f"), note_row(2, record_id="a", fingerprint="f", sync_status="synced")]
    )
    store.ledger.mark_owed_unanswered(LATER)
    store.notes.mark_edits_unanswered(LATER)
    assert {key: row.fingerprint for key, row in store.ledger.known([7, 8]).items()} == {7: None, 8: "f"}
    assert {key: row.fingerprint for key, row in store.notes.known([1, 2]).items()} == {1: None, 2: "f"}


def test_the_grid_is_newest_first_and_can_be_narrowed(store: Store) -> None:
    store.ledger.write(
        [
            ledger_row(1, created_at=EARLIER, order_number="A"),
            ledger_row(2, created_at=NOON, sync_status="held"),
            ledger_row(3, created_at=NOON, order_number="A"),
            ledger_row(4, created_at=None, sync_status="failed"),
        ]
    )
    assert [row.entity_id for row in store.ledger.newest()] == [3, 2, 1, 4]
    assert [row.entity_id for row in store.ledger.newest(limit=1)] == [3]
    assert [row.entity_id for row in store.ledger.newest(status="held")] == [2]
    assert [row.entity_id for row in store.ledger.newest(order_number="A")] == [3, 1]
    assert store.ledger.counts() == {"pending": 2, "held": 1, "failed": 1}


def test_a_number_may_belong_to_several_stores(store: Store) -> None:
    store.ledger.write([ledger_row(2, increment_id="X", store_id=2), ledger_row(1, increment_id="X"), ledger_row(3)])
    assert [row.entity_id for row in store.ledger.by_number("X")] == [1, 2]
    assert store.ledger.by_number("x' OR 1=1 --") == []


def test_the_oldest_owed_invoice(store: Store) -> None:
    assert store.ledger.oldest_owed(automatic=True) is None
    store.ledger.write([ledger_row(1, created_at=NOON, asked=True), ledger_row(2, created_at=EARLIER)])
    assert store.ledger.oldest_owed(automatic=True) == EARLIER
    assert store.ledger.oldest_owed(automatic=False) == NOON


def test_what_is_unconfirmed_waits_to_be_looked_up(store: Store) -> None:
    store.ledger.write([ledger_row(n, sync_status="held", unconfirmed=n != 2) for n in (3, 1, 2)])
    assert [row.entity_id for row in store.ledger.unconfirmed(NOON, 10)] == [1, 3]
    assert [row.entity_id for row in store.ledger.unconfirmed(NOON, 1)] == [1]


def test_what_is_owed_is_sent_and_not_looked_up(store: Store) -> None:
    store.ledger.write([ledger_row(1, sync_status="pending", unconfirmed=True)])
    assert store.ledger.unconfirmed(NOON, 10) == []


def test_nothing_is_looked_up_while_a_call_about_it_may_still_commit(store: Store) -> None:
    store.ledger.write([ledger_row(1, sync_status="skipped", unconfirmed=True, again_at=NOON)])
    assert store.ledger.unconfirmed(EARLIER, 10) == []
    assert [row.entity_id for row in store.ledger.unconfirmed(NOON, 10)] == [1]


def test_a_comment_is_due_only_while_its_invoice_is_in_salesforce_and_not_held(store: Store) -> None:
    there = {"salesforce_id": "a01", "sync_status": "synced"}
    store.ledger.write(
        [
            ledger_row(1, **there),
            ledger_row(2),
            ledger_row(3, **{**there, "sync_status": "held"}),
            ledger_row(4, **there),
        ]
    )
    store.notes.write(
        [
            note_row(11, entity_id=1, attempts=1),
            note_row(12, entity_id=1, sync_status="failed", next_attempt_at=LATER),
            note_row(13, entity_id=1, sync_status="synced"),
            note_row(21, entity_id=2),
            note_row(31, entity_id=3),
            note_row(41, entity_id=4, asked=True),
        ]
    )
    assert store.notes.due_invoices(NOON, automatic=True, limit=10) == [4, 1]
    assert store.notes.due_invoices(NOON, automatic=False, limit=10) == [4]
    assert [row.comment_id for row in store.notes.due([1, 2, 3, 4], NOON, automatic=True)] == [11, 41]
    store.notes.owe_failed()
    assert [row.comment_id for row in store.notes.due([1], NOON, automatic=True)] == [11, 12]


def test_when_a_record_was_replaced_its_notes_are_owed_again(store: Store) -> None:
    store.notes.write(
        [
            note_row(1, sync_status="synced", record_id="a", note_id="b", fingerprint="f"),
            note_row(2, sync_status="failed", attempts=3, next_attempt_at=LATER, reason="r"),
            note_row(3, sync_status="skipped"),
            note_row(4, sync_status="held", held_for="notes"),
            note_row(5, entity_id=8, sync_status="synced"),
        ]
    )
    store.notes.owe_again(7)
    assert store.notes.of([7, 8]) == [
        note_row(1),
        note_row(2),
        note_row(3, sync_status="skipped"),
        note_row(4, sync_status="held", held_for="notes"),
        note_row(5, entity_id=8, sync_status="synced"),
    ]


def test_comments_are_counted_by_invoice(store: Store) -> None:
    store.notes.write(note_row(number, entity_id=number % 700, sync_status="synced") for number in range(1, 1401))
    counts = store.notes.counts_of(range(700))
    assert counts == {number: {"synced": 2} for number in range(700)}
    assert store.notes.counts() == {"synced": 1400}


def test_one_scan_of_a_kind_is_open_until_it_is_finished(store: Store) -> None:
    begun = store.scans.begin("poll", EARLIER)
    assert store.scans.open("poll") is None  # its row comes with its first page
    moved = replace(begun, began_at=NOON, after_id=7, newest=NOON)
    store.scans.move(moved)
    assert store.scans.open("poll") == moved
    backfill = store.scans.begin("backfill", None)
    store.scans.move(backfill)
    assert backfill.id != begun.id
    assert store.scans.open("backfill") == backfill
    store.scans.finish(moved)
    assert store.scans.open("poll") is None
    assert store.scans.open("backfill") == backfill


def test_of_the_sweep_a_scan_of_each_band_is_open(store: Store) -> None:
    rounds = {}
    for band in ("watch", "day"):
        rounds[band] = store.scans.begin("sweep", EARLIER, band)
        store.scans.move(rounds[band])
    assert {band: store.scans.open("sweep", band) for band in rounds} == rounds
    further = replace(rounds["watch"], after_id=7)
    store.scans.move(further)
    store.scans.finish(rounds["day"])
    assert store.scans.open("sweep", "day") is None
    assert store.scans.open("sweep", "watch") == further


def test_a_pass_is_kept_with_its_books(store: Store) -> None:
    begun = store.passes.begin("poll", EARLIER)
    assert store.passes.last() is None  # it has not finished
    done = replace(begun, finished_at=NOON, outcome="ok", seen=3, owed=1, unchanged=2, due=1, synced=1, notes=4)
    store.passes.finish(done)
    assert store.passes.last() == done
    other = replace(store.passes.begin("request", NOON), finished_at=LATER, outcome="failed", error="no")
    store.passes.finish(other)
    assert [each.id for each in store.passes.newest(5)] == [other.id, done.id]
    store.passes.prune(NOON)
    assert store.passes.newest(5) == [other]
    assert isinstance(other, Pass)


def test_requests_wait_in_their_order_until_they_are_finished(store: Store) -> None:
    first = store.requests.leave("sync", NOON, named=[7], others=[8, 9])
    second = store.requests.leave("clear", NOON)
    waiting = store.requests.waiting()
    assert waiting == Request(first, "sync", "[7]", "[8, 9]", NOON)
    assert (waiting.named_ids, waiting.other_ids) == ([7], [8, 9])
    store.requests.take(first, NOON)
    again = store.requests.waiting()
    assert again is not None
    assert (again.id, again.taken_at) == (first, NOON)  # whoever took it may have died
    store.requests.finish(first, LATER, exit_code=3, error="some failed")
    done = store.requests.get(first)
    assert done is not None
    assert (done.finished_at, done.exit_code, done.error) == (LATER, 3, "some failed")
    following = store.requests.waiting()
    assert following is not None
    assert following.id == second
    store.requests.prune(LATER + timedelta(seconds=1))
    assert store.requests.get(first) is None
    assert store.requests.get(second) is not None


def test_attempts_are_remembered_in_their_order_and_pruned(store: Store) -> None:
    attempts = [Attempt(7, EARLIER, 1, "pending", "busy"), Attempt(7, NOON, 2, "synced", None, 5)]
    store.attempts.add([*attempts, Attempt(8, NOON, 2, "failed", "no")])
    assert store.attempts.of(7) == attempts
    assert store.attempts.of(7, limit=1) == attempts[1:]
    store.attempts.prune(NOON)
    assert store.attempts.of(7) == attempts[1:]


def test_sides_and_facts(store: Store) -> None:
    assert store.sides.get("magento") == Side("magento", "ok")
    paused = Side("salesforce", "paused", "no", EARLIER, 3, LATER, 10, 100)
    store.sides.note(paused)
    assert store.sides.get("salesforce") == paused
    store.facts.learn("a", "1")
    store.facts.learn("a", "2")
    assert store.facts.get("a") == "2"
    store.facts.forget("a")
    assert store.facts.get("a") is None


def test_writing_nothing_is_nothing(store: Store) -> None:
    store.ledger.write([])
    assert store.ledger.known([]) == {}
    assert store.notes.of([]) == []
