"""settings.yaml broken in every way: refused at start with line and column; the last good settings while running."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from daemon.scheduler import run_once
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

Break = Callable[[str], bytes | None]
"""What becomes of the good text of settings.yaml; None: it is removed."""


def with_line(line: str) -> Break:
    """That line at the end of the file."""
    return lambda good: (good + line + "\n").encode()


def in_section(section: str, *lines: str) -> Break:
    return lambda good: good.replace(f"{section}:\n", "\n".join([f"{section}:", *lines, ""]), 1).encode()


def half_written(good: str) -> bytes:
    """Cut off in the middle of a text in quotes."""
    return (good + 'logging:\n  level: "deb').encode()


def marked(good: str) -> bytes:
    """With a byte order mark, and a wrong key in its second section."""
    return b"\xef\xbb\xbf" + in_section("schedule", "  pol_interval: 1s")(good)  # type: ignore[operator]


def crlf(good: str) -> bytes:
    return in_section("schedule", "  pol_interval: 1s")(good).replace(b"\n", b"\r\n")  # type: ignore[union-attr]


def bomb(good: str) -> bytes:
    """A thousand million values, of nine lines."""
    lines = "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefghij"))
    return f"{good}a: &a [x,x,x,x,x,x,x,x,x]\n{lines}".encode()


def line_of(content: bytes, words: str) -> int:
    return content.decode("utf-8-sig").replace("\r\n", "\n").splitlines().index(words) + 1


def settings_of(world: World) -> str:
    """The world's settings as a person writes them: a key a line."""
    text = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.dump(world.values, text)
    return text.getvalue()


def write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


DID_YOU_MEAN = r":{line}:3: .*did you mean poll_interval"
BROKEN = [
    case("settings: syntax error", with_line("logging: [info"), r":\d+:\d+: "),
    case("settings: unknown key", in_section("schedule", "  pol_interval: 1s"), DID_YOU_MEAN),
    case("settings: wrong type", in_section("schedule", "  overlap: often"), r":{line}:3: schedule.overlap "),
    case("settings: out of range", in_section("schedule", "  overlap: 2s"), r":{line}:3: schedule.overlap "),
    case("settings: half written", half_written, r":\d+:\d+: "),
    case("settings: removed", lambda _: None, ": this file does not exist"),
    case("settings: BOM", marked, DID_YOU_MEAN),
    case("settings: CRLF", crlf, DID_YOU_MEAN),
    case("settings: aliases", bomb, r":\d+:\d+: an alias \(\*\) is not allowed"),
    case("settings: more than 100 kB", with_line("#" * 100_000), ": cannot be read: it is larger"),
    case("settings: duplicate key", with_line("state:\n  path: elsewhere.db"), r":\d+:1: .*duplicate key"),
    case(
        "a secret in settings.yaml",
        in_section("salesforce", "  client_secret: hush-hush"),
        r":{line}:3: salesforce.client_secret is a secret .*INVOICE_SYNC_SALESFORCE_CLIENT_SECRET.*"
        "secrets/salesforce_client_secret",
    ),
]  # fmt: skip


def expected_in(world: World, pattern: str, content: bytes | None) -> str:
    """The pattern with the file's name and the line at which the wrong key stands."""
    wrong = [
        line for line in (content or b"").decode("utf-8-sig").splitlines() if re.match(r"  (pol_|overlap|client)", line)
    ]
    line = line_of(content, wrong[0]) if content and wrong and "{line}" in pattern else 0
    return re.escape(str(world.settings_path)) + pattern.replace("{line}", str(line))


@pytest.mark.parametrize(("breaking", "pattern"), BROKEN)
def test_broken_settings(world: World, breaking: Break, pattern: str) -> None:
    good = settings_of(world)
    world.settings_path.write_text(good)
    content = breaking(good)
    pattern = expected_in(world, pattern, content)
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        write(world.settings_path, content)
        world.invoice(comment="meanwhile")
        for _ in range(3):
            run_once(work)
        (refused,) = world.named("settings.refused")
        assert re.search(pattern, "\n".join(refused["problems"]))
        assert_promises(world)  # the old settings stay in force
    world.invoice(comment="after it ended")
    started = world.command("run", "--once")
    assert started.returncode == 78, started.stderr
    assert re.search(pattern, started.stderr), started.stderr
    assert "hush-hush" not in started.stderr
    assert "Traceback" not in started.stderr
    assert len(world.wire_invoices()) == len(world.rows()) + 1, "nothing was done"
    world.settings_path.write_text(good)
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("settings: a pipe in its place")
@pytest.mark.parametrize("name", ["settings.yaml", "secrets/magento_access_token"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(world: World, name: str) -> None:
    path = world.folder / name
    good = path.read_bytes()
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        path.unlink()
        os.mkfifo(path, 0o600)
        world.invoice(comment="meanwhile")
        run_once(work)
        (refused,) = world.named("settings.refused")
        assert "is not a plain file" in str(refused["problems"])
        assert_promises(world)  # the old settings stay in force
    for command in (["run", "--once"], ["settings", "check"], ["status"]):
        done = world.command(*command)
        assert done.returncode == 78, done.stderr
        assert "is not a plain file" in done.stderr
    path.unlink()
    path.write_bytes(good)
    path.chmod(0o600)
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("settings: unknown key")
@pytest.mark.fault("settings: wrong type")
def test_all_that_is_wrong_is_said_at_once(world: World) -> None:
    world.set("schedule.pol_interval", "1s")
    world.set("magento.page_size", "many")
    world.set("invoices.synchronize_notes", "perhaps")
    done = world.command("run", "--once")
    assert done.returncode == 78
    for name in ("schedule.pol_interval", "magento.page_size", "invoices.synchronize_notes"):
        assert re.search(rf"settings\.yaml:\d+:\d+: {name}", done.stderr), done.stderr


@pytest.mark.fault("settings: BOM")
@pytest.mark.fault("settings: CRLF")
def test_settings_from_windows_are_read_as_they_are_meant(world: World) -> None:
    good = world.settings_path.read_bytes()
    world.settings_path.write_bytes(b"\xef\xbb\xbf" + good.replace(b"\n", b"\r\n"))
    world.invoice(comment="all the same")
    done = world.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert_promises(world)


@pytest.mark.fault("a secrets file that others can read")
def test_a_secret_that_others_can_read(world: World) -> None:
    secret = world.folder / "secrets" / "magento_access_token"
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        secret.chmod(0o644)
        world.invoice(comment="meanwhile")
        for _ in range(3):
            run_once(work)
        (refused,) = world.named("settings.refused")
        assert f"chmod 600 {secret}" in str(refused["problems"])
        assert_promises(world)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert f"{secret}: others can read this secret; run: chmod 600 {secret}" in done.stderr
    world.invoice(comment="after it was mended")
    secret.chmod(0o600)
    assert world.command("run", "--once").returncode == 0
    assert_promises(world)
