"""Salesforce quotes what it refuses, as it is, cut or escaped: nothing of a customer's stays in what is kept of it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

import pytest

from daemon.redaction import Redaction
from daemon.salesforce import Rejected, without_values
from daemon.salesforce import scrubbed as scrubbed_of
from daemon.salesforce.remedies import RecordError

NAME = "Zoë Quillfeather-O'Brien"
EMAIL = "zoe.quillfeather@example.org"
STREET = '77 "Larkspur" Lane & Co'
COMMENT = "Please ring <b>twice</b>, the dog's name is Barnaby & he bites.\nThanks, Zoë"
TEXTS = (NAME, EMAIL, STREET, COMMENT)
# Parts of them that give the customer away, each long enough to be no accident.
TELLING = re.compile(r"Quillfeather|quillfeather|Larkspur|Barnaby|ring <b>|twice|dog", re.IGNORECASE)


def scrubbed(code: str, message: str, texts: Iterable[str]) -> str:
    return scrubbed_of(code, message, texts, Redaction())


def spelled(text: str) -> dict[str, str]:
    """The ways in which an answer may quote a text."""
    return {
        "as it is": text,
        "on one line": " ".join(text.split()),
        "as HTML": html.escape(text),
        "as HTML with decimal quotes": html.escape(text).replace("&#x27;", "&#39;"),
        "as a note's HTML": html.escape(text).replace("\n", "<br>"),
        "as JSON": json.dumps(text)[1:-1],
        "as JSON with its letters": json.dumps(text, ensure_ascii=False)[1:-1],
        "as JSON twice": json.dumps(json.dumps(text))[1:-1],
        "in base64": base64.b64encode(text.encode()).decode(),
        "as a note's base64": base64.b64encode(html.escape(text).replace("\n", "<br>").encode()).decode(),
        "in a URL": quote(text, safe=""),
        "in capitals": text.upper(),
        "in small letters": text.lower(),
    }


CODES = {
    "INVALID_EMAIL_ADDRESS": "Customer Email: invalid email address: {}",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Region: bad value for restricted picklist field: {}",
    "DUPLICATE_VALUE": "duplicate value found: Customer_Name__c duplicates value {} on record with id: a005g0000000001",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "The customer '{}' is not one of ours.",
    "JSON_PARSER_ERROR": 'Cannot deserialize instance of double from VALUE_STRING value {} at [line:1, column:90]',
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "CheckCustomer: execution of BeforeInsert caused by: Exception: {} ()",
}  # fmt: skip


@pytest.mark.parametrize("way", spelled(""))
@pytest.mark.parametrize("text", TEXTS, ids=["name", "e-mail", "street", "comment"])
def test_a_quoted_value_is_taken_out_however_it_is_escaped(text: str, way: str) -> None:
    quoted = spelled(text)[way]
    for code, message in CODES.items():
        found = scrubbed(code, message.format(quoted), TEXTS)
        assert not TELLING.search(found), found
        assert quoted not in found
        assert found.startswith(message.partition("{}")[0][:9]), "Salesforce's own words stay"


@pytest.mark.parametrize("kept", [12, 20, 40])
@pytest.mark.parametrize("way", spelled(""))
@pytest.mark.parametrize("text", TEXTS, ids=["name", "e-mail", "street", "comment"])
def test_a_value_that_is_quoted_cut_is_taken_out_too(text: str, way: str, kept: int) -> None:
    quoted = spelled(text)[way]
    for part in (quoted[:kept], quoted[-kept:], quoted[5 : 5 + kept]):
        cut = " ".join(part.split()).strip("=")
        if len(cut) < 12:
            continue
        for dots in ("", "..."):
            found = scrubbed("UNKNOWN", f"bad value: {dots}{cut}{dots} (max)", TEXTS)
            assert cut not in found, found
            assert not TELLING.search(found), found
            assert found.startswith("bad value:")


def test_too_long_a_value_leaves_its_label_and_its_limit() -> None:
    message = f"Body: data value too large: {COMMENT * 9} (max length=255)"
    assert scrubbed("STRING_TOO_LONG", message, TEXTS) == "Body: data value too large (max length=255)"


def test_an_address_of_anybody_is_taken_out() -> None:
    found = scrubbed("DUPLICATES_DETECTED", "looks like somebody.else@example.net", TEXTS)
    assert "somebody" not in found


@pytest.mark.parametrize(
    "message",
    [
        "Required fields are missing: [Magento_Id__c]",
        "Grand total must be above 0; ask the finance department.",
        "unable to obtain exclusive access to this record or 1 records: a005g00000000001AAA",
        "duplicate value found: Magento_Id__c duplicates value on record with id: a005g00000000001AAA",
        "An unexpected error occurred. ErrorId: 1234567890-54321 (-987654321)",
    ],
)
def test_words_of_salesforce_and_its_administrator_stay(message: str) -> None:
    assert scrubbed("UNKNOWN", message, TEXTS) == message


def test_a_customer_called_like_a_word_of_salesforce_leaves_the_sentence_readable() -> None:
    assert "Required fields are missing" in scrubbed("X", "Required fields are missing: [Ann__c]", ("Ann", "ing"))


@pytest.mark.timeout(10)
def test_a_long_text_and_a_long_message_take_no_time() -> None:
    long = "x" * 131_072
    assert scrubbed("UNKNOWN", "a" * 20_000, [long] * 20)
    assert "x" * 20 not in scrubbed("UNKNOWN", f"bad: {long}", [long, "é\"'<" * 20_000])


def test_the_error_itself_is_what_it_was() -> None:
    error = RecordError("DUPLICATE_VALUE", f"{EMAIL} is taken", ("Customer_Email__c",), 400)
    answer = Rejected("invoice", error)
    found = without_values(answer, TEXTS, Redaction())
    assert isinstance(found, Rejected)
    assert (found.ref, found.error.code, found.error.fields) == ("invoice", "DUPLICATE_VALUE", ("Customer_Email__c",))
    assert "quill" not in found.error.message
