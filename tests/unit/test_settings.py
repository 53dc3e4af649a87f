"""settings.yaml: every mistake is said with its place and reason; edits take effect when they are good."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import InvalidSettings
from daemon.settings import Configuration, SettingsFile, find_file, load, service_folder, state_path
from daemon.settings.beginning import private_key
from daemon.settings.kinds import is_loopback, parse_duration
from tests import keys
from tests.builders import SECRETS, settings
from tests.certificates import certificate

ENVIRON = {f"INVOICE_SYNC_{name.upper()}": value for name, value in SECRETS.items()}
GOOD = """\
magento:
  base_url: https://shop.example.com
salesforce:
  login_url: https://acme.my.salesforce.com
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "settings.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(folder: Path, text: str | bytes, **environ: str) -> Configuration:
    return load(written(folder, text), {**ENVIRON, **environ})


def problems(folder: Path, text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    """What is said of this file, with the folder left out."""
    path = written(folder, text)
    with pytest.raises(InvalidSettings) as caught:
        load(path, ENVIRON if environ is None else environ)
    return [problem.replace(f"{folder}{os.sep}", "") for problem in caught.value.problems]


def magento(line: str) -> str:
    return GOOD.replace("salesforce:", f"  {line}\nsalesforce:")


def salesforce(lines: str) -> str:
    return GOOD + "".join(f"  {line}\n" for line in lines.splitlines())


BAD: dict[str, tuple[str | bytes, str]] = {
    "empty": (
        "",
        "settings.yaml: is empty",
    ),
    "only a comment": (
        "# nothing\n",
        "settings.yaml: is empty",
    ),
    "a list": (
        "- a\n",
        "settings.yaml:1:1: must hold sections (invoices:, magento:, …)",
    ),
    "a text": (
        "hello\n",
        "settings.yaml:1:1: must hold sections (invoices:, magento:, …)",
    ),
    "half written": (
        GOOD + "invoices: {skip: {states: [op",
        "settings.yaml:5:30: expected ',' or ']', but got '<stream end>'",
    ),
    "a tab": (
        "magento:\n\tbase_url: x\n",
        "settings.yaml:2:1: found character '\\t' that cannot start any token",
    ),
    "a key twice": (
        GOOD + "magento: {}\n",
        'settings.yaml:5:1: found duplicate key "magento"',
    ),
    "not UTF-8": (
        GOOD.encode() + b"# \xff\n",
        "settings.yaml:5: is not UTF-8 text; save the file as UTF-8",
    ),
    "a control character": (
        GOOD + "logging:\n  level: \x1f\n",
        "settings.yaml:6:10: holds a character that YAML does not allow",
    ),
    "too large": (
        GOOD + "#" * 1_000_001,
        "settings.yaml: cannot be read: it is larger than 100 kB",
    ),
    "unknown section": (
        GOOD + "invoice:\n  a: 1\n",
        "settings.yaml:5:1: invoice is not a known key; did you mean invoices?",
    ),
    "unknown key": (
        magento("page_sise: 5"),
        "settings.yaml:3:3: magento.page_sise is not a known key; did you mean page_size?",
    ),
    "unknown key on two lines": (
        GOOD + '"a\\nb": 1\n',
        "settings.yaml:5:1: a b is not a known key",
    ),
    "unknown and unlike any": (
        magento("xyzzy: 5"),
        "settings.yaml:3:3: magento.xyzzy is not a known key",
    ),
    "unknown key, deeper": (
        GOOD + "invoices:\n  skip:\n    zero_totl: true\n",
        "settings.yaml:7:5: invoices.skip.zero_totl is not a known key; did you mean zero_total?",
    ),
    "wrong type": (
        GOOD + "invoices:\n  enable_synchronization: perhaps\n",
        ("settings.yaml:6:3: invoices.enable_synchronization: should be a valid boolean, unable to interpret input"),
    ),
    "not a number": (
        magento("page_size: many"),
        ("settings.yaml:3:3: magento.page_size: should be a valid integer, unable to parse string as an integer"),
    ),
    "too small": (
        magento("page_size: 0"),
        "settings.yaml:3:3: magento.page_size: should be greater than or equal to 1",
    ),
    "too big": (
        magento("page_size: 301"),
        "settings.yaml:3:3: magento.page_size: should be less than or equal to 300",
    ),
    "a section that is a text": (
        "magento: here\nsalesforce:\n  login_url: https://a.my.salesforce.com\n",
        "settings.yaml:1:1: magento: should be a valid dictionary or instance of Magento",
    ),
    "a list that is a text": (
        GOOD + "invoices:\n  skip:\n    store_ids: 5\n",
        "settings.yaml:7:5: invoices.skip.store_ids: should be a valid tuple",
    ),
    "an entry of a list": (
        GOOD + "invoices:\n  skip:\n    states:\n      - open\n      - lost\n",
        "settings.yaml:9:9: invoices.skip.states.1: should be 'open', 'paid' or 'canceled'",
    ),
    "the URL of the REST API": (
        "magento:\n  base_url: https://a.example/de/rest\nsalesforce:\n  login_url: https://a.my.salesforce.com\n",
        "settings.yaml:2:3: magento.base_url must be the shop's base URL, without /rest: https://a.example/de",
    ),
    "missing URL": (
        "magento: {}\nsalesforce:\n  login_url: https://a.my.salesforce.com\n",
        "settings.yaml:1:1: magento.base_url is missing",
    ),
    "missing section": (
        "magento:\n  base_url: https://shop.example.com\n",
        "settings.yaml: salesforce is missing",
    ),
    "plain http": (
        GOOD.replace("https://shop", "http://shop"),
        (
            "settings.yaml:2:3: magento.base_url must begin with https:// (plain http is allowed for "
            "loopback addresses only)"
        ),
    ),
    "no URL": (
        GOOD.replace("https://shop.example.com", "shop.example.com"),
        "settings.yaml:2:3: magento.base_url is not a URL: write https://host",
    ),
    "a URL with a query": (
        GOOD.replace("example.com", "example.com/?a=1"),
        "settings.yaml:2:3: magento.base_url must be a plain URL, without user name, query or fragment",
    ),
    "a URL with a user": (
        GOOD.replace("https://shop", "https://me@shop"),
        "settings.yaml:2:3: magento.base_url must be a plain URL, without user name, query or fragment",
    ),
    "a URL of another scheme": (
        GOOD.replace("https://shop.example.com", "gopher://shop.example.com"),
        "settings.yaml:2:3: magento.base_url is not a URL: write https://host",
    ),
    "a login URL of another scheme": (
        GOOD.replace("https://acme.my", "gopher://acme.my"),
        "settings.yaml:4:3: salesforce.login_url is not a URL: write https://host",
    ),
    "an admin URL of another scheme": (
        GOOD.replace("magento:\n", "magento:\n  admin_url: javascript:alert(1)\n"),
        "settings.yaml:2:3: magento.admin_url is not a URL: write https://host",
    ),
    "a URL with an empty user": (
        GOOD.replace("https://shop", "https://@shop"),
        "settings.yaml:2:3: magento.base_url must be a plain URL, without user name, query or fragment",
    ),
    "a URL with an impossible port": (
        GOOD.replace("shop.example.com", "shop.example.com:99999"),
        "settings.yaml:2:3: magento.base_url is not a URL: write https://host",
    ),
    "a URL with a space": (
        GOOD.replace("shop.example.com", "sh op.example.com"),
        "settings.yaml:2:3: magento.base_url is not a URL: write https://host",
    ),
    "a URL with an empty label": (
        GOOD.replace("shop.example.com", "shop..example.com"),
        "settings.yaml:2:3: magento.base_url is not a URL: write https://host",
    ),
    "no duration": (
        GOOD + "schedule:\n  poll_interval: soon\n",
        ("settings.yaml:6:3: schedule.poll_interval is not a duration: write seconds, or 90s, 5m, 2h, 30d"),
    ),
    "a duration that is a flag": (
        GOOD + "schedule:\n  poll_interval: true\n",
        ("settings.yaml:6:3: schedule.poll_interval is not a duration: write seconds, or 90s, 5m, 2h, 30d"),
    ),
    "a duration out of range": (
        GOOD + "schedule:\n  overlap: 30s\n",
        "settings.yaml:6:3: schedule.overlap must be between 1m and 1d",
    ),
    "a duration that is too long": (
        GOOD + f"schedule:\n  overlap: {'9' * 30}d\n",
        "settings.yaml:6:3: schedule.overlap is too long for a duration",
    ),
    "a name that no external ID can have": (
        magento("name: Haupt_Shop"),
        "settings.yaml:3:3: magento.name has a form that is not allowed (^[a-z0-9-]{1,32}$)",
    ),
    "an unknown way of signing in": (
        magento("auth: basic"),
        "settings.yaml:3:3: magento.auth: should be 'oauth1', 'bearer' or 'admin'",
    ),
    "a way of Salesforce that nobody knows": (
        salesforce("auth: password"),
        "settings.yaml:5:3: salesforce.auth: should be 'client_credentials' or 'jwt_bearer'",
    ),
    "an assertion about nobody": (
        salesforce("auth: jwt_bearer"),
        (
            "settings.yaml:3:1: salesforce.username is missing: auth: jwt_bearer needs the name that the integration "
            "user signs in with"
        ),
    ),
    "an assertion about null": (
        salesforce("auth: jwt_bearer\nusername: null"),
        (
            "settings.yaml:6:3: salesforce.username is missing: auth: jwt_bearer needs the name that the integration "
            "user signs in with"
        ),
    ),
    "a user name that Salesforce does not have": (
        salesforce("auth: jwt_bearer\nusername: Jane Doe"),
        "settings.yaml:6:3: salesforce.username is not a Salesforce user name, which has the form of an e-mail address",
    ),
    "a user beside the app's run-as user": (
        salesforce("username: jane@example.com"),
        (
            "settings.yaml:5:3: salesforce.username is used by auth: jwt_bearer only; client_credentials signs in as "
            "the app's run-as user"
        ),
    ),
    "no share": (
        salesforce("api_reserve: 120%"),
        "settings.yaml:5:3: salesforce.api_reserve is not a share: write 0% to 100%",
    ),
    "no date": (
        GOOD + "invoices:\n  created_from: yesterday\n",
        ("settings.yaml:6:3: invoices.created_from is not a date: write 2026-01-31, or 2026-01-31T12:00:00Z"),
    ),
    "an impossible date": (
        GOOD + "invoices:\n  created_from: 2026-02-31\n",
        "settings.yaml:6:17: day is out of range for month",
    ),
    "a date before all time": (
        GOOD + "invoices:\n  created_from: '0001-01-01T00:00:00+14:00'\n",
        ("settings.yaml:6:3: invoices.created_from is not a date: write 2026-01-31, or 2026-01-31T12:00:00Z"),
    ),
    "no API version": (
        salesforce("api_version: latest"),
        "settings.yaml:5:3: salesforce.api_version has a form that is not allowed (^[5-9]\\d\\.0$)",
    ),
    "an object's name with a quote": (
        salesforce('invoice:\n  object: "X\' OR"'),
        ("settings.yaml:6:5: salesforce.invoice.object has a form that is not allowed (^[A-Za-z][A-Za-z0-9_]{0,79}$)"),
    ),
    "a field's name with a space": (
        salesforce("invoice:\n  fields:\n    My Field: invoice.state"),
        (
            "settings.yaml:7:7: salesforce.invoice.fields.My Field has a form that is not allowed "
            "(^[A-Za-z][A-Za-z0-9_]{0,79}(\\.[A-Za-z][A-Za-z0-9_]{0,79})?$)"
        ),
    ),
    "a path to nowhere": (
        salesforce("invoice:\n  fields:\n    A__c: customer.name"),
        (
            "settings.yaml:7:7: salesforce.invoice.fields.A__c.path has a form that is not allowed "
            "(^(invoice|order|item)\\.[A-Za-z0-9_.]{1,120}$)"
        ),
    ),
    "an item's path on the invoice": (
        salesforce("invoice:\n  fields:\n    A__c: item.sku"),
        ("settings.yaml:6:5: salesforce.invoice.fields cannot take A__c from an item: an invoice has many"),
    ),
    "both path and value": (
        salesforce("invoice:\n  fields:\n    A__c: {path: invoice.state, value: 1}"),
        "settings.yaml:7:7: salesforce.invoice.fields.A__c needs either path or value",
    ),
    "neither path nor value": (
        salesforce("invoice:\n  fields:\n    A__c: {}"),
        "settings.yaml:7:7: salesforce.invoice.fields.A__c needs either path or value",
    ),
    "a form that is not built": (
        salesforce("invoice:\n  fields:\n    A__c: {path: invoice.state, default: x}"),
        "settings.yaml:7:7: salesforce.invoice.fields.A__c is not built yet: default; write a path or a constant value",
    ),
    "an unknown word in the title": (
        salesforce("note:\n  title: '{comment.text}'"),
        (
            "settings.yaml:6:5: salesforce.note.title names {comment.text}; known are {comment.id}, "
            "{comment.created_at} and {invoice.increment_id}"
        ),
    ),
    "a secret in its section": (
        magento("access_token: hush-hush"),
        (
            "settings.yaml:3:3: magento.access_token is a secret and does not belong in settings: set "
            "INVOICE_SYNC_MAGENTO_ACCESS_TOKEN, or write it to secrets/magento_access_token beside the "
            "file (chmod 600)"
        ),
    ),
    "a secret by its whole name": (
        GOOD + "salesforce_client_secret: hush-hush\n",
        (
            "settings.yaml:5:1: salesforce_client_secret is a secret and does not belong in settings: set "
            "INVOICE_SYNC_SALESFORCE_CLIENT_SECRET, or write it to secrets/salesforce_client_secret beside "
            "the file (chmod 600)"
        ),
    ),
    "an anchor in itself": (
        "&a\nmagento: *a\n",
        "settings.yaml:2:10: an alias (*) is not allowed: write the value out, or put it in quotes",
    ),
    "an impossible date beside an anchor in itself": (
        "invoices: &a\n  - *a\n  - 2026-02-31\n",
        "settings.yaml:2:5: an alias (*) is not allowed: write the value out, or put it in quotes",
    ),
    "a thousand million values by aliases": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghij")),
        "settings.yaml:2:8: an alias (*) is not allowed: write the value out, or put it in quotes",
    ),
    "merged by aliases": (
        GOOD + "invoices: &i {}\nschedule:\n  <<: *i\n",
        "settings.yaml:7:7: an alias (*) is not allowed: write the value out, or put it in quotes",
    ),
    "a million brackets": (
        GOOD + "invoices: " + "[{a: " * 16_000,
        "settings.yaml: is nested too deeply",
    ),
    "nested without end": (
        GOOD + "invoices: " + "[" * 600,
        "settings.yaml: is nested too deeply",
    ),
}


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.ReusedAnchorWarning")
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_place_and_reason(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    found = problems(tmp_path, text)
    assert found == [message]
    assert "hush" not in str(found)


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = "magento:\n  base_url: ftp://x\n  page_size: 0\n  typo: 1\nsalesforce:\n  client_secret: hush\n"
    assert [problem.split(":")[1] for problem in problems(tmp_path, text)] == ["6", "2", "3", "4", "5"]


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"nowhere\.yaml: this file does not exist") as caught:
        load(tmp_path / "nowhere.yaml", ENVIRON)
    assert "--settings FILE" in (caught.value.hint or "")
    with pytest.raises(InvalidSettings, match="cannot be read: Is a directory"):
        load(tmp_path, ENVIRON)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("ca_bundle: '*a'", "*a"),
        ("ca_bundle: x*y", "x*y"),
        ("ca_bundle: a # see *there", "a"),
        ("ca_bundle: &a b", "b"),
    ],
)
def test_a_star_that_is_no_alias_is_a_star(tmp_path: Path, line: str, value: str) -> None:
    found = load(written(tmp_path, magento(line)), ENVIRON).settings.magento.ca_bundle
    assert Path(str(found)).name == value


BIG = {
    "brackets": "a: " + "[" * 96_000,
    "closed brackets": "a: " + "[]," * 32_000,
    "lists of lists": "a: " + "- " * 48_000,
    "keys": "".join(f"key{number}: {number}\n" for number in range(7_000)),
    "blocks": "".join(" " * depth + "a:\n" for depth in range(430)),
    "maps": "a:\n" + "- {a: 1}\n" * 10_000,
    "comments": "a: 1\n" + "#\n" * 48_000,
    "anchors": "a:\n" + "".join(f"- &a{number} x\n" for number in range(7_000)),
    "aliases": "a: &a x\nb:\n" + "- *a\n" * 19_000,
    "digits": "a: " + "7" * 96_000,
    "quotes": "a: " + '"' * 96_000,
    "an impossible date at the end": "a:\n" + "- x\n" * 24_000 + "- 2026-02-31\n",
}


@pytest.mark.no_cover
@pytest.mark.parametrize("name", BIG)
def test_whatever_stands_in_a_file_is_refused_within_seconds(tmp_path: Path, name: str) -> None:
    begun = time.process_time()
    problems(tmp_path, BIG[name])
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("kind", ["a pipe", "a device", "an endless device"])
def test_a_file_that_is_none_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    for name in ("settings.yaml", "secrets/salesforce_client_id", "key"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if kind == "a pipe":
            os.mkfifo(path, 0o600)
        else:
            path.symlink_to("/dev/zero" if kind == "an endless device" else "/dev/null")
    with pytest.raises(InvalidSettings, match="is not a plain file, but a pipe or a device"):
        load(tmp_path / "settings.yaml", ENVIRON)
    with pytest.raises(ValueError, match="is not a plain file"):
        private_key(str(tmp_path / "key"))
    (tmp_path / "settings.yaml").unlink()
    environ = {name: value for name, value in ENVIRON.items() if "CLIENT_ID" not in name}
    (found,) = problems(tmp_path, GOOD, environ)
    assert found.startswith("secrets/salesforce_client_id: ")


def test_a_secret_of_megabytes_is_none(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "salesforce_client_id"
    secret.parent.mkdir()
    secret.write_text("x" * 1_000_000)
    secret.chmod(0o600)
    environ = {name: value for name, value in ENVIRON.items() if "CLIENT_ID" not in name}
    (found,) = problems(tmp_path, GOOD, environ)
    assert found == "secrets/salesforce_client_id: cannot be read: it is larger than 64 kB"


@pytest.mark.parametrize("text", ["\ufeff" + GOOD, GOOD.replace("\n", "\r\n"), "---\n" + GOOD + "...\n"])
def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).settings == settings()


def test_a_slash_at_the_end_of_a_url_is_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace(".com\n", ".com/\n")).settings == settings()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("2h", 7200), ("30d", 2_592_000), ("1.5h", 5400), (" 2 m ", 120), ("0", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert parse_duration(timedelta(seconds=seconds)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "m", "-5s", "5 minutes", "1h30m", True, None, [], "1e5"])
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("'2026-01-31'", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("'2026-01-31T12:00:00+02:00'", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("null", None),
    ],
)
def test_the_first_day_is_utc(tmp_path: Path, value: str, instant: datetime | None) -> None:
    assert read(tmp_path, GOOD + f"invoices:\n  created_from: {value}\n").settings.invoices.created_from == instant


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://localhost:8080", True),
        ("http://127.0.0.1", True),
        ("http://127.1.2.3/", True),
        ("http://[::1]:80", True),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("http://", False),
    ],
)
def test_only_this_machine_is_loopback(url: str, own: bool) -> None:
    assert is_loopback(url) is own


def test_an_api_version_may_be_written_as_a_number(tmp_path: Path) -> None:
    assert read(tmp_path, salesforce("api_version: 66.0")).settings.salesforce.api_version == "66.0"


# --- keys without effect


@pytest.mark.parametrize("listen", ["127.0.0.1:8470", "localhost:80", "[::1]:8470", "0.0.0.0:65535", "null"])
def test_where_the_console_listens_is_an_address_and_a_port(tmp_path: Path, listen: str) -> None:
    written = listen if listen == "null" else f"'{listen}'"
    found = read(tmp_path, f"{GOOD}console:\n  listen: {written}\n")
    assert found.settings.console.listen == (None if listen == "null" else listen)


@pytest.mark.parametrize(
    "listen", ["8470", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:70000", "shop.example.com:80", ":80"]
)
def test_anything_else_is_refused_with_its_line(tmp_path: Path, listen: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        read(tmp_path, GOOD + f"console:\n  listen: '{listen}'\n")
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path}/settings.yaml:6:3: console.listen is not an address and a port")


# --- the environment


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("INVOICES__ENABLE_SYNCHRONIZATION", "false", ("invoices", "enable_synchronization"), False),
        ("MAGENTO__PAGE_SIZE", "5", ("magento", "page_size"), 5),
        ("MAGENTO__CA_BUNDLE", "null", ("magento", "ca_bundle"), None),
        ("SCHEDULE__POLL_INTERVAL", "5m", ("schedule", "poll_interval"), timedelta(minutes=5)),
        ("INVOICES__SKIP__STATES", "[open, paid]", ("invoices", "skip", "states"), ("open", "paid")),
        ("SALESFORCE__API_VERSION", "65.0", ("salesforce", "api_version"), "65.0"),
    ],
)
def test_the_environment_overrides_the_file(
    tmp_path: Path, name: str, text: str, path: tuple[str, ...], value: object
) -> None:
    node: Any = read(tmp_path, GOOD, **{f"INVOICE_SYNC__{name}": text}).settings
    for part in path:
        node = getattr(node, part)
    assert node == value


NO_YAML = " cannot be read as YAML; put its value in quotes"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("MAGENTO__PAGE_SIZE", "0",
         ("the environment variable INVOICE_SYNC__MAGENTO__PAGE_SIZE: magento.page_size: "
         "should be greater than or equal to 1")),
        ("MAGENTO__PAGESIZE", "5",
         ("the environment variable INVOICE_SYNC__MAGENTO__PAGESIZE: magento.pagesize is not a known key; "
         "did you mean page_size?")),
        ("MAGENTO__PAGE_SIZE", "[1",
         ("the environment variable INVOICE_SYNC__MAGENTO__PAGE_SIZE" + NO_YAML)),
        ("INVOICES__CREATED_FROM", "2026-02-31",
         ("the environment variable INVOICE_SYNC__INVOICES__CREATED_FROM" + NO_YAML)),
        ("MAGENTO__CA_BUNDLE", "&a [*a]",
         ("the environment variable INVOICE_SYNC__MAGENTO__CA_BUNDLE" + NO_YAML)),
        ("MAGENTO__PASSWORD", "hush",
         ("the environment variable INVOICE_SYNC__MAGENTO__PASSWORD: magento.password is a secret and does not belong "
         "in settings: set INVOICE_SYNC_MAGENTO_PASSWORD, or write it to secrets/magento_password beside the file "
         "(chmod 600)")),
    ],
)  # fmt: skip
def test_a_bad_override_is_named_by_its_variable(tmp_path: Path, name: str, text: str, message: str) -> None:
    assert problems(tmp_path, GOOD, {**ENVIRON, f"INVOICE_SYNC__{name}": text}) == [message]


UNLIKE_YAML = (
    "%Hush!pass", "@Hush!pass", "*Hush!pass", "`Hush!pass", "&Hush x", "!Hush!pass x", "!Hush pass", "!<Hush pass",
    "{Hush", "[Hush", "'Hush", '"Hush', '"Hush\\pass"', '"Hush" pass', "|Hush", "Hush: pass", "!!int Hush",
    "!!float Hush", "!!bool Hush", "!!timestamp Hush", "!!set Hush", "Hush\n  password: Hush", "2026-99-99",
)  # fmt: skip


@pytest.mark.parametrize("secret", UNLIKE_YAML)
def test_a_misplaced_secret_that_is_no_yaml_is_not_repeated(tmp_path: Path, secret: str) -> None:
    """A password may begin with any character; one in the environment is refused by its key, whatever it is."""
    in_file = str(problems(tmp_path, magento(f"password: {secret}"))).lower()
    assert "hush" not in in_file
    assert "settings.yaml" in in_file
    for key in ("MAGENTO__PASSWORD", "MAGENTO_PASSWORD", "MAGENTO__MAGENTO_PASSWORD"):
        found = problems(tmp_path, GOOD, {**ENVIRON, f"INVOICE_SYNC__{key}": secret})
        assert len(found) == 1
        assert "is a secret and does not belong in settings" in found[0]
        assert "hush" not in found[0].lower()
    elsewhere = str(problems(tmp_path, GOOD, {**ENVIRON, "INVOICE_SYNC__MAGENTO__PASWORD": secret})).lower()
    assert "hush" not in elsewhere
    assert "INVOICE_SYNC__MAGENTO__PASWORD".lower() in elsewhere


@pytest.mark.parametrize(
    "url", ["https://me:hush@[shop.example]", "https://me:hush\u2100@shop.example", "https://me:hush@s"]
)
def test_a_password_in_a_url_is_not_repeated(tmp_path: Path, url: str) -> None:
    assert "hush" not in str(problems(tmp_path, GOOD, {**ENVIRON, "INVOICE_SYNC__MAGENTO__BASE_URL": f"'{url}'"}))


# --- where things are


def test_where_the_settings_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INVOICE_SYNC_SETTINGS", raising=False)
    with pytest.raises(InvalidSettings, match="there is no settings file at"):
        find_file(None, root=tmp_path)
    installed = tmp_path / "etc" / "invoice-sync" / "settings.yaml"
    installed.parent.mkdir(parents=True)
    installed.write_text(GOOD)
    assert find_file(None, root=tmp_path) == installed
    written(tmp_path, GOOD)
    assert find_file(None, root=tmp_path) == Path("settings.yaml")
    monkeypatch.setenv("INVOICE_SYNC_SETTINGS", "other.yaml")
    assert find_file(None, root=tmp_path) == Path("other.yaml")
    assert find_file("named.yaml", root=tmp_path) == Path("named.yaml")


def test_the_shipped_settings_yaml_is_nobodys_settings_until_its_urls_are_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INVOICE_SYNC_SETTINGS", raising=False)
    shipped = (Path(__file__).parents[2] / "settings.yaml").read_text()
    here, installed = tmp_path / "settings.yaml", tmp_path / "etc" / "invoice-sync" / "settings.yaml"
    installed.parent.mkdir(parents=True)
    here.write_text(shipped)
    with pytest.raises(InvalidSettings) as refused:
        find_file(None, root=tmp_path)
    assert str(here) in str(refused.value)
    assert "invoice-sync init" in str(refused.value.hint)
    installed.write_text(shipped)
    with pytest.raises(InvalidSettings, match=re.escape(str(installed))):
        find_file(None, root=tmp_path)
    installed.write_text(shipped.replace("shop.example.com", "shop.example.org"))
    assert find_file(None, root=tmp_path) == installed, "a command may be typed in the checkout"
    assert find_file("settings.yaml", root=tmp_path) == Path("settings.yaml"), "a name is a name"
    monkeypatch.setenv("INVOICE_SYNC__MAGENTO__BASE_URL", "https://elsewhere.example")
    assert find_file(None, root=tmp_path) == Path("settings.yaml"), "the environment has filled it in"


def test_where_the_state_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert state_path(settings({"state.path": "~/here.db"}), environ={"STATE_DIRECTORY": "/var/lib/x"}) == Path(
        "/home/me/here.db"
    )
    assert state_path(settings(), environ={"STATE_DIRECTORY": "/var/lib/x:/var/lib/y"}) == Path("/var/lib/x/state.db")
    assert state_path(settings(), environ={}).parts[-2:] == ("invoice-sync", "state.db")


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("state.path", lambda read: state_path(read.settings, read.document.path, {})),
        ("magento.ca_bundle", lambda read: Path(str(read.settings.magento.ca_bundle))),
        ("salesforce.ca_bundle", lambda read: Path(str(read.settings.salesforce.ca_bundle))),
    ],
)
@pytest.mark.parametrize("how", ["in the file", "in the environment"])
def test_a_relative_path_begins_where_settings_yaml_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, found: Callable[[Configuration], Path], how: str
) -> None:
    section, name = key.split(".")
    folder = tmp_path / "etc"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for value, right in (("a/b", folder / "a/b"), ("../b", folder / "../b"), ("/abs", Path("/abs"))):
        setting = f"{section}:\n  {name}: {value}\n" if how == "in the file" else ""
        text = (
            GOOD.replace(f"{section}:\n", setting)
            if section in ("magento", "salesforce") and setting
            else GOOD + setting
        )
        written(folder, text)
        environ = {**ENVIRON, **({f"INVOICE_SYNC__{section}__{name}".upper(): value} if not setting else {})}
        for current, path in ((folder, "settings.yaml"), (elsewhere, "../etc/settings.yaml")):
            monkeypatch.chdir(current)
            place = found(load(Path(path), environ))
            assert place.is_absolute()
            assert place.resolve() == right.resolve()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ('"~nobody-of-this-name/x"', "names the home folder of a user that this machine does not have"),
        ('"a\\0b"', "holds a character that no path can have"),
        ('"a\\nb"', "holds a character that no path can have"),
    ],
)
def test_a_path_that_cannot_be(tmp_path: Path, path: str, words: str) -> None:
    (problem,) = problems(tmp_path, GOOD + f"state:\n  path: {path}\n")
    assert words in problem
    assert ":6:3: state.path" in problem


def test_the_services_state_is_found_by_where_its_settings_are(tmp_path: Path) -> None:
    for name in ("invoice-sync", "invoice-sync-outlet", "other"):
        (tmp_path / "var" / "lib" / name).mkdir(parents=True)

    def found(file: str) -> Path | None:
        return service_folder(tmp_path / file, tmp_path)

    assert found("etc/invoice-sync/settings.yaml") == tmp_path / "var/lib/invoice-sync"
    assert found("etc/invoice-sync-outlet/settings.yaml") == tmp_path / "var/lib/invoice-sync-outlet"
    for another in ("etc/other/settings.yaml", "home/invoice-sync/settings.yaml", "etc/invoice-sync/other.yaml"):
        assert found(another) is None
    assert found("etc/invoice-sync-gone/settings.yaml") is None, "no service has run under this name"


# --- secrets


def secret(folder: Path, name: str, value: str | bytes, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(value.encode() if isinstance(value, str) else value)
    path.chmod(mode)
    return path


def test_a_secret_is_taken_from_environment_then_credentials_then_folder(tmp_path: Path) -> None:
    name = "salesforce_client_secret"
    environ = dict(ENVIRON)
    secret(tmp_path / "secrets", name, "from-folder\n")
    secret(tmp_path / "credentials", name, "from-systemd\n")
    path = written(tmp_path, GOOD)
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    environ[f"INVOICE_SYNC_{name.upper()}"] = " from-environment \n"
    assert load(path, environ).secrets[name] == "from-environment"
    del environ[f"INVOICE_SYNC_{name.upper()}"]
    assert load(path, environ).secrets[name] == "from-systemd"
    del environ["CREDENTIALS_DIRECTORY"]
    assert load(path, environ).secrets[name] == "from-folder"


def test_every_missing_secret_is_named_with_where_it_belongs(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD, {})
    assert [problem.split()[2] for problem in found] == list(SECRETS)
    assert found[0] == (
        "the secret magento_consumer_key is missing (auth: oauth1): set INVOICE_SYNC_MAGENTO_CONSUMER_KEY, "
        "give systemd the credential magento_consumer_key, or write it to secrets/magento_consumer_key"
    )


def test_only_the_secrets_of_the_chosen_ways_are_needed(tmp_path: Path) -> None:
    environ = {name: ENVIRON[name] for name in ENVIRON if "CONSUMER" not in name and "TOKEN_SECRET" not in name}
    found = load(written(tmp_path, magento("auth: bearer")), environ)
    assert sorted(found.secrets) == ["magento_access_token", "salesforce_client_id", "salesforce_client_secret"]
    assert len(found.secrets) == 3


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it(tmp_path: Path, mode: int) -> None:
    path = secret(tmp_path / "secrets", "salesforce_client_id", "hush", mode)
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_ID")}
    (found,) = problems(tmp_path, GOOD, environ)
    assert found == f"secrets/{path.name}: others can read this secret; run: chmod 600 {path}".replace(
        f"{tmp_path}{os.sep}", ""
    )


def test_a_secret_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_ID")}
    secret(tmp_path / "secrets", "salesforce_client_id", b"\xff")
    assert problems(tmp_path, GOOD, environ) == ["secrets/salesforce_client_id: cannot be read: is not UTF-8 text"]
    (tmp_path / "secrets" / "salesforce_client_id").unlink()
    (tmp_path / "secrets" / "salesforce_client_id").mkdir(mode=0o700)
    assert problems(tmp_path, GOOD, environ) == ["secrets/salesforce_client_id: cannot be read: Is a directory"]


def test_an_empty_secret_is_said_to_be_empty_where_it_stands(tmp_path: Path) -> None:
    secret(tmp_path / "secrets", "salesforce_client_id", "\n")
    (found,) = problems(tmp_path, GOOD, {**ENVIRON, "INVOICE_SYNC_SALESFORCE_CLIENT_ID": ""})
    assert found == "secrets/salesforce_client_id is empty: write the secret into it"
    (found,) = problems(tmp_path, GOOD, {**ENVIRON, "INVOICE_SYNC_SALESFORCE_CLIENT_ID": "  "})
    assert found == "INVOICE_SYNC_SALESFORCE_CLIENT_ID holds only blanks: write the secret into it"


@pytest.mark.parametrize("handed", ["MISSING", "MISSING\n"])
def test_a_secret_that_systemd_has_not_is_a_missing_one_that_root_is_to_write(tmp_path: Path, handed: str) -> None:
    secret(tmp_path / "credentials", "salesforce_client_id", handed)
    secret(tmp_path / "credentials", "magento_username", "MISSING")  # not needed for oauth1
    secret(tmp_path / "secrets", "salesforce_client_id", "written while the service runs")
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_ID")}
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    (found,) = problems(tmp_path, GOOD, environ)
    assert found == (
        "the secret salesforce_client_id is missing (auth: client_credentials): as root write it to "
        "secrets/salesforce_client_id, then start the service again"
    )


@pytest.mark.parametrize("handed", ["", "\n"])
def test_an_empty_credential_is_said_to_be_empty_where_it_stands(tmp_path: Path, handed: str) -> None:
    secret(tmp_path / "credentials", "salesforce_client_id", handed)
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_ID")}
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    assert problems(tmp_path, GOOD, environ) == [
        (
            "the secret salesforce_client_id is empty in credentials/salesforce_client_id: as root write it to "
            "secrets/salesforce_client_id, then start the service again"
        )
    ]


def test_a_credential_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "credentials" / "salesforce_client_id").mkdir(parents=True)
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_ID")}
    environ["CREDENTIALS_DIRECTORY"] = str(tmp_path / "credentials")
    assert problems(tmp_path, GOOD, environ) == ["credentials/salesforce_client_id: cannot be read: Is a directory"]


def test_secrets_show_their_names_only(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, GOOD))
    assert "magento_access_token" in shown
    assert not [value for value in SECRETS.values() if len(value) > 8 and value in shown]


# --- edits under a running daemon


def edit(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def test_an_edit_takes_effect_once(tmp_path: Path) -> None:
    file = SettingsFile(written(tmp_path, GOOD), ENVIRON)
    assert file.reload() is False
    edit(file.path, magento("page_size: 7"))
    assert file.reload() is True
    assert file.current.settings.magento.page_size == 7
    assert file.reload() is False


def test_a_broken_edit_is_refused_once_and_the_last_good_settings_stay(tmp_path: Path) -> None:
    file = SettingsFile(written(tmp_path, magento("page_size: 7")), ENVIRON)
    for broken in ("magento: [", "", magento("page_size: 0")):
        edit(file.path, broken)
        assert isinstance(file.reload(), InvalidSettings)
        assert file.reload() is False
        assert file.current.settings.magento.page_size == 7
    file.path.unlink()
    assert isinstance(file.reload(), InvalidSettings)
    assert file.reload() is False
    edit(file.path, magento("page_size: 7"))
    assert file.reload() is True  # good again: said so, though it is as it was
    assert file.reload() is False
    edit(file.path, magento("page_size: 8"))
    assert file.reload() is True
    assert file.current.settings.magento.page_size == 8


def test_an_edit_that_changes_nothing_is_none(tmp_path: Path) -> None:
    file = SettingsFile(written(tmp_path, GOOD), ENVIRON)
    edit(file.path, "# a word\n" + GOOD)
    assert file.reload() is False
    assert file.current.document.where("magento", "base_url").endswith("settings.yaml:3:3")


def test_a_changed_secret_is_an_edit_too(tmp_path: Path) -> None:
    environ = {name: value for name, value in ENVIRON.items() if not name.endswith("CLIENT_SECRET")}
    path = secret(tmp_path / "secrets", "salesforce_client_secret", "before")
    file = SettingsFile(written(tmp_path, GOOD), environ)
    secret(tmp_path / "secrets", "salesforce_client_secret", "after-it")
    assert file.reload() is True
    assert file.current.secrets["salesforce_client_secret"] == "after-it"
    path.chmod(0o644)
    assert isinstance(file.reload(), InvalidSettings)


JWT = salesforce("auth: jwt_bearer\nusername: jane@example.com")


def only_certificate(folder: Path) -> str:
    text = certificate(folder, "localhost").read_text()
    return text[: text.index("-----BEGIN PRIVATE KEY")]


def by_assertion(key: str) -> dict[str, str]:
    without = {name: value for name, value in ENVIRON.items() if name != "INVOICE_SYNC_SALESFORCE_CLIENT_SECRET"}
    return {**without, "INVOICE_SYNC_SALESFORCE_PRIVATE_KEY": key}


def test_jwt_bearer_needs_a_user_name_and_a_private_key_but_no_client_secret(tmp_path: Path) -> None:
    private = keys.key_pair()[0]
    found = load(written(tmp_path, JWT), by_assertion(private))
    assert found.settings.salesforce.username == "jane@example.com"
    assert found.secrets["salesforce_private_key"] == private.strip()
    (missing,) = problems(tmp_path, JWT, by_assertion(""))
    assert missing.startswith("the secret salesforce_private_key is missing (auth: jwt_bearer)")


def test_a_private_key_may_have_its_line_breaks_written_out_as_in_an_environment_file(tmp_path: Path) -> None:
    private = keys.key_pair()[0].strip()
    found = load(written(tmp_path, JWT), by_assertion(private.replace("\n", "\\n")))
    assert found.secrets["salesforce_private_key"] == private


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (lambda _: "no key at all", "is not a private key in PEM"),
        (only_certificate, "is a certificate, which belongs in the app in Salesforce"),
        (lambda _: keys.key_pair()[1], "is a public key; put the private key here"),
        (lambda _: keys.encrypted_key(), "is encrypted, and the daemon cannot ask for its passphrase"),
        (lambda _: keys.elliptic_key(), "is not an RSA key, the only kind that Salesforce takes"),
        (lambda _: keys.short_key(), "has 1024 bits, and Salesforce wants 2048 or more"),
        (lambda _: keys.key_pair()[0][:400], "is cut short or damaged"),
    ],
    ids=["a word", "the certificate", "the public key", "encrypted", "elliptic", "short", "cut"],
)
def test_a_key_that_cannot_sign_is_refused_when_the_settings_are_read(
    tmp_path: Path, key: Callable[[Path], str], said: str
) -> None:
    text = key(tmp_path)
    (problem,) = problems(tmp_path, JWT, by_assertion(text))
    assert problem.startswith(f"the secret salesforce_private_key {said}")
    assert len(text) < 60 or text[40:80] not in problem


def test_a_key_beside_its_certificate_in_one_file_is_taken(tmp_path: Path) -> None:
    both = f"{only_certificate(tmp_path)}{keys.key_pair()[0]}"
    assert "salesforce_private_key" in load(written(tmp_path, JWT), by_assertion(both)).secrets


@pytest.mark.parametrize("value", ["to\nken", "to ken", "tok€n", "tok\u200ben", "to\tken"])
@pytest.mark.parametrize("name", ["magento_access_token", "magento_consumer_secret", "salesforce_client_secret"])
def test_a_key_that_was_copied_wrongly_is_refused_in_a_sentence_that_does_not_show_it(
    tmp_path: Path, name: str, value: str
) -> None:
    (problem,) = problems(tmp_path, GOOD, {**ENVIRON, f"INVOICE_SYNC_{name.upper()}": value})
    assert problem.startswith(f"the secret {name} holds ")
    assert value not in problem


def test_a_password_may_be_any_text(tmp_path: Path) -> None:
    environ = {
        **ENVIRON,
        "INVOICE_SYNC_MAGENTO_USERNAME": "Jörg Müller",
        "INVOICE_SYNC_MAGENTO_PASSWORD": "correct horse €",
    }
    assert load(written(tmp_path, magento("auth: admin")), environ).secrets["magento_password"] == "correct horse €"
