"""What is typed wrongly, or by a script gone wrong, is said in a sentence with exit code 2; never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from daemon.cli import _run
from state.values import LARGEST
from tests.world import World

HUGE = "9" * 40
WRONG = [
    ["sync", "--id", HUGE],
    ["sync", "--id", str(LARGEST + 1)],
    ["sync", "--id", str(2**63)],
    ["sync", "--id", "0"],
    ["sync", "--id", "-1"],
    ["sync", "--id", "1e3"],
    ["sync", "--id", "9" * 5000],
    ["sync", "--since", "99999-01-01"],
    ["sync", "--since", "0000-00-00"],
    ["sync", "--since", "2026-02-30"],
    ["sync", "--since", "today"],
    ["sync", "\0"],
    ["sync", "\ud800"],
    ["sync", "0000\n00001"],
    ["sync", "--order", "\x1b[31m"],
    ["sync", "--order", "\udcff"],
    ["explain", "--id", HUGE],
    ["explain", "\udcff"],
    ["explain", "\0"],
    ["invoices", "--limit", HUGE],
    ["invoices", "--limit", "0"],
    ["invoices", "--order", "\udcff"],
    ["history", "--limit", HUGE],
    ["state", "clear", "--id", HUGE, "--yes"],
    ["state", "clear", "\udcff", "--yes"],
    ["state", "backup", "copy\0.db"],
    ["status", "--settings", "\0"],
    ["status", "--settings", "\udcff.yaml"],
]
NOBODYS = [
    ["sync", "--id", str(LARGEST)],
    ["sync", "' OR 1=1 --"],
    ["sync", "../../etc/passwd"],
    ["sync", "\u202e1000"],
    ["sync", "%00"],
    ["sync", "9" * 4000],
    ["explain", "--id", str(LARGEST)],
]
NOTHING = [
    ["sync", "--since", "9999-12-31"],
    ["sync", "--since", "0001-01-01", "--dry-run"],
    ["invoices", "--limit", str(2**63 - 1)],
    ["history", "--limit", str(2**63 - 1)],
    ["invoices", "--order", "' OR 1=1 --"],
]


def run(world: World, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> int:
    """The command in this process, which can be given what no shell can."""
    named = arguments if "--settings" in arguments else [*arguments, "--settings", str(world.settings_path)]
    monkeypatch.setattr(sys, "argv", ["invoice-sync", *named])
    return _run()


@pytest.fixture
def shop(world: World) -> World:
    world.invoice()
    world.run_once()
    return world


@pytest.mark.parametrize("arguments", WRONG, ids=lambda words: ascii(" ".join(words))[:60])
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    calls = len(shop.magento_calls)
    assert run(shop, monkeypatch, arguments) == 2
    said = capsys.readouterr()
    assert said.err.strip()
    assert said.out == ""
    assert len(shop.magento_calls) == calls, "nobody is asked about it"


@pytest.mark.parametrize("arguments", NOBODYS, ids=lambda words: ascii(" ".join(words))[:60])
def test_what_is_no_invoice_of_the_shop_is_said(
    shop: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code = run(shop, monkeypatch, arguments)
    said = capsys.readouterr()
    assert code in ({1, 2} if arguments[0] == "explain" else {2}), said
    assert (said.err + said.out).strip()


@pytest.mark.parametrize("arguments", NOTHING, ids=" ".join)
def test_the_ends_of_time_and_of_numbers_are_nothing_special(
    shop: World, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    assert run(shop, monkeypatch, arguments) == 0


@pytest.mark.parametrize("argument", [b"\xff\xfe", b"\xed\xa0\x80", b"1\n2"])
def test_bytes_that_are_no_text_are_refused_by_the_real_command(shop: World, argument: bytes) -> None:
    words: list[str | bytes] = [
        sys.executable,
        "-m",
        "daemon",
        "sync",
        argument,
        "--settings",
        os.fsencode(shop.settings_path),
    ]
    done = subprocess.run(words, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert b"cannot be printed" in done.stderr
    assert b"Traceback" not in done.stderr
