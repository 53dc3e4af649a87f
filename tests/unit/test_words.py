"""What people read holds nothing that forges a line or hides in one."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.words import visible, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("000000042", "000000042"),
        ("Zoë 😀 日本", "Zoë 😀 日本"),
        ("a\u00a0b", "a\u00a0b"),
        ("1\n2", "1\\u000a2"),
        ("1\t2", "1\\u00092"),
        ("\x1b[31m", "\\u001b[31m"),
        ("1\u202e2", "1\\u202e2"),
        ("1\u2028\u2029", "1\\u2028\\u2029"),
        ("1\u200b\u200d\u2060\ufeff\u00ad", "1\\u200b\\u200d\\u2060\\ufeff\\u00ad"),
        ("\u061c\u200e\u2066", "\\u061c\\u200e\\u2066"),
        ("\u3164\u2800", "\\u3164\\u2800"),
        ("\U000e0041", "\\udb40\\udc41"),
        ("\ud800", "\\ud800"),
        ("\x85\x9b", "\\u0085\\u009b"),
    ],
)
def test_what_is_invisible_or_acts_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_of_ours_stay_lines() -> None:
    assert visible_lines("two things:\n- a\u202e\n- b") == "two things:\n- a\\u202e\n- b"


@given(st.text())
def test_nothing_is_left_that_acts_and_spelling_twice_changes_nothing(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert visible(shown) == shown
    assert "\n" not in shown


@given(st.text())
def test_a_json_text_stays_the_same_value(text: str) -> None:
    assert json.loads(visible(json.dumps(text, ensure_ascii=False))) == text
