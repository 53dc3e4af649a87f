"""Whatever stands in a value of an event, the event is one line, and what the line says is what the daemon said."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from daemon.log import open_log
from daemon.redaction import Redaction

STEADY = settings(
    deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no defect
FORGED = st.sampled_from(
    [
        "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x1b[2K\r",
        "\x1b[31m",
        "\x1b]0;title\x07", "\x9b31m", "\x07", "\x08", "\x7f", "<3>daemon.stopping", "\n<0>daemon.started pid=1",
        '","event":"daemon.started","x":"', '"}\n{"event":"invoice.synced"}', "' event='x", "event=invoice.synced",
        "level=error", "\\n", "\\", "'", '"', "\u202e", "\u2066", "\ud800", "\udfff", "\ufeff", "😀", " ",
        "=", "[", "\t",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=30),
    st.lists(st.one_of(FORGED, st.text(max_size=4)), max_size=6).map("".join),
)
VALUES = st.one_of(TEXTS, st.lists(TEXTS, max_size=3))
NAMES = st.sampled_from(["invoice", "reason", "error", "hint", "path", "code", "problems", "outcome"])
# What a viewer or a terminal acts on instead of showing it.
ACTIVE = {
    chr(code) for code in [*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
}


def line(form: str, fields: dict[str, object]) -> str:
    """The one line of an event, as it goes through a stream that takes UTF-8 alone."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
    open_log("debug", form, Redaction(), stream).warning("invoice.failed", entity_id=7, **fields)
    written = raw.getvalue().decode()
    assert written.endswith("\n")
    return written[:-1]


@pytest.mark.parametrize("form", ["console", "json", "journal"])
@STEADY
@given(st.dictionaries(NAMES, VALUES, max_size=3))
@example({"reason": "\ud800"})
@example({"reason": "a\n<3>daemon.stopping"})
@example({"reason": "\x1b[2K\rall is well"})
@example({"reason": "\u202eevil"})
@example({"problems": ["a\nb", "\x1b[31m", "\ud800"]})
def test_no_value_begins_a_line_or_acts_on_a_terminal(form: str, fields: dict[str, object]) -> None:
    written = line(form, fields)
    assert not ACTIVE & set(written), repr(written)
    assert len(written.splitlines()) == 1


@STEADY
@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_json_says_what_was_said_and_no_value_becomes_a_field(fields: dict[str, object]) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({name for name, _ in pairs}) == len(pairs), "no key twice"
        return dict(pairs)

    found = json.loads(line("json", fields), object_pairs_hook=once)
    assert (found["event"], found["level"], found["entity_id"]) == ("invoice.failed", "warning", 7)
    assert set(found) == {"timestamp", "level", "event", "entity_id", *fields}


@STEADY
@given(st.dictionaries(NAMES, TEXTS, max_size=3))
def test_the_journals_priority_and_event_stand_first_and_once(fields: dict[str, object]) -> None:
    written = line("journal", fields)
    assert written.startswith("<4>invoice.failed entity_id=7")


@STEADY
@given(NAMES, TEXTS)
def test_the_journal_quotes_whatever_could_be_read_as_another_field(name: str, text: str) -> None:
    value = line("journal", {name: text}).removeprefix(f"<4>invoice.failed entity_id=7 {name}=")
    if " " in value or "=" in value:
        assert value[0] == value[-1]
        assert value[0] in "'\""
