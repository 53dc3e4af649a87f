"""A value of the state that cannot be: every command ends with a sentence and its code, and names the row."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.cli import _run
from daemon.scheduler import Beat, StopRequest
from state.attempts import Attempt
from state.errors import StateUnusableError
from state.scans import Scan
from state.sides import Side
from state.store import Store
from tests.builders import EARLIER, NOON
from tests.world import World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover

COMMANDS = (
    ("status",), ("status", "--json"), ("invoices",), ("invoices", "--json"), ("explain", "--id", "1"),
    ("explain", "--id", "2", "--json"), ("history",), ("history", "--json"), ("sync", "--failed", "--dry-run"),
    ("check",), ("run", "--once"),
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, "", "x", "[]", "{}", '{"told": 3}', "[1, null]", -1, 0, 1, 1.5, 2**62, 2**63 - 1, b"\xff\xfe", "\N{SNOWMAN}",
    "2026-13-45T99:99:99Z", "2026-11-22T08:04:03", "2026-11-22 08:04:03Z", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "2026-11-22T08:04:03+24:00",
)  # fmt: skip
NOT_TEXT = "CAST(x'ff66' AS TEXT)"
RIGHT_CODES = {0, 1, 2, 3, 75, 78}


@dataclass(frozen=True)
class Sample:
    """A state in which every table has rows, and the file as it was."""

    world: World
    content: bytes
    columns: list[tuple[str, str]]

    def put_back(self) -> None:
        for path in self.world.state_path.parent.iterdir():
            path.unlink()
        self.world.state_path.write_bytes(self.content)

    def loosen(self) -> sqlite3.Connection:
        """The state without what the schema forbids: a flipped bit asks for no permission."""
        connection = sqlite3.connect(self.world.state_path, isolation_level=None)
        connection.execute("PRAGMA writable_schema = ON")
        for words in (") STRICT", "NOT NULL", "CHECK ("):
            new = {") STRICT": ")", "NOT NULL": "", "CHECK (": "CHECK (1 OR "}[words]
            connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table'", [words, new])
        connection.close()
        return sqlite3.connect(self.world.state_path, isolation_level=None)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    world = World(tmp_path_factory.mktemp("damaged")).start()
    for number in range(3):
        world.invoice(comment=f"comment {number}")
    world.run_once()
    with Store(world.state_path, lock=True) as store:
        fill(store)
    with contextlib.closing(sqlite3.connect(world.state_path)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%STRICT'")]
        columns = [
            (table, row[1])
            for table in sorted(tables)
            for row in connection.execute(f"PRAGMA table_info({table})")
            if not row[5] or row[2] == "TEXT"  # a whole number that is the key is the place of the row itself
        ]
    yield Sample(world, world.state_path.read_bytes(), columns)
    world.stop()


def fill(store: Store) -> None:
    """A row in every table that has none yet, and one of each status."""
    first, second, third = store.ledger.known([1, 2, 3]).values()
    from dataclasses import replace

    store.ledger.write([replace(second, sync_status="failed", reason="r", cause="c", attempts=3, next_attempt_at=NOON)])
    store.ledger.write([replace(third, sync_status="pending", asked=True, again_at=NOON, next_attempt_at=EARLIER)])
    (note,) = store.notes.of([2])
    store.notes.write([replace(note, sync_status="failed", reason="r", attempts=1, next_attempt_at=EARLIER)])
    store.attempts.add([Attempt(entity_id, NOON, 1, "failed", "a") for entity_id in (1, 2)])
    store.scans.move(Scan(7, "poll", EARLIER, NOON, 1, NOON))
    store.scans.move(Scan(8, "sweep", EARLIER, NOON, 1, NOON, "day"))
    for name in ("magento", "salesforce"):
        store.sides.note(Side(name, "failing", "r", EARLIER, 2, NOON, 10, 100))
    store.facts.learn("doubted_until", "2026-11-22T08:04:03Z")
    number = store.requests.leave("sync", NOON, named=[first.entity_id])
    store.requests.finish(number, NOON)
    store.requests.leave("sync", NOON, named=[1], others=[2])


def ran(world: World, *arguments: str) -> tuple[int, str, str]:
    """The command in this process: an exception that gets out of it would be a traceback."""
    out, err = io.StringIO(), io.StringIO()
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    words = ["invoice-sync", *arguments, "--settings", str(world.settings_path)]
    try:
        with patch.object(sys, "argv", words), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run()
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    return code, out.getvalue(), err.getvalue()


def assert_told(sample: Sample, what: str) -> None:
    for command in COMMANDS:
        code, out, err = ran(sample.world, *command)
        told = f"{what}: {' '.join(command)}: {code} {out} {err}"
        assert code in RIGHT_CODES, told
        assert "Traceback" not in out + err, told
        assert "unexpected" not in out + err, told
        if "is damaged" in err:
            assert code == 78, told
            assert str(sample.world.state_path) in err, told
        if code in (1, 2, 78):
            assert len((out + err).splitlines()) >= 2, told


def damage(sample: Sample, table: str, column: str, value: Any) -> None:
    sample.put_back()
    connection = sample.loosen()
    try:
        if value == NOT_TEXT:
            connection.execute(f'UPDATE {table} SET "{column}" = {NOT_TEXT}')
        else:
            keys = "rowid = (SELECT min(rowid) FROM {})" if column in ("name", "side", "kind") else "1"
            connection.execute(f'UPDATE OR IGNORE {table} SET "{column}" = ? WHERE {keys.format(table)}', [value])
    except sqlite3.Error:  # an index forbids it
        pass
    finally:
        connection.close()


def test_any_value_replaced(sample: Sample) -> None:
    """A few of all; EVERY_VALUE=1/4 tries the first quarter of all."""
    random = Random(os.environ.get("SIMULATION_SEED"))
    each = [(table, column, value) for table, column in sample.columns for value in (*VALUES, NOT_TEXT)]
    part, _, of = os.environ.get("EVERY_VALUE", "").partition("/")
    chosen = each[int(part) - 1 :: int(of)] if of else random.sample(each, 12)
    for table, column, value in chosen:
        damage(sample, table, column, value)
        assert_told(sample, f"{table}.{column} = {value!r}")


def test_a_checkpoint_without_its_time_is_damage_and_is_not_polled_from_for_ever(sample: Sample) -> None:
    damage(sample, "checkpoints", "at", None)
    sample.world.magento_calls.clear()
    code, _, err = ran(sample.world, "run", "--once")
    assert code == 78, err
    assert "is damaged (checkpoints row magento: at" in err
    assert len(sample.world.magento_calls) < 5


@pytest.mark.parametrize("status", ["pending", "failed", "synced"])
def test_an_owed_row_that_is_not_what_magento_shows_is_set_aside_and_does_not_go_round_for_ever(
    sample: Sample, status: str
) -> None:
    sample.put_back()
    with contextlib.closing(sqlite3.connect(sample.world.state_path, isolation_level=None)) as connection:
        connection.execute("UPDATE ledger SET increment_id = 'x', sync_status = ?, again_at = NULL", [status])
    sample.world.magento_calls.clear()
    code, _, err = ran(sample.world, "run", "--once")
    assert code == 3, err
    assert len(sample.world.magento_calls) < 20


@pytest.mark.fault("state: one bit of a stored instant flipped")
@pytest.mark.parametrize(
    ("table", "column", "row"),
    [
        ("ledger", "created_at", "ledger row 1: created_at is no instant"),
        ("ledger", "next_attempt_at", "ledger row 1: next_attempt_at is no instant"),
        ("scans", "since", "scans row 7: since is no instant"),
        ("checkpoints", "at", "checkpoints row magento: at is no instant"),
        ("sides", "next_try_at", "sides row magento: next_try_at is no instant"),
        ("notes", "synced_at", "notes row 1: synced_at is no instant"),
        ("requests", "asked_at", "requests row 2: asked_at is no instant"),
    ],
)
def test_the_row_is_named(sample: Sample, table: str, column: str, row: str) -> None:
    damage(sample, table, column, "2026-11-22T08:0t:03Z")
    code, _, err = ran(sample.world, "run", "--once")
    assert code == 78, err
    assert row in err, err
    assert "`invoice-sync state restore FILE` puts a backup back" in err


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_bit_flipped(sample: Sample, place: float, bit: int) -> None:
    sample.put_back()
    content = bytearray(sample.content)
    at = int(place * len(content))
    content[at] ^= 1 << bit
    sample.world.state_path.write_bytes(content)
    assert_told(sample, f"bit {bit} of byte {at}")


@pytest.mark.fault("state: a page found malformed in the middle of a run")
def test_a_page_found_malformed_in_the_middle_of_a_run(sample: Sample) -> None:
    sample.put_back()
    world = sample.world
    with contextlib.suppress(StateUnusableError), world.work() as work:
        work.poll()
        work.tools.store.connection.database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        work.tools.store.connection.database.conn.execute("PRAGMA cache_size = 0")
        spoil(world.state_path)
        stop = StopRequest()
        beat = Beat(work, stop)
        with patch("os.kill") as ended:
            beat.poll()
        assert isinstance(beat.ended_by, StateUnusableError), "the daemon ends with 78"
        assert "it is damaged" in str(beat.ended_by)
        assert stop.asked
        ended.assert_called_once()


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content) - 64, 512):
        content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)
