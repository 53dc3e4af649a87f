"""What `invoice-sync init` asks, writes and refuses, and what it says comes next."""

from __future__ import annotations

import os
import pty
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from daemon.cli import cli
from daemon.errors import UsageError
from daemon.settings import beginning, load
from tests.acceptance.process import wait_until
from tests.keys import key_pair
from tests.world import SECRETS

ROOT = Path(__file__).parents[2]
SHOP, ORG = "https://shop.example.com", "https://acme.my.salesforce.com"
NAMED = ["--magento-url", SHOP, "--salesforce-url", ORG]
EVERY_SECRET = {f"INVOICE_SYNC_{name.upper()}": value for name, value in SECRETS.items()}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in this folder, with nobody at a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "daemon", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")},
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Terminal:
    """A person at a terminal, who types when asked; what is typed unseen is not echoed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "daemon", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"},
        )
        os.close(theirs)
        self._shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def answer(self, question: str, typed: str) -> None:
        """Wait for this question at the end of what is shown, then type."""
        wait_until(lambda: self.text.rstrip().endswith(f"{question}:"), f"{question!r} in {self.text!r}", seconds=20)
        before = len(self._shown)
        os.write(self._ours, f"{typed}\n".encode())
        wait_until(lambda: len(self._shown) > before, "an echo of the line's end", seconds=20)

    def ended(self) -> int:
        code = self.process.wait(20)
        self._reader.join(5)
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        self._reader.join(5)
        os.close(self._ours)

    def _read(self) -> None:
        try:
            while chunk := os.read(self._ours, 4096):
                self._shown += chunk
        except OSError:  # how a terminal without a writer reads
            pass


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for each in opened:
        each.close()


def test_without_a_terminal_options_are_enough(tmp_path: Path) -> None:
    done = run(tmp_path, "init", *NAMED)
    assert done.returncode == 0, done.stderr
    settings = tmp_path / "settings.yaml"
    shipped = (ROOT / "settings.yaml").read_text()
    expected = shipped.replace("https://example.my.salesforce.com  #", "https://acme.my.salesforce.com     #")
    assert settings.read_text() == expected, "the comments stand where they stood"
    assert load(settings, EVERY_SECRET).settings.salesforce.login_url == ORG
    assert mode(tmp_path / "secrets") == 0o700
    assert list((tmp_path / "secrets").iterdir()) == []
    for name in SECRETS:
        assert f"  {name}\n" in done.stdout, "what is still to be written is said"
    assert done.stdout.splitlines()[-3:] == [
        "  invoice-sync check", "  invoice-sync salesforce setup", "  invoice-sync run --once"
    ]  # fmt: skip


def test_another_place_is_named_in_the_commands_that_come_next(tmp_path: Path) -> None:
    place = tmp_path / "etc" / "invoice-sync" / "settings.yaml"
    ways = ["--magento-auth", "admin", "--salesforce-auth", "jwt_bearer", "--salesforce-username", "jane@example.com"]
    done = run(tmp_path, "init", *NAMED, *ways, "--settings", str(place))
    assert done.returncode == 0, done.stderr
    assert f"invoice-sync check --settings {place}" in done.stdout
    environ = {
        "INVOICE_SYNC_MAGENTO_USERNAME": "reader",
        "INVOICE_SYNC_MAGENTO_PASSWORD": "secret",
        "INVOICE_SYNC_SALESFORCE_CLIENT_ID": "client",
        "INVOICE_SYNC_SALESFORCE_PRIVATE_KEY": key_pair()[0],
    }
    made = load(place, environ).settings
    assert (made.magento.auth, made.salesforce.auth) == ("admin", "jwt_bearer")
    assert made.salesforce.username == "jane@example.com"


def test_the_settings_that_make_install_left_are_filled_in_where_they_are(tmp_path: Path) -> None:
    place = tmp_path / "etc" / "settings.yaml"
    place.parent.mkdir()
    place.write_text((ROOT / "settings.yaml").read_text().replace("poll_interval: 60s", "poll_interval: 45s"))
    (place.parent / "secrets").mkdir(mode=0o700)
    done = run(tmp_path, "init", *NAMED, "--magento-auth", "bearer", "--settings", str(place))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Filled in {place}")
    made = load(place, EVERY_SECRET).settings
    assert (made.magento.base_url, made.magento.auth, made.salesforce.login_url) == (SHOP, "bearer", ORG)
    assert made.schedule.poll_interval.seconds == 45, "edits stay"
    assert mode(place) == 0o644
    assert sorted(path.name for path in place.parent.iterdir()) == ["secrets", "settings.yaml"]
    again = run(tmp_path, "init", *NAMED, "--settings", str(place))
    assert again.returncode == 2
    assert "exists already" in again.stderr


def test_without_a_name_init_fills_in_what_make_install_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert beginning.place_for_first(None, root=tmp_path) == Path("settings.yaml")
    installed = tmp_path / "etc" / "invoice-sync" / "settings.yaml"
    installed.parent.mkdir(parents=True)
    installed.write_text((ROOT / "settings.yaml").read_text())
    assert beginning.place_for_first(None, root=tmp_path) == installed
    assert beginning.place_for_first("mine.yaml", root=tmp_path) == Path("mine.yaml")
    installed.write_text(installed.read_text().replace("shop.example.com", "shop.example.org"))
    assert beginning.place_for_first(None, root=tmp_path) == Path("settings.yaml"), "it is filled in"


def test_the_settings_yaml_of_the_checkout_is_left_as_it_is(tmp_path: Path) -> None:
    """In the checkout ``init`` does not make an edit that git would show, and other commands do not take the file."""
    shipped = (ROOT / "settings.yaml").read_text()
    (tmp_path / "settings.yaml").write_text(shipped)
    done = run(tmp_path, "init", *NAMED)
    assert done.returncode == 2
    assert "Type this command in a folder of your own" in done.stderr
    checked = run(tmp_path, "check")
    assert checked.returncode == 78
    assert "its URLs are not filled in" in checked.stderr
    assert (tmp_path / "settings.yaml").read_text() == shipped
    assert [path.name for path in tmp_path.iterdir()] == ["settings.yaml"]
    named = run(tmp_path, "init", *NAMED, "--settings", "settings.yaml")
    assert named.returncode == 0, named.stderr
    assert load(tmp_path / "settings.yaml", EVERY_SECRET).settings.salesforce.login_url == ORG


@pytest.mark.parametrize("name", ["settings.yaml", "secrets/magento_access_token"])
def test_nothing_that_is_there_is_ever_written_over(tmp_path: Path, name: str) -> None:
    there = tmp_path / name
    there.parent.mkdir(exist_ok=True)
    there.write_text("mine")
    there.chmod(0o600)
    done = run(tmp_path, "init", *NAMED)
    assert there.read_text() == "mine"
    if name == "settings.yaml":
        assert done.returncode == 2
        assert "settings.yaml exists already and was left unchanged" in done.stderr
        assert not (tmp_path / "secrets").exists()
    else:
        assert done.returncode == 0, done.stderr
        assert "  magento_access_token\n" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--magento-url is missing"),
        (NAMED[:2], "--salesforce-url is missing"),
        ([*NAMED, "--salesforce-auth", "jwt_bearer"], "--salesforce-username is missing"),
        (["--magento-url", "shop.example.com", *NAMED[2:]], "shop.example.com is not a URL: write https://host"),
        (["--magento-url", "http://shop.example.com", *NAMED[2:]], "must begin with https://"),
        (["--magento-url", f"{SHOP}/rest/V1", *NAMED[2:]], "without /rest"),
        ([*NAMED[:3], "https://acme.lightning.force.com"], "its API is https://acme.my.salesforce.com"),
        ([*NAMED[:3], "https://login.salesforce.com"], "is for every org; write your org's own"),
        ([*NAMED, "--settings", "/proc/nowhere/settings.yaml"], "cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = CliRunner().invoke(cli, ["init", *arguments], standalone_mode=False).exception
    assert isinstance(refused, UsageError), "the command ends with 2"
    assert said in str(refused)
    assert list(tmp_path.iterdir()) == []


def test_a_person_is_asked_until_it_can_be_used_and_secrets_are_not_shown(
    tmp_path: Path, terminals: list[Terminal]
) -> None:
    key = tmp_path / "private.pem"
    key.write_text(key_pair()[0])
    folder = tmp_path / "new"
    folder.mkdir()
    terminal = Terminal(folder, "init")
    terminals.append(terminal)
    terminal.answer("Magento's base URL", "shop.example.com")
    terminal.answer("Magento's base URL", SHOP)
    terminal.answer("Which [oauth1]", "")
    terminal.answer("Salesforce's My Domain", "https://acme.lightning.force.com")
    terminal.answer("Salesforce's My Domain", ORG)
    terminal.answer("Which [client_credentials]", "jwt_bearer")
    terminal.answer("The integration user's name in Salesforce", "jane@example.com")
    for name, value in SECRETS.items():
        if name.startswith("magento"):
            terminal.answer(name, "" if name == "magento_access_token" else value)
    terminal.answer("salesforce_client_id", SECRETS["salesforce_client_id"])
    terminal.answer("salesforce_private_key, its file", str(tmp_path / "not-there.pem"))
    terminal.answer("salesforce_private_key, its file", str(key))
    assert terminal.ended() == 0, terminal.text
    assert "shop.example.com is not a URL: write https://host" in terminal.text
    assert "not-there.pem cannot be read: No such file or directory" in terminal.text
    for value in SECRETS.values():
        assert value not in terminal.text
    secrets = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    typed = set(SECRETS) - {"magento_access_token", "salesforce_client_secret"}
    assert set(secrets) == {*typed, "salesforce_private_key"}
    assert secrets["magento_consumer_secret"] == SECRETS["magento_consumer_secret"]
    assert {mode(path) for path in (folder / "secrets").iterdir()} == {0o600}
    assert "  magento_access_token\n" in terminal.text, "what was left out is said"
    made = load(folder / "settings.yaml", {"INVOICE_SYNC_MAGENTO_ACCESS_TOKEN": "t" * 32})
    assert made.settings.salesforce.username == "jane@example.com"


def test_whoever_stops_in_the_middle_has_written_nothing(tmp_path: Path, terminals: list[Terminal]) -> None:
    terminal = Terminal(tmp_path, "init")
    terminals.append(terminal)
    terminal.answer("Magento's base URL", SHOP)
    wait_until(lambda: "Which [oauth1]" in terminal.text, "the next question", seconds=20)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 1, terminal.text
    assert list(tmp_path.iterdir()) == []
