"""No secret stays in a text, however it is escaped, cut or repeated."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.redaction import Redaction, heard, redact, redaction

TOKEN = "00D5g0000000001!AQ.canary/of+the=session&<'\">token"
SECRETS = {"salesforce_client_secret": 'pass&word <of> "quotes"\n2nd', "magento_access_token": TOKEN, "pin": "4711"}
SPELLED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "on one line": lambda text: " ".join(text.split()),
    "in a URL": lambda text: quote(text, safe=""),
    "as HTML": html.escape,
    "as JSON": lambda text: json.dumps(text)[1:-1],
    "as JSON twice": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("way", SPELLED)
@pytest.mark.parametrize("name", ["salesforce_client_secret", "magento_access_token"])
def test_a_secret_is_taken_out_however_it_is_spelled(name: str, way: str) -> None:
    quoted = SPELLED[way](SECRETS[name])
    found = redact(f"refused: {quoted} (see the log)", SECRETS)
    assert quoted not in found
    assert quoted[:12] not in found
    assert "[secret]" in found


@pytest.mark.parametrize("length", range(12, len(TOKEN)))
def test_a_secret_that_is_cut_is_taken_out_too(length: int) -> None:
    assert redact(f"token {TOKEN[:length]}… is over", SECRETS) == "token [secret]… is over"


def test_what_looks_like_a_session_or_an_assertion_is_one() -> None:
    assert "AQEAQ" not in redact("session 00D8d000000TzvE!AQEAQ.someone_elses is over", {})
    assertion = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOSJ9.c2lnbmF0dXJl"
    assert redact(f"invalid assertion: {assertion}", {}) == "invalid assertion: [secret]"


def test_taking_out_twice_changes_nothing() -> None:
    for word in ("secret", "[sec", "cret]", "[secret]"):
        once = redact(f"the {word} word", {"a": "secret", "b": "[sec"})
        assert redact(once, {"a": "secret", "b": "[sec"}) == once


def test_a_token_that_was_replaced_is_still_taken_out() -> None:
    kept = Redaction()
    for number in range(5):
        kept.learn_token("salesforce", f"token-number-{number}-of-the-org")
    found = kept.clean(" ".join(f"token-number-{number}-of-the-org" for number in range(5)))
    assert found == " ".join(["[secret]"] * 5)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_secret_is_left_whatever_stands_around_it(before: str, after: str) -> None:
    found = redact(f"{before}{TOKEN}{after}", SECRETS)
    assert TOKEN not in found
    assert TOKEN[20:] not in found


def test_what_a_side_says_is_one_line_cut_and_clean() -> None:
    before, redaction.secrets = redaction.secrets, SECRETS
    try:
        found = heard(f"no\n<3>forged: {TOKEN}\r\n" + "x" * 10_000)
    finally:
        redaction.secrets = before
    assert found.startswith("no <3>forged: [secret] xxx")
    assert len(found) <= 4_000
    assert heard({"a": 1}) == heard(None) == ""
