"""No secret stays in a text, however it is escaped, cut or repeated."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.redaction import Redaction

TOKEN = "00D5g0000000001!AQ.canary/of+the=session&<'\">token"
SECRETS = {"salesforce_client_secret": 'pass&word <of> "quotes"\n2nd', "magento_access_token": TOKEN, "pin": "4711"}


def redact(text: str, secrets: Mapping[str, str]) -> str:
    return Redaction(secrets).clean(text)


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


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Magento denied the sign-in of magento_username: no", "Magento denied the sign-in of magento_username: no"),
        ("set magento.auth, or see magento.example.com", "set magento.auth, or see magento.example.com"),
        ("user magento is locked", "user [secret] is locked"),
        ("'magento', <magento>.", "'[secret]', <[secret]>."),
        ("?user=x%3Dmagento&", "?user=x%3D[secret]&"),
        ('{"a": "\\nmagento"}', '{"a": "\\n[secret]"}'),
        ("the magento-password-1 is wrong", "the [secret] is wrong"),
    ],
)
def test_a_user_name_is_taken_out_as_a_whole_word_alone(text: str, left: str) -> None:
    """Ours are full of the word that many a shop calls its user by."""
    assert redact(text, {"magento_username": "magento", "magento_password": "magento-password-1"}) == left


def test_a_password_that_is_the_user_name_is_taken_out_wherever_it_stands() -> None:
    assert redact("xadminy", {"magento_username": "admin", "magento_password": "admin"}) == "x[secret]y"


def test_what_an_event_is_stays_readable_whatever_word_a_secret_is() -> None:
    kept = Redaction({"magento_username": "magento", "magento_password": "info"})
    event = {"event": "magento.failing", "level": "info", "side": "magento", "reason": "info of magento"}
    found = kept(None, "info", dict(event))
    assert found == event | {"reason": "[secret] of [secret]"}


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
    kept = Redaction(SECRETS)
    found = kept.heard(f"no\n<3>forged: {TOKEN}\r\n" + "x" * 10_000)
    assert found.startswith("no <3>forged: [secret] xxx")
    assert len(found) <= 4_000
    assert kept.heard({"a": 1}) == kept.heard(None) == ""


def test_what_one_shop_hides_says_nothing_of_another() -> None:
    one, other = Redaction({"magento_access_token": "hush-hush"}), Redaction()
    other.use({"magento_access_token": "its-own-token"})
    other.learn_token("salesforce", "a-session-of-the-org")
    said = "hush-hush its-own-token a-session-of-the-org"
    assert one.clean(said) == "[secret] its-own-token a-session-of-the-org"
    assert other.clean(said) == "hush-hush [secret] [secret]"
