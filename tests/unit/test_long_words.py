"""Whatever a side says, and however long it is: what is made of it takes no time and no memory that grow with it."""

from __future__ import annotations

import io
import json
import time
import tracemalloc
from collections.abc import Callable

import pytest
import requests

from daemon.errors import SideDenied, Unreachable
from daemon.limits import LIMITS, values_in
from daemon.log import open_log
from daemon.magento.error_answer import ErrorAnswer, sentence
from daemon.magento.errors import error_of
from daemon.redaction import Redaction
from daemon.salesforce import scrubbed
from daemon.salesforce.errors import explain
from daemon.salesforce.graphs import Graph, Node, Rejected, read_answers

MOST = 16_000_000
CLEAN = Redaction()
TOO_LARGE = "x: data value too large: "
TEXTS = {
    "one word": "x",
    "one blank": " ",
    "one line break": "\r\n",
    "addresses without an end": "x@",
    "addresses": "a.b@c.de ",
    "dots": "a@b.c.",
    "assertions": "eyJ-",
    "sessions": "00Dx",
    "words": "ab ",
    "parameters": "%1%2",
    "quotes": "\"'",
    "backslashes": "\\",
    "emoji": "😀",
    "marks": "\u202e",
    "halves": "\ud800",
    "names": "A__c",
}


def long(sign: str) -> str:
    return sign * (MOST // len(sign.encode("utf-8", "surrogatepass")))


def answer(status: int, content: bytes) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response.url = "https://shop.example.com/rest/V1/invoices"
    response.raw = io.BytesIO(content)
    response.encoding = "utf-8"
    return response


def words_of(response: requests.Response) -> str:
    return ErrorAnswer.of(response, Redaction()).words


def magento_error(response: requests.Response) -> Exception:
    return error_of(ErrorAnswer.of(response, Redaction()), "oauth1")


def log(text: str) -> object:
    stream = io.StringIO()
    open_log("debug", "json", Redaction(), stream).warning("invoice.failed", reason=text, problems=[text])
    assert len(stream.getvalue()) < 200_000
    return None


def salesforce_error(text: str) -> str:
    return str(explain(400, [{"errorCode": text, "message": text}], {}, host="x", redaction=CLEAN))


def graph_answer(text: str) -> str:
    error = {"errorCode": "X", "message": text, "fields": []}
    node = {"referenceId": "a", "httpStatusCode": 400, "body": [error]}
    body = {"graphs": [{"graphId": "1", "isSuccessful": False, "graphResponse": {"compositeResponse": [node]}}]}
    found = read_answers(body, [Graph("1", (Node("a", "PATCH", "/"),))])["1"]
    assert isinstance(found, Rejected)
    return found.error.message


PLACES: dict[str, Callable[[str], object]] = {
    "a message of Magento's": lambda text: sentence({"message": text, "parameters": [text, "%1", text]}),
    "its inner errors": lambda text: sentence({"message": "x", "errors": [{"message": text}] * 1000}),
    "its parameter": lambda text: sentence({"message": "%1" * 2000, "parameters": {"1": text, "2": text}}),
    "the name of a parameter": lambda text: sentence({"message": text, "parameters": {text[:MOST // 16]: "x"}}),
    "an error of Salesforce's": salesforce_error,
    "an error within a graph": graph_answer,
    "a message that quotes": lambda text: scrubbed("X", text, ["Jane Doe", "1 Secret Street"], CLEAN),
    "a message that is too long": lambda text: scrubbed("STRING_TOO_LONG", f"{TOO_LARGE}{text}", [], CLEAN),
    "what is heard": Redaction().heard,
    "what is redacted": Redaction({"a": "hush-hush-hush", "b": "eyJ-eyJ-eyJ-eyJ-"}).clean,
    "an error of ours": lambda text: str(Unreachable(text, side="magento", sent=True)),
    "an event": log,
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.fault("Magento: error text of megabytes without a blank")
@pytest.mark.fault("Salesforce: error text of megabytes without a blank")
def test_a_text_of_16_mb_is_dealt_with_at_once_and_cut(place: str) -> None:
    for name, sign in TEXTS.items():
        text = long(sign)
        begun = time.process_time()
        found = PLACES[place](text)
        assert time.process_time() - begun < 2, f"{place}: {name}"
        assert len(str(found)) < 200_000, f"{place}: {name}"


@pytest.mark.fault("Magento: parameters within parameters")
def test_parameters_are_put_in_once_and_not_into_one_another() -> None:
    twice = {"message": "%1 %2 %10", "parameters": ["%2%2", "%1%1", *"3456789", "ten"]}
    assert sentence(twice) == "%2%2 %1%1 ten"
    assert (
        sentence({"message": "%fieldName: %field", "parameters": {"field": "a", "fieldName": "%field"}}) == "%field: a"
    )
    bomb = {"message": "%1" * 100_000, "parameters": [f"%{n + 1}" * 10_000 for n in range(1, 40)]}
    tracemalloc.start()
    try:
        assert len(sentence(bomb)) < 20_000
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_inner_errors_that_hold_inner_errors_are_no_trap() -> None:
    body: dict[str, object] = {"message": "inmost"}
    for _ in range(5000):
        body = {"message": "outer", "errors": [body]}
    assert sentence(body) == "outer outer"


@pytest.mark.parametrize("location", ["http://[", "//[::1", "x" * 60_000, "http://" + "y" * 60_000])
def test_a_redirect_to_what_is_no_url_is_still_a_redirect(location: str) -> None:
    response = answer(302, b"")
    response.headers["Location"] = location
    with pytest.raises(Exception, match="redirects to") as caught:
        raise magento_error(response)
    assert len(str(caught.value)) < 2000


def test_a_page_limit_of_thousands_of_digits_is_none() -> None:
    said = {"message": f"Maximum SearchCriteria pageSize is {'9' * 5000}"}
    with pytest.raises(Exception, match="pageSize") as caught:
        raise magento_error(answer(400, json.dumps(said).encode()))
    assert len(str(caught.value)) < 9000


def test_addresses_are_taken_out_of_long_and_odd_words() -> None:
    for text in (
        "x@y.example.com",
        "<x@y.example.com>",
        "mail:x@y.example.com,",
        "@x@y.example.com",
        "x@@y.example.com",
    ):
        assert "example" not in Redaction().clean(text), text
    assert Redaction().clean("a@b.com@c.de, and x@y") == "[e-mail], and x@y"
    assert Redaction().clean("a@b.co1x@d.de") == "[e-mail]"
    assert "canary" not in Redaction().clean("y " * 3_990 + "jane.canary@example.com")
    assert Redaction().heard(["no", "text"]) == Redaction().heard(None) == ""


def test_what_is_cut_ends_without_half_a_secret() -> None:
    redaction = Redaction({"a": "s3cret-of-the-shop"})
    for at in range(7_980, 8_001):
        assert "s3cr" not in redaction.clean("." * 3 + " " * (at - 3) + "s3cret-of-the-shop")
    assert redaction.clean("short") == "short"


def test_only_magentos_own_words_are_repeated() -> None:
    assert words_of(answer(500, b'{"message": "A %1", "parameters": ["b"]}')) == "A b"
    assert words_of(answer(500, b"[" * 100_000)) == ""


def test_values_are_counted_without_reading_them_and_not_within_texts() -> None:
    assert values_in(b'{"a":[1,2,{"b":null}]}') == 7
    assert values_in(b"[" * 600_000) == 600_000
    commas = b'{"comment":"' + b"," * 600_000 + rb"\"" + b":" * 10 + b'"}'
    assert values_in(commas) == 2
    begun = time.process_time()
    for sign in (b'"', b'\\"', b"\\", b'"a', b'",', b"[", b'"\\'):
        values_in(sign * (MOST // len(sign)))
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("sign", [b'\\"', b'\\\\\\"', b"\\"])
def test_a_text_that_is_not_closed_takes_no_longer_than_one_that_is(sign: bytes) -> None:
    content = b"," * (LIMITS.values + 1) + b'"' + sign * (4_000_000 // len(sign))
    begun = time.process_time()
    assert values_in(content) == LIMITS.values + 1
    assert time.process_time() - begun < 2


def test_a_resource_without_end_is_read_in_time() -> None:
    told = {"message": "May not access %resources", "parameters": {"resources": "Magento_" * 100_000}}
    begun = time.process_time()
    with pytest.raises(SideDenied, match="May not access"):
        raise magento_error(answer(401, json.dumps(told).encode()))
    assert time.process_time() - begun < 2
