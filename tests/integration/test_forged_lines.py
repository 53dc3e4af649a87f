"""Texts of either side that would forge a line, hide in one or act on a terminal: people see what is there."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from daemon.cli import cli
from daemon.errors import UsageError
from daemon.sandbox.salesforce.org import Org
from daemon.scheduler import run_once
from daemon.scheduler.status_line import describe
from tests.world import World

MARK = "FORGED"
# A line break, a line separator, a mark that turns the writing, a character that nobody sees, a tag, a blank letter.
EVIL = f"7\n{MARK} synced\u2028{MARK}\u202e0001\u200b\u2066\ufeff\U000e0041\u3164\x1b[2K"
HIDDEN = "\u2028\u2029\u202e\u2066\u200b\u200e\ufeff\u2060\u3164\U000e0041\x1b\x07\x85\r"
SHOWN = ("\\u000a", "\\u202e", "\\u200b", "\\u2028", "\\udb40\\udc41")


def assert_forges_nothing(text: str, *, colours: bool = False) -> None:
    for character in HIDDEN:
        if colours and character in "\x1b\r":
            continue
        assert character not in text, f"{character!a} in {text!a}"
    for line in text.split("\n"):
        assert not line.strip().startswith(MARK), f"{line!a} was forged"


@pytest.fixture
def evil(world: World) -> World:
    """An invoice whose number, order, currency and store forge lines, one that Salesforce refuses so, and a note."""
    first, second = world.invoice(comment="here"), world.invoice(comment="there")
    order_id = world.wire_invoices()[0]["order_id"]
    world.shop.edit_invoice(first, increment_id=EVIL, order_currency_code=f"E\n{MARK}\u202e", store_name=EVIL)
    with world.shop.lock:
        world.shop.orders.row(order_id)["increment_id"] = EVIL
    number = world.wire_invoices()[1]["increment_id"]
    message = f"no\n{MARK}: all is well\u202e\u200b\x1b[31m\u2028{MARK}"
    world.org.fail("Magento_Invoice__c", lambda row: row["Name"] == number, "APEX_ERROR", message)
    with world.work() as work:
        run_once(work)
        words = describe(work.tools.store, work.settings.invoices)
    assert words
    assert {row.entity_id for row in world.rows().values()} == {first, second}
    return world


def shown(world: World, *arguments: str) -> Result:
    result = CliRunner().invoke(cli, [*arguments, "--settings", str(world.settings_path)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


READING = [
    ["status"],
    ["invoices"],
    ["invoices", "--status", "failed"],
    ["explain", "--id", "1"],
    ["explain", "--id", "2"],
    ["history"],
    ["sync", "--all", "--dry-run"],
    ["sync", "--id", "1"],
    ["sync", "--id", "2"],
    ["check"],
]


@pytest.mark.fault("Magento: a number that forges a line")
@pytest.mark.fault("Salesforce: a message that forges a line")
@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_no_command_shows_a_line_that_a_side_has_forged(evil: World, arguments: list[str]) -> None:
    result = shown(evil, *arguments)
    assert_forges_nothing(result.output)
    if "1" in arguments and "--id" in arguments:
        assert all(spelled in result.output for spelled in SHOWN), "it is shown, and not swallowed"


@pytest.mark.fault("Magento: a number that forges a line")
def test_what_is_set_aside_forges_no_line(evil: World) -> None:
    """Whether it failed and is set aside, or did not and is refused."""
    result = CliRunner().invoke(cli, ["sync", "--id", "1", "--dismiss", "--settings", str(evil.settings_path)])
    assert isinstance(result.exception, UsageError)
    assert_forges_nothing(str(result.exception))
    assert "\\u000a" in str(result.exception)
    evil.org.fail("Magento_Invoice__c", lambda _row: True, "APEX_ERROR", f"no\n{MARK}: all is well\u202e")
    evil.shop.edit_invoice(1, grand_total="8.0000")
    evil.run_once()
    for arguments in (["--dry-run"], []):
        said = shown(evil, "sync", "--id", "1", "--dismiss", *arguments).output
        assert_forges_nothing(said)
        assert all(spelled in said for spelled in SHOWN)


@pytest.mark.fault("Magento: a number that forges a line")
def test_json_stays_exact(evil: World) -> None:
    found: list[dict[str, Any]] = json.loads(shown(evil, "invoices", "--json").stdout)
    kept = next(line for line in found if line["entity_id"] == 1)
    assert kept["increment_id"] == EVIL.replace("\x1b", "")  # what no state keeps was removed at the border
    assert kept["increment_id"] in {row.increment_id for row in evil.rows().values()}


@pytest.mark.fault("Magento: a number that forges a line")
@pytest.mark.parametrize("arguments", [["invoices"], ["status"], ["check"]], ids=" ".join)
def test_a_terminal_shows_them_too(evil: World, arguments: list[str]) -> None:
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "daemon", *arguments, "--settings", str(evil.settings_path)]
    environ = {**os.environ, "NO_COLOR": "1", "COLUMNS": "400", "TERM": "xterm"}
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, env=environ) as running:
        os.close(theirs)
        read = b""
        with suppress(OSError):  # the terminal's end
            while data := os.read(ours, 65_536):
                read += data
        running.wait(60)
    os.close(ours)
    text = read.decode().replace("\r\n", "\n")
    assert_forges_nothing(text, colours=True)
    assert "\x1b[2K" not in text


@pytest.mark.fault("Salesforce: a message that forges a line")
def test_stderr_shows_what_a_refused_sign_in_says_on_one_line(world: World) -> None:
    world.invoice()
    said = f"no\n<3>{MARK}: all is well\u202e\u200b\x1b[31m\u2028{MARK} again"
    world.salesforce.sign_in_refused = ("invalid_grant", said)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert_forges_nothing(done.stdout + done.stderr)
    assert "<3>" in done.stderr
    assert not any(line.startswith("<3>") for line in done.stderr.split("\n"))


@pytest.mark.fault("Salesforce: a message that forges a line")
def test_what_is_shown_of_an_org_forges_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, org=Org(name=f"Acme\n{MARK}: ok\u202e")).start()
    result = shown(world, "salesforce", "setup", "--dry-run")
    world.stop()
    assert_forges_nothing(result.output)
    assert "Acme\\u000a" in result.output


@pytest.mark.fault("Magento: a number that forges a line")
def test_the_services_status_line_shows_them(evil: World) -> None:
    evil.org.fail("Magento_Invoice__c", lambda _row: True, "STORAGE_LIMIT_EXCEEDED", f"full\n{MARK}\u202e")
    evil.invoice()
    with evil.work() as work:
        run_once(work)
        words = describe(work.tools.store, work.settings.invoices)
    assert any("STORAGE_LIMIT_EXCEEDED" in word for word in words)
    for word in words:
        assert_forges_nothing(word)
