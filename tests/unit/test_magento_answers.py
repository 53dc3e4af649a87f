"""Magento's messages are put into sentences, and its pages are believed only when they are JSON objects."""

from typing import Any

import pytest
import requests

from daemon.errors import Busy, InvoiceSyncError, SideDenied, Unreachable
from daemon.magento import responses
from daemon.magento.error_answer import sentence
from daemon.magento.errors import PageTooLarge
from daemon.redaction import Redaction


def answer(status: int, content: bytes = b"", **headers: str) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = content
    response.url = "https://shop.example.com/rest/all/V1/invoices?searchCriteria%5BpageSize%5D=1"
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def read(response: requests.Response) -> dict[str, Any]:
    return responses.read(response, "oauth1", Redaction())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Plain."}, "Plain."),
        ({"message": "%1 and %2", "parameters": ["a", "b"]}, "a and b"),
        ({"message": "%10 %1", "parameters": list("abcdefghij")}, "j a"),
        ({"message": "%fieldName is required", "parameters": {"fieldName": "x"}}, "x is required"),
        ({"message": "%field %fieldName", "parameters": {"field": "a", "fieldName": "b"}}, "a b"),
        ({"message": "two\n  lines"}, "two lines"),
        ({"message": "%1", "parameters": [5]}, "5"),
        ({"message": "no parameters %1", "parameters": None}, "no parameters %1"),
        ({"message": "odd %1", "parameters": "text"}, "odd %1"),
        ({"message": "Both:", "errors": [{"message": "%1", "parameters": ["a"]}, {"message": "b"}, "c"]}, "Both: a b"),
        ({}, ""),
    ],
)
def test_a_message_is_a_sentence_with_its_parameters_put_in(body: dict[str, Any], words: str) -> None:
    assert sentence(body) == words


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not JSON, or is cut short (0 bytes)"),
        (b'{"items": [', "is not JSON, or is cut short (11 bytes)"),
        (b"  <html></html>", "is an HTML page"),
        (b"<?xml version='1.0'?><a/>", "is XML"),
        (b'{"a": NaN}', "is not JSON"),
        (b'{"a": -Infinity}', "is not JSON"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" * 400 + b"]" * 400, "is nested too deeply"),
        (b'{"items": [' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"]}", "is nested too deeply"),
        (b"[]", "is JSON, but a list where an object was expected"),
        (b'"text"', "is JSON, but a text"),
        (b"null", "is JSON, but null"),
        (b"5", "is JSON, but a number"),
    ],
)
def test_an_answer_that_is_no_json_object_is_refused_whole(content: bytes, why: str) -> None:
    with pytest.raises(Unreachable) as caught:
        read(answer(200, content))
    assert f"Magento's answer {why}" in str(caught.value)
    assert caught.value.sent
    assert "proxy" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("response", "kind", "words", "hint"),
    [
        (answer(301, Location="https://other.example.com/x"), SideDenied, "to https://other.example.com;",
         "Set magento.base_url to https://other.example.com."),
        (answer(302, Location="/login"), SideDenied, "redirects to elsewhere", "the URL of the shop itself"),
        (answer(302), SideDenied, "redirects to elsewhere", "the URL of the shop itself"),
        (answer(400), Busy, "answered 400: without a reason", None),
        (answer(400, b'{"message": "Signature method %1 is not supported", "parameters": ["HMAC-SHA256"]}'),
         SideDenied, "Signature method HMAC-SHA256 is not supported", "magento.signature: hmac-sha1"),
        (answer(400, b'{"message": "Specified request cannot be processed."}'), SideDenied,
         "does not know this store in its URL: /rest/all/V1/invoices", "magento.store_code"),
        (answer(401, b'{"message": "The nonce is already being used by the consumer with ID 1"}'), Busy,
         "it had seen already", "must not repeat them"),
        (answer(401, b'{"message": "Access token has been revoked"}'), SideDenied, "revoked", "Activate"),
        (answer(401, b'{"message": "Brand new words"}'), SideDenied, "Brand new words", "no cause in known words"),
        (answer(401, b"<html>"), Busy, "answered 401, but not in Magento's words: a proxy?", None),
        (answer(401, b"<html>", WWW_Authenticate='Basic realm="staging"'), SideDenied,
         "asks for a user name and password", "auth_basic off"),
        (answer(401, b"<html>", WWW_Authenticate="Negotiate"), Busy, "a proxy?", None),
        (answer(400, b"<html>The plain HTTP request was sent to HTTPS port</html>"), SideDenied,
         "that port takes https alone", "with https://"),
        (answer(400, b'{"message": "%1", "parameters": [{}]}'), Busy, "answered 400", None),
        (answer(401, b'{"message": 5}'), Busy, "not in Magento's words", None),
        (answer(403, b'{"message": "no"}'), Busy, "answered 403, which Magento never does", "firewall"),
        (answer(404), SideDenied, "has no REST API at https://shop.example.com/rest/all/V1/invoices",
         "Set magento.base_url"),
        (answer(418), Busy, "Magento answered 418", None),
        (answer(429, Retry_After="7"), Busy, "answered 429", None),
        (answer(500, b"<HTML>"), Busy, "answered 500 with an HTML page", None),
        (answer(500, b'{"messages": {"error": []}}'), Busy, "answered 500", None),
        (answer(500, b'{"messages": []}'), Busy, "answered 500", None),
        (answer(500, b"[" * 100_000), Busy, "answered 500", None),
        (answer(503), Busy, "answered 503 with an empty page", None),
    ],
)  # fmt: skip
def test_every_refusal_says_what_it_was_and_what_to_do(
    response: requests.Response, kind: type[InvoiceSyncError], words: str, hint: str | None
) -> None:
    with pytest.raises(kind) as caught:
        read(response)
    assert words in str(caught.value)
    if hint is None:
        assert "proxy" in str(caught.value) or caught.value.hint is None
    else:
        assert hint in (caught.value.hint or "")


def test_a_shop_that_limits_its_pages_says_how_far() -> None:
    body = b'{"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 50}}'
    with pytest.raises(PageTooLarge) as caught:
        read(answer(400, body))
    assert caught.value.largest == 50


def test_a_good_answer_has_its_amounts_exact() -> None:
    found = read(answer(200, b'{"total": 24.70, "count": 3}'))
    assert (str(found["total"]), found["count"]) == ("24.70", 3)


def test_how_long_magento_asks_to_wait_is_kept() -> None:
    with pytest.raises(Busy) as caught:
        read(answer(503, Retry_After="120"))
    assert caught.value.retry_after == 120
    with pytest.raises(Busy) as caught:
        read(answer(503, Retry_After="Sun, 22 Nov 2026 08:00:00 GMT"))
    assert caught.value.retry_after is None
