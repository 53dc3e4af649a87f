"""Magento is asked in the one spelling that every version signs alike, and each call is signed anew."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
import requests

from daemon.magento.search import Filter, format_stamp, ids, query
from daemon.magento.sign import Bearer, OAuth1
from tests.builders import SECRETS


def test_a_stamp_is_utc_in_whole_seconds_without_an_offset() -> None:
    east = timezone(timedelta(hours=5))
    assert format_stamp(datetime(2026, 11, 22, 13, 4, 3, 999_999, tzinfo=east)) == "2026-11-22 08:04:03"
    assert format_stamp(datetime(987, 1, 2, tzinfo=UTC)) == "0987-01-02 00:00:00"


def test_ids_are_joined_by_commas() -> None:
    assert ids([3, 1, 2]) == "3,1,2"


def test_groups_are_numbered_and_sorted_by_key_from_the_first_page() -> None:
    asked = query(
        [
            [Filter("updated_at", "gteq", "2026-11-22 08:00:00"), Filter("created_at", "gteq", "2026-11-22 08:00:00")],
            [Filter("entity_id", "gt", "5")],
        ],
        page_size=100,
        fields="items[entity_id],total_count",
    )
    assert parse_qsl(asked, keep_blank_values=True, strict_parsing=True) == [
        ("searchCriteria[filter_groups][0][filters][0][field]", "updated_at"),
        ("searchCriteria[filter_groups][0][filters][0][value]", "2026-11-22 08:00:00"),
        ("searchCriteria[filter_groups][0][filters][0][condition_type]", "gteq"),
        ("searchCriteria[filter_groups][0][filters][1][field]", "created_at"),
        ("searchCriteria[filter_groups][0][filters][1][value]", "2026-11-22 08:00:00"),
        ("searchCriteria[filter_groups][0][filters][1][condition_type]", "gteq"),
        ("searchCriteria[filter_groups][1][filters][0][field]", "entity_id"),
        ("searchCriteria[filter_groups][1][filters][0][value]", "5"),
        ("searchCriteria[filter_groups][1][filters][0][condition_type]", "gt"),
        ("searchCriteria[sortOrders][0][field]", "entity_id"),
        ("searchCriteria[sortOrders][0][direction]", "ASC"),
        ("searchCriteria[pageSize]", "100"),
        ("searchCriteria[currentPage]", "1"),
        ("fields", "items[entity_id],total_count"),
    ]


@pytest.mark.parametrize("value", ["", " ", "a b", "+", "&=#?/%", "[x]", "ü 漢 \N{GRINNING FACE}", "'\"", "a,b", "~"])
def test_every_value_is_spelled_so_that_all_versions_sign_it_alike(value: str) -> None:
    asked = query([[Filter("increment_id", "eq", value)]], page_size=1)
    assert not set(asked) & set(" +[]#?/'\"<>")
    assert asked.isascii()
    pairs = [pair.split("=") for pair in asked.split("&")]
    assert all(len(pair) == 2 and pair[0] for pair in pairs)  # every name has one "=", also without a value
    assert [unquote(text) for name, text in pairs if "value" in name] == [value]


def test_without_fields_none_are_asked_for() -> None:
    assert "fields" not in query([], page_size=1)


# --- signatures


def signed(url: str, signature: str = "hmac-sha256") -> dict[str, str]:
    prepared = requests.Request("GET", url, auth=OAuth1(SECRETS, signature)).prepare()
    header = prepared.headers["Authorization"]
    assert header.startswith("OAuth ")
    return {
        name: unquote(value.strip('"'))
        for name, value in (part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    }


def own_signature(url: str, oauth: dict[str, str]) -> str:
    """RFC 5849, 3.4, written down a second time."""
    parts = urlsplit(url)
    pairs = [*parse_qsl(parts.query, keep_blank_values=True)]
    pairs += [(name, value) for name, value in oauth.items() if name != "oauth_signature"]
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    text = "&".join(f"{name}={value}" for name, value in encoded)
    base = "&".join(quote(part, safe="~") for part in ("GET", f"{parts.scheme}://{parts.netloc}{parts.path}", text))
    key = f"{SECRETS['magento_consumer_secret']}&{SECRETS['magento_access_token_secret']}"
    digest = hashlib.sha1 if oauth["oauth_signature_method"] == "HMAC-SHA1" else hashlib.sha256
    return base64.b64encode(hmac.new(key.encode(), base.encode(), digest).digest()).decode()


@pytest.mark.parametrize("value", ["5", "2026-11-22 08:00:00", "ü & = + %", "", "a~b*c"])
def test_a_call_is_signed_with_hmac_sha256_over_what_is_sent(value: str) -> None:
    question = query([[Filter("updated_at", "gteq", value)]], page_size=100)
    url = f"https://shop.example.com/rest/all/V1/invoices?{question}"
    oauth = signed(url)
    assert oauth["oauth_signature_method"] == "HMAC-SHA256"
    assert oauth["oauth_consumer_key"] == SECRETS["magento_consumer_key"]
    assert oauth["oauth_token"] == SECRETS["magento_access_token"]
    assert oauth["oauth_version"] == "1.0"
    assert oauth["oauth_signature"] == own_signature(url, oauth)


def test_hmac_sha1_is_there_for_who_asks_for_it() -> None:
    url = "https://shop.example.com/rest/all/V1/invoices?a=1"
    oauth = signed(url, "hmac-sha1")
    assert oauth["oauth_signature_method"] == "HMAC-SHA1"
    assert oauth["oauth_signature"] == own_signature(url, oauth)


def test_no_two_calls_have_one_nonce() -> None:
    url = "https://shop.example.com/rest/all/V1/invoices?a=1"
    assert len({signed(url)["oauth_nonce"] for _ in range(50)}) == 50


def test_the_signature_is_a_header_and_leaves_the_url_as_it_was() -> None:
    url = "https://shop.example.com/rest/all/V1/invoices?a=b%20c&d=%5B1%5D"
    assert requests.Request("GET", url, auth=OAuth1(SECRETS)).prepare().url == url


def test_a_bearer_token_is_a_header() -> None:
    prepared = requests.Request("GET", "https://shop.example.com/", auth=Bearer("abc")).prepare()
    assert prepared.headers["Authorization"] == "Bearer abc"
