"""An operator's years with the service, in order, on a machine with a real systemd."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.settings.secrets import NAMES
from tests.system.conftest import Sides
from tests.system.machine import CLONE, ROOT, Machine

pytestmark = pytest.mark.timeout(240)
UNIT = "invoice-sync"
ETC, VAR = Path("/etc/invoice-sync"), Path("/var/lib/invoice-sync")
OPERATING = (ROOT / "docs" / "operating.md").read_text()


def wait_until(true: Callable[[], object], what: str, *, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"waited {seconds:g} s in vain: {what}"
        time.sleep(0.1)


def shown(machine: Machine, name: str, unit: str = UNIT) -> str:
    """A property of the unit as systemd sees it."""
    return machine.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()


def journal(machine: Machine, unit: str = UNIT) -> list[dict[str, Any]]:
    """The unit's lines, oldest first."""
    machine.run("journalctl", "--sync")
    lines = machine.run("journalctl", "--unit", unit, "--output=json", "--no-pager").stdout.splitlines()
    return [json.loads(line) for line in lines]


def said(machine: Machine, unit: str = UNIT) -> str:
    return "\n".join(str(line["MESSAGE"]) for line in journal(machine, unit))


def in_force(machine: Machine) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(machine.run("invoice-sync", "status", "--json").stdout)
    return status


def all_in(machine: Machine, sides: Sides) -> None:
    """Wait until all that Magento shows is in Salesforce, each once."""
    wait_until(lambda: sides.ask("once_each"), "all is in Salesforce, once")
    wait_until(lambda: not in_force(machine)["ledger"]["pending"], "and known to be")


def settings(where: dict[str, Any], **magento: object) -> str:
    lines = "".join(f"  {name}: {value}\n" for name, value in magento.items())
    return (
        f"schedule:\n  poll_interval: 1s\nmagento:\n  base_url: {where['magento']}\n  timeout: 1s\n{lines}"
        f"salesforce:\n  login_url: {where['salesforce']}\n  timeout: 10s\n"
    )


@pytest.fixture(scope="module")
def where(sides: Sides) -> dict[str, Any]:
    """Where the two sides listen, and the secrets that they take."""
    found: dict[str, Any] = sides.ask("start")
    return found


def drop_in(machine: Machine, text: str) -> None:
    """What ``systemctl edit`` writes."""
    folder = f"/etc/systemd/system/{UNIT}.service.d"
    machine.run("mkdir", "-p", folder)
    machine.write(f"{folder}/override.conf", f"[Service]\n{text}\n")
    machine.run("systemctl", "daemon-reload")


# Install


def test_make_install_brings_all_and_systemd_has_nothing_to_say_against_it(machine: Machine) -> None:
    told = machine.type(f"cd {CLONE} && sudo make install WHEELS={CLONE}/.venv/wheels", seconds=200)
    assert "systemctl enable --now invoice-sync" in told
    modes = {str(ETC / "settings.yaml"): "644 root", str(ETC / "secrets"): "700 root"}
    for path, mode in modes.items():
        assert machine.run("stat", "--format=%a %U", path).stdout.strip() == mode
    assert machine.run("invoice-sync", "--version").stdout.startswith("invoice-sync 0.")
    assert "SYNOPSIS" in machine.run("man", "--pager=cat", "invoice-sync").stdout
    units = [f"/etc/systemd/system/{name}" for name in (f"{UNIT}.service", f"{UNIT}@outlet.service")]
    verified = machine.run("systemd-analyze", "verify", "--man=yes", *units)
    assert (verified.stdout, verified.stderr) == ("", "")


def test_init_fills_in_what_make_install_left_and_no_command_takes_the_checkouts_file(machine: Machine) -> None:
    refused = machine.type(f"cd {CLONE} && sudo invoice-sync check", code=78)
    for place in (f"{CLONE}/settings.yaml", str(ETC / "settings.yaml")):
        assert f"{place}: its URLs are not filled in" in refused
    urls = "--magento-url https://shop.example.org --salesforce-url https://acme.my.salesforce.com"
    told = machine.type(f"cd {CLONE} && sudo invoice-sync init {urls} </dev/null")
    assert f"Filled in {ETC}/settings.yaml" in told
    assert "sudo systemctl enable --now invoice-sync" in told
    assert "base_url: https://shop.example.org " in machine.run("cat", str(ETC / "settings.yaml")).stdout
    told = machine.type(f"cd {CLONE} && sudo invoice-sync settings check", code=78)
    assert f"write it to {ETC}/secrets/magento_consumer_key" in told, "it is the installed file that was read"


def test_the_exposure_is_at_most_one_point_two(machine: Machine) -> None:
    done = machine.run("systemd-analyze", "security", "--offline=true", f"/etc/systemd/system/{UNIT}.service")
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= 1.2


# Start


def test_a_missing_secret_is_said_by_name_and_78_is_not_restarted(machine: Machine, where: dict[str, Any]) -> None:
    machine.write(str(ETC / "settings.yaml"), settings(where))
    for name, value in where["secrets"].items():
        if name != "salesforce_client_secret":
            machine.write(str(ETC / "secrets" / name), value, "600")
    drop_in(machine, "RestartSec=300ms")
    machine.type("sudo systemctl enable --now invoice-sync", code=1)
    wait_until(lambda: shown(machine, "ActiveState") == "failed", "it gives up")
    time.sleep(1)
    assert shown(machine, "ExecMainStatus") == "78"
    assert shown(machine, "NRestarts") == "0"
    (line,) = [line for line in journal(machine) if "the secret" in str(line["MESSAGE"])]
    assert "the secret salesforce_client_secret is missing" in line["MESSAGE"]
    assert f"as root write it to {ETC}/secrets/salesforce_client_secret" in line["MESSAGE"]
    assert line["PRIORITY"] == "3"
    assert not [name for name in NAMES if name != "salesforce_client_secret" and name in said(machine)]


def test_it_starts_while_neither_side_answers_and_says_so(
    machine: Machine, sides: Sides, where: dict[str, Any]
) -> None:
    sides.ask("stop")
    machine.write(
        str(ETC / "secrets" / "salesforce_client_secret"), where["secrets"]["salesforce_client_secret"], "600"
    )
    machine.type("sudo systemctl restart invoice-sync")
    assert shown(machine, "ActiveState") == "active"
    wait_until(lambda: "Magento failing: " in shown(machine, "StatusText"), "its status says what does not work")


def test_the_first_pass_is_under_way_as_soon_as_they_answer(machine: Machine, sides: Sides) -> None:
    for _ in range(3):
        sides.ask("invoice")
    sides.ask("start")
    all_in(machine, sides)
    wait_until(lambda: re.fullmatch(r"next poll in \d+ s", shown(machine, "StatusText")), "nothing is owed")
    assert "next poll in" in machine.type("systemctl status invoice-sync")


def test_it_runs_as_nobody_who_may_anything(machine: Machine) -> None:
    pid = shown(machine, "MainPID")
    status = machine.run("cat", f"/proc/{pid}/status").stdout
    assert re.search(r"^CapEff:\s0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s1$", status, re.MULTILINE)
    uid = int(re.findall(r"^Uid:\s(\d+)", status, re.MULTILINE)[0])
    assert 61184 <= uid <= 65519, "one of systemd's dynamic users"
    assert machine.run("stat", "--format=%a %u", f"{VAR}/").stdout.split() == ["700", str(uid)]
    environment = machine.run("cat", f"/proc/{pid}/environ").stdout
    for secret in ("canary", "k" * 32):
        assert secret not in environment


# Reload, rotate


def test_a_good_edit_is_in_force_after_a_reload(machine: Machine, where: dict[str, Any]) -> None:
    machine.write(str(ETC / "settings.yaml"), settings(where, page_size=7))
    machine.type("sudo systemctl reload invoice-sync")
    wait_until(lambda: "settings.reloaded" in said(machine), "it is read")
    wait_until(lambda: shown(machine, "ActiveState") == "active", "and it says so, a beat later")


def test_a_broken_edit_fails_the_reload_with_its_line_and_the_daemon_goes_on(
    machine: Machine, sides: Sides, where: dict[str, Any]
) -> None:
    machine.write(str(ETC / "settings.yaml"), settings(where, page_sise=7))
    machine.type("sudo systemctl reload invoice-sync", code=1)
    assert f"{ETC}/settings.yaml:6:3: magento.page_sise is not a known key; did you mean page_size?" in said(machine)
    assert shown(machine, "ActiveState") == "active"
    sides.ask("invoice")
    wait_until(lambda: sides.ask("once_each"), "it goes on with the settings that it has")
    machine.write(str(ETC / "settings.yaml"), settings(where))
    machine.type("sudo systemctl reload invoice-sync")


def test_a_rotated_secret_takes_a_restart(machine: Machine, sides: Sides, where: dict[str, Any]) -> None:
    path = ETC / "secrets" / "salesforce_client_secret"
    machine.write(str(path), "wrong", "600")
    machine.type("sudo systemctl restart invoice-sync")
    sides.ask("invoice")
    wait_until(lambda: "Salesforce paused: " in shown(machine, "StatusText"), "it pauses")
    secret = where["secrets"]["salesforce_client_secret"]
    machine.type(f"echo {secret} | sudo install -m 600 /dev/stdin {path}")
    machine.type("sudo systemctl restart invoice-sync")
    all_in(machine, sides)


# Root beside it


def test_root_sees_syncs_explains_and_clears_beside_the_daemon(machine: Machine, sides: Sides) -> None:
    assert machine.run("invoice-sync", "state", "path").stdout.strip() == str(VAR / "state.db")
    number = sides.ask("invoice")
    assert f"{number}\tsynced" in machine.type(f"sudo invoice-sync sync {number}")
    assert "synced" in machine.type(f"sudo invoice-sync explain {number}")
    assert "automatic" in machine.type("sudo invoice-sync status")
    machine.type("sudo invoice-sync state backup /root/invoice-sync.db")
    assert machine.run("stat", "--format=%a %U", "/root/invoice-sync.db").stdout.strip() == "600 root"
    machine.type("sudo systemctl stop invoice-sync")
    machine.type("sudo invoice-sync state restore /root/invoice-sync.db")
    owners = machine.run("sh", "-c", f"stat --format=%u {VAR}/ {VAR}/* | sort -u").stdout.split()
    assert len(owners) == 1, "what is put back is the service's"
    machine.type("sudo systemctl start invoice-sync")
    all_in(machine, sides)
    assert "Cleared by the running daemon" in machine.type("sudo invoice-sync state clear --yes")
    all_in(machine, sides)


def test_what_root_did_while_it_was_stopped_keeps_it_from_nothing(machine: Machine, sides: Sides) -> None:
    machine.type("sudo systemctl stop invoice-sync")
    number = sides.ask("invoice")
    machine.run("invoice-sync", "sync", number)
    machine.run("sh", "-c", f"rm {VAR}/*.lock")
    machine.run("invoice-sync", "state", "clear", number, "--yes")
    owners = machine.run("sh", "-c", f"stat --format=%u {VAR}/ {VAR}/* | sort -u").stdout.split()
    assert len(owners) == 1, "all is of one user"
    assert owners != ["0"]
    machine.type("sudo systemctl start invoice-sync")
    all_in(machine, sides)


# What ends it


def test_stop_in_the_middle_of_a_pass_waits_for_the_call_and_nothing_is_doubled(machine: Machine, sides: Sides) -> None:
    sides.ask("slow", 2)
    sides.ask("invoice")
    wait_until(lambda: sides.ask("is_slow"), "a call is under way")
    machine.run("systemctl", "stop", UNIT)
    assert shown(machine, "Result") == "success"
    assert "daemon.stopping signal=SIGTERM" in said(machine)
    machine.run("systemctl", "start", UNIT)
    all_in(machine, sides)


def test_killed_it_is_back_by_itself(machine: Machine, sides: Sides) -> None:
    before = shown(machine, "MainPID")
    sides.ask("invoice")
    machine.run("systemctl", "kill", "--signal=KILL", UNIT)
    wait_until(lambda: shown(machine, "MainPID") not in {"0", before}, "it is started again")
    all_in(machine, sides)
    assert shown(machine, "NRestarts") == "1"


def test_a_pass_that_hangs_is_ended_by_the_watchdog_and_the_next_process_goes_on(
    machine: Machine, sides: Sides, where: dict[str, Any]
) -> None:
    machine.write(str(ETC / "settings.yaml"), settings(where).replace("timeout: 10s", "timeout: 1s"))
    drop_in(machine, "RestartSec=300ms\nWatchdogSec=2")
    machine.run("systemctl", "restart", UNIT)
    wait_until(lambda: "next poll" in shown(machine, "StatusText"), "it works")
    restarts = int(shown(machine, "NRestarts"))
    hold = (
        "import sqlite3, sys; state = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "state.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )
    other = machine.spawn("python3", "-c", hold, str(VAR / "state.db"))
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    sides.ask("invoice")
    wait_until(lambda: "Watchdog timeout" in said(machine), "systemd ends it", seconds=40)
    other.communicate(timeout=10)
    wait_until(lambda: int(shown(machine, "NRestarts")) > restarts, "it is started again")
    all_in(machine, sides)
    drop_in(machine, "RestartSec=300ms")
    machine.run("systemctl", "restart", UNIT)


def test_another_process_that_has_the_state_is_waited_for(machine: Machine, sides: Sides) -> None:
    machine.run("systemctl", "stop", UNIT)
    command = ["invoice-sync", "run", "--settings", str(ETC / "settings.yaml")]
    other = machine.spawn(*command)
    wait_until(
        lambda: machine.run("sh", "-c", f"head -n1 {VAR}/state.db.lock | grep -q .", code=None).returncode == 0,
        "it has it",
    )
    machine.run("systemctl", "start", UNIT, code=1)
    wait_until(lambda: int(shown(machine, "NRestarts")) >= 1, "it is tried again")
    machine.run("pkill", "--full", "--newest", "bin/invoice-sync run")
    other.communicate(timeout=30)
    wait_until(lambda: shown(machine, "ActiveState") == "active", "it takes over")


# Its log


def test_the_journal_reads_like_a_story(machine: Machine) -> None:
    lines = journal(machine)
    text = said(machine)
    assert "canary" not in text
    assert "Traceback" not in text
    ours = [line for line in lines if line.get("_COMM") == "invoice-sync" and line["MESSAGE"]]
    assert ours, "lines of our own"
    priorities = {str(line["MESSAGE"]).split()[0]: line["PRIORITY"] for line in ours}
    assert priorities["daemon.started"] == priorities["pass.finished"] == priorities["magento.recovered"] == "6"
    assert priorities["magento.failing"] == priorities["salesforce.failing"] == "4"
    assert not [line for line in ours if str(line["MESSAGE"]).startswith("<")], "each priority was taken"
    first = text[text.index("daemon.started") :]
    events = ["daemon.started", "magento.failing", "magento.recovered", "invoice.synced", "outcome=ok"]
    assert [first.index(event) for event in events] == sorted(first.index(event) for event in events)
    assert first[: first.index("magento.recovered")].count("magento.failing") == 1, "a failure is said once"
    assert "daemon.started" in machine.type("journalctl --unit invoice-sync --since today")


# Another shop


def test_another_shop_has_settings_secrets_and_state_of_its_own(
    machine: Machine, sides: Sides, where: dict[str, Any]
) -> None:
    machine.type("sudo install -d /etc/invoice-sync-outlet")
    machine.type("sudo cp -a /etc/invoice-sync/settings.yaml /etc/invoice-sync/secrets /etc/invoice-sync-outlet/")
    off = "invoices:\n  enable_synchronization: false\nconsole:\n  listen: null\n"
    machine.write("/etc/invoice-sync-outlet/settings.yaml", off + settings(where, name="outlet"))
    machine.type("sudo systemctl enable --now invoice-sync@outlet")
    unit = "invoice-sync@outlet"
    wait_until(lambda: "synchronization off" in shown(machine, "StatusText", unit), "it runs")
    told = machine.type("sudo invoice-sync state path --settings /etc/invoice-sync-outlet/settings.yaml")
    assert told.strip() == "/var/lib/invoice-sync-outlet/state.db"
    assert "off" in machine.type("sudo invoice-sync status --settings /etc/invoice-sync-outlet/settings.yaml")
    machine.run("systemctl", "stop", unit)


# Upgrade, downgrade, uninstall


def test_an_upgrade_leaves_settings_and_the_running_daemon_and_says_what_to_do(machine: Machine, sides: Sides) -> None:
    script = (
        f"mkdir /srv/next && cd {CLONE} && cp -r Makefile README.md LICENSE pyproject.toml requirements.lock "
        "settings.yaml daemon state systemd /srv/next && "
        "sed -i 's/^version = .*/version = \"9.9.9\"/' /srv/next/pyproject.toml"
    )
    machine.run("sh", "-c", script)
    before = machine.run("cat", str(ETC / "settings.yaml")).stdout
    told = machine.type(f"cd /srv/next && sudo make install WHEELS={CLONE}/.venv/wheels", seconds=200)
    assert "invoice-sync.service still runs the version before: systemctl restart invoice-sync" in told
    assert machine.run("cat", str(ETC / "settings.yaml")).stdout == before
    assert machine.run("invoice-sync", "--version").stdout.strip() == "invoice-sync 9.9.9"
    sides.ask("invoice")
    all_in(machine, sides)
    assert "version=9.9.9" not in said(machine)
    machine.type("sudo systemctl restart invoice-sync")
    wait_until(lambda: "version=9.9.9" in said(machine), "the new version runs")


def test_a_state_of_a_newer_version_is_refused_with_the_way_back(machine: Machine, sides: Sides) -> None:
    machine.run("systemctl", "stop", UNIT)
    edit = "import sqlite3, sys; state = sqlite3.connect(sys.argv[1]); state.execute(sys.argv[2]); state.commit()"
    state = str(VAR / "state.db")
    find = "SELECT name FROM sqlite_master WHERE name LIKE '%migrations%' AND type = 'table'"
    table = machine.run(
        "python3", "-c", f"import sqlite3; print(sqlite3.connect({state!r}).execute({find!r}).fetchone()[0])"
    ).stdout.strip()
    later = f"UPDATE {table} SET name = 'm999_later' WHERE rowid = (SELECT max(rowid) FROM {table})"
    kept = machine.run(
        "python3", "-c", f"import sqlite3; print(sqlite3.connect({state!r}).execute("
        f"'SELECT name FROM {table} ORDER BY rowid DESC').fetchone()[0])"
    ).stdout.strip()  # fmt: skip
    machine.run("python3", "-c", edit, state, later)
    machine.run("systemctl", "start", UNIT, code=1)
    assert "it was written by a newer version of invoice-sync (m999_later)" in said(machine)
    assert "Install that version again, or restore a backup made before the upgrade." in said(machine)
    assert shown(machine, "ExecMainStatus") == "78"
    machine.run("python3", "-c", edit, state, later.replace("m999_later", kept))
    machine.run("systemctl", "reset-failed", UNIT)
    machine.run("systemctl", "start", UNIT)
    sides.ask("invoice")
    all_in(machine, sides)


def test_uninstall_leaves_settings_and_state_with_a_word(machine: Machine) -> None:
    told = machine.type("cd /srv/next && sudo make uninstall")
    assert "/etc/invoice-sync" in told
    assert "/var/lib/invoice-sync" in told
    assert shown(machine, "LoadState") == "not-found"
    assert machine.run("pgrep", "--full", "invoice-sync run", code=1).stdout == ""
    gone = "ls /opt/invoice-sync /usr/local/bin/invoice-sync /usr/local/share/man/man1/invoice-sync.1"
    assert machine.run("sh", "-c", gone, code=2).stdout == ""
    machine.run("test", "-e", str(ETC / "settings.yaml"))
    machine.run("test", "-e", str(VAR / "state.db"))


def test_every_command_of_the_chapter_about_the_service_was_typed_here(machine: Machine) -> None:
    chapter = OPERATING[OPERATING.index("\n## The service\n") :].split("\n## ")[1]
    shown = {re.sub(r"\d{9}", "NUMBER", line) for line in re.findall(r"^\$ (.*)$", chapter, re.MULTILINE)}
    typed = {
        re.sub(r"\d{9}", "NUMBER", re.sub(r"^(cd \S+ && |echo \S+ \| )| (WHEELS=|--\w+-url |</dev/)\S+", "", line))
        for line in machine.typed
    }
    assert len(shown) >= 15
    assert not shown - typed
