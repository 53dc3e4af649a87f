"""The sandbox turns JSON values into a field's values, or refuses them, as Salesforce does."""

import base64
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sandbox.salesforce.org import ApiError, Field
from daemon.sandbox.salesforce.org.note_html import plain_text, saved_html
from daemon.sandbox.salesforce.org.values import parse_value

AMOUNT = Field(name="Total__c", label="Total", type="double", precision=18, scale=4)
FLAG = Field(name="Flag__c", label="Flag", type="boolean")
INSTANT = Field(name="At__c", label="At", type="datetime")
TEXT = Field(name="Text__c", label="Text", length=10)
PARENT = Field(name="Parent__c", label="Parent", type="reference", length=18)
CONTENT = Field(name="Content", label="Content", type="base64")


def code_of(field: Field, raw: object) -> str:
    with pytest.raises(ApiError) as caught:
        parse_value(field, raw)
    return caught.value.code


@given(st.decimals(Decimal(-(10**14) + 1), Decimal(10**14 - 1), places=4))
def test_an_amount_of_fourteen_and_four_digits_is_kept_exactly(amount: Decimal) -> None:
    assert parse_value(AMOUNT, amount) == amount
    assert parse_value(AMOUNT, str(amount)) == amount


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("0.00005", "0.0001"), ("0.00004", "0"), ("-0.00004", "0"), ("1e3", "1000"), ("", None), (None, None), (7, "7")],
)
def test_amounts_are_rounded_to_their_scale(raw: object, kept: str | None) -> None:
    value = parse_value(AMOUNT, raw)
    assert value == (Decimal(kept) if kept is not None else None)
    assert not str(value).startswith("-0")


@pytest.mark.parametrize("raw", [10**14, -(10**14), Decimal("99999999999999.99999"), "1e400", 10**60])
def test_an_amount_with_too_many_digits_is_out_of_range(raw: object) -> None:
    assert code_of(AMOUNT, raw) == "NUMBER_OUTSIDE_VALID_RANGE"


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        (AMOUNT, "1,5"),
        (AMOUNT, "NaN"),
        (AMOUNT, True),
        (AMOUNT, [1]),
        (FLAG, 1),
        (FLAG, "yes"),
        (FLAG, ""),
        (INSTANT, "2026-11-22"),
        (INSTANT, "2026-13-22T00:00:00Z"),
        (INSTANT, "1066-10-14T00:00:00Z"),
        (INSTANT, "2026-11-22T00:00:00"),
        (TEXT, 5),
        (TEXT, {"a": 1}),
        (TEXT, "\ud800"),
        (PARENT, 5),
        (CONTENT, "%%%"),
        (CONTENT, base64.b64encode(b"\xff").decode()),
    ],
)
def test_a_value_of_the_wrong_type_is_a_json_parser_error(field: Field, raw: object) -> None:
    assert code_of(field, raw) == "JSON_PARSER_ERROR"


def test_a_checkbox_is_never_null() -> None:
    assert code_of(FLAG, None) == "INVALID_TYPE_ON_FIELD_IN_RECORD"
    assert parse_value(FLAG, "TRUE") is True


def test_an_id_is_kept_with_eighteen_characters() -> None:
    assert parse_value(PARENT, "001D000000IRFma") == "001D000000IRFmaIAH"
    assert parse_value(PARENT, " ") is None
    assert code_of(PARENT, "001D000000IRFmaIAA") == "MALFORMED_ID"


@given(st.text("😀aé ", max_size=12))
def test_a_text_is_measured_in_utf16_units_once_trimmed(text: str) -> None:
    length = len(text.strip().encode("utf-16-le")) // 2
    if length > TEXT.length:
        assert code_of(TEXT, text) == "STRING_TOO_LONG"
    else:
        assert parse_value(TEXT, text) == (text.strip() or None)


@given(st.integers(0, 2**35), st.integers(0, 999), st.integers(-12 * 60, 14 * 60))
def test_an_instant_is_kept_in_utc_to_the_second(seconds: int, thousandths: int, minutes: int) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    sign, (hours, rest) = "+" if minutes >= 0 else "-", divmod(abs(minutes), 60)
    local = instant + timedelta(minutes=minutes)
    spelled = f"{local:%Y-%m-%dT%H:%M:%S}.{thousandths:03d}{sign}{hours:02d}:{rest:02d}"
    assert parse_value(INSTANT, spelled) == instant


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("one<br>two<br/><br />four", "one\ntwo\n\nfour"),
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("<p>one</p><p><br></p><p>three</p>", "one\n\nthree"),
        ("before<p>in</p>after", "before\nin\nafter"),
        ("&lt;b&gt; &amp;amp; &#39;q&#x27; &quot;", "<b> &amp; 'q' \""),
        ('<a href="https://example.com">link</a> <b>bold</b>', "link bold"),
        ("", ""),
    ],
)
def test_a_note_is_read_as_a_browser_shows_it(html: str, text: str) -> None:
    assert plain_text(saved_html(html)) == text


@pytest.mark.parametrize("html", ["<p>", "</p>", "<b><i></b></i>", "<img src=x>", "<b on=1>", "a&b", "&;", "1 < 2"])
def test_html_that_is_not_simple_and_whole_is_refused(html: str) -> None:
    with pytest.raises(ApiError, match="Note can't be saved"):
        saved_html(html)
