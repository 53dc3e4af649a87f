"""Events are one line each, in the form that is asked for, without secrets or customer data."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from daemon.log import in_the_journal, open_log
from daemon.redaction import Redaction

SECRETS = {"magento_access_token": "hush-hush", "salesforce_client_id": "hush-hush-longer", "short": "abc"}


def line(form: str, event: str = "invoice.failed", level: str = "info", **fields: object) -> str:
    """What one event looks like in this form."""
    stream = io.StringIO()
    log = open_log("debug", form, Redaction(SECRETS), stream)
    getattr(log, level)(event, **fields)
    written = stream.getvalue()
    assert written.endswith("\n")
    assert "\n" not in written[:-1]
    return written[:-1]


def test_json_is_one_object_a_line_that_begins_with_when_how_grave_and_what() -> None:
    found = json.loads(line("json", invoice="000000007", entity_id=7, reason=None))
    assert list(found) == ["timestamp", "level", "event", "invoice", "entity_id"]
    assert found["timestamp"].endswith("Z")
    assert (found["level"], found["event"], found["invoice"], found["entity_id"]) == (
        "info", "invoice.failed", "000000007", 7,
    )  # fmt: skip


@pytest.mark.parametrize(("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3)])
def test_the_journal_takes_the_priority_from_the_line(level: str, priority: int) -> None:
    assert line("journal", "pass.finished", level, seen=3) == f"<{priority}>pass.finished seen=3"


def test_the_journal_quotes_what_has_spaces() -> None:
    assert line("journal", reason="too long", code="X") == "<6>invoice.failed reason='too long' code=X"


@pytest.mark.parametrize("text", ["a\n<3>forged", "a\rb", "a\tb", "a\x1b[31mb", "a\u2028b"])
def test_no_value_can_begin_a_line_of_its_own(text: str) -> None:
    found = line("journal", reason=text)
    assert found.isprintable()
    assert found.startswith("<6>invoice.failed reason='a")


def test_the_console_shows_the_event_and_its_fields() -> None:
    found = line("console", invoice="000000007")
    assert "invoice.failed" in found
    assert "invoice=000000007" in found
    assert "\x1b" not in found  # no colours into a file


@pytest.mark.parametrize("form", ["json", "journal", "console"])
def test_fields_that_nobody_thought_about_are_not_written(form: str) -> None:
    found = line(form, customer_name="Jane Doe", comment="call me", address="1 Main St", invoice="7")
    assert not [word for word in ("Jane", "call me", "Main St") if word in found]
    assert "invoice" in found


@pytest.mark.parametrize("form", ["json", "journal", "console"])
def test_secrets_and_addresses_are_removed_wherever_they_stand(form: str) -> None:
    found = line(
        form,
        reason="token hush-hush of jane.doe+x@mail.example.com",
        problems=["hush-hush", "of joe@example.org"],
        error="hush-hush-longer",
    )
    assert "hush" not in found
    assert "longer" not in found
    assert "example.com" not in found
    assert "example.org" not in found
    assert "[secret]" in found
    assert "[e-mail]" in found


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("nothing to hide", "nothing to hide"),
        ("hush-hush", "[secret]"),
        ("<jane@example.com>", "<[e-mail]>"),
        ('"jane@example.com","joe@example.co.uk"', '"[e-mail]","[e-mail]"'),
        ("name@host", "name@host"),
        ("@{invoice.id}", "@{invoice.id}"),
        ("abc stays, it is too short to be told from words", "abc stays, it is too short to be told from words"),
    ],
)
def test_what_is_redacted(text: str, redacted: str) -> None:
    assert Redaction(SECRETS).clean(text) == redacted


def test_what_is_no_text_is_left_as_it_is() -> None:
    event = {"event": "pass.finished", "seen": 3, "seconds": 0.5, "outcome": None}
    assert Redaction()(None, "info", dict(event)) == event


def test_events_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    open_log("warning", "json", Redaction(), stream).info("pass.started")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("journal", "form"), [("this", "journal"), ("another", "json"), (None, "json")])
def test_the_form_is_found_by_where_the_lines_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, journal: str | None, form: str
) -> None:
    """What systemd starts inherits JOURNAL_STREAM, a shell and a pipe too: it names the one stream that it is."""
    with (tmp_path / "stderr").open("w+") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.delenv("JOURNAL_STREAM", raising=False)
        if journal:
            monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino + (journal == 'another')}")
        open_log("info", "auto", Redaction(), stream).info("pass.started")
        stream.seek(0)
        assert stream.read().startswith("<6>" if form == "journal" else "{")


def test_a_message_of_several_lines_is_as_grave_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_the_journal("invoice-sync: two things\na\nb", "error") == "<3>invoice-sync: two things\n<3>a\n<3>b"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_console_form_in_colours_unless_it_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    open_log("info", "auto", Redaction(), coloured).info("pass.started")
    monkeypatch.setenv("NO_COLOR", "1")
    open_log("info", "auto", Redaction(), plain).info("pass.started")
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[" not in plain.getvalue()
    assert "pass.started" in plain.getvalue()
