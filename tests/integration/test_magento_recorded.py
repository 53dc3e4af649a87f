"""Our Magento client is tried on every recorded exchange it could meet, and gives the right value or error for each.

The exchanges are a real Magento 2.4.6's. Each is served with its status, headers and body over HTTP, and the real
client makes the call that fits. Projected lists and answers to other questions are served as well: a cache in front
of Magento mixes answers up, and none of them may ever be read as "no invoices".
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import simplejson
from flask import Flask, Response, request

from daemon.clock import SystemClock
from daemon.errors import Busy, InvoiceSyncError, SideDenied, Unreachable
from daemon.invoice import Invoice, Malformed
from daemon.magento import Magento, Page, PageTooLarge
from daemon.magento.sign_in_errors import AccessDenied
from daemon.redaction import Redaction
from daemon.sandbox.server import Server
from daemon.transport import Transport
from tests import builders

_ROOT = Path(__file__).parents[2]
_FOLDER = Path(os.environ.get("INVOICE_SYNC_REFERENCE", _ROOT.parent / "shared" / "reference")) / "magento-recorded"
_STATES = {1: "open", 2: "paid", 3: "canceled"}
_HOP = {"transfer-encoding", "connection", "content-length", "content-encoding", "keep-alive"}

if not _FOLDER.is_dir():
    pytest.skip("the recorded exchanges are not here", allow_module_level=True)

FILES = {path.name[:3]: path for path in sorted(_FOLDER.glob("[0-9]*.json"))}


@dataclass(frozen=True)
class Recorded:
    """One exchange; amounts in its body are exact."""

    status: int
    headers: Mapping[str, str]
    body: Any
    is_json: bool

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.body["items"])

    @property
    def at(self) -> datetime:
        return parsedate_to_datetime(self.headers["Date"]).astimezone(UTC)


def recorded(number: str) -> Recorded:
    answer = json.loads(FILES[number].read_text(encoding="utf-8"), parse_float=Decimal)["response"]
    return Recorded(answer["status"], dict(answer["headers"]), answer["body"], answer["body_kind"] == "json")


_PLACE = "Specified request cannot be processed."
_NOBODY = simplejson.dumps({"message": "The consumer isn't authorized to access %resources."})


@contextmanager
def served(exchange: Recorded, *, body: Any = None, auth: str = "oauth1") -> Iterator[Magento]:
    """The client of a shop that gives this answer to whatever it is asked; ``body`` in place of the recorded one.

    A call of nobody's is refused, but where Magento does not know the store: that it says of every call.
    """
    app = Flask(__name__)
    shown = exchange.body if body is None else body
    content = simplejson.dumps(shown, use_decimal=True) if exchange.is_json else shown
    headers = [(name, value) for name, value in exchange.headers.items() if name.lower() not in _HOP]

    def answer(path: str) -> Response:
        if request.method == "GET" and "Authorization" not in request.headers and _PLACE not in str(shown):
            return Response(_NOBODY, 401, content_type="application/json; charset=utf-8")
        response = Response(content, exchange.status)
        response.headers.clear()
        response.headers.extend(headers)
        return response

    app.add_url_rule("/<path:path>", view_func=answer, methods=["GET", "POST"])
    with Server(app) as server:
        configuration = builders.configuration({"magento.base_url": server.url, "magento.auth": auth})
        magento = Magento(configuration, SystemClock(), Redaction(configuration.secrets), Transport())
        try:
            yield magento
        finally:
            magento.close()


# --- what is expected, one function for each kind of answer


Expectation = Callable[[Recorded], None]
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def _ask(magento: Magento) -> Page:
    return magento.changed_since(_BEGINNING, after_id=0, page_size=200)


def whole(count: int) -> Expectation:
    """So many invoices, each field as recorded."""

    def check(exchange: Recorded) -> None:
        with served(exchange) as magento:
            page = _ask(magento)
        assert len(page.invoices) == count == len(exchange.rows)
        assert page.at == exchange.at
        assert page.total == exchange.body["total_count"]
        assert page.last
        for row, invoice in zip(exchange.rows, page.invoices, strict=True):
            assert isinstance(invoice, Invoice)
            assert_same(row, invoice)

    return check


def empty() -> Expectation:
    """An answer in good order that has no rows."""

    def check(exchange: Recorded) -> None:
        with served(exchange) as magento:
            page = _ask(magento)
        assert page == Page((), exchange.at, 0, last=True)

    return check


def single() -> Expectation:
    """One invoice as GET /invoices/{id} shows it, which is how a list shows it."""

    def check(exchange: Recorded) -> None:
        entity_id = exchange.body["entity_id"]
        with served(exchange, body={"items": [exchange.body], "total_count": 1}) as magento:
            found = magento.by_ids([entity_id])
        assert set(found) == {entity_id}
        invoice = found[entity_id]
        assert isinstance(invoice, Invoice)
        assert_same(exchange.body, invoice)

    return check


def comments(parent: int, *entity_ids: int) -> Expectation:
    """The comments of GET /invoices/{id}/comments, which a list shows inside their invoice."""

    def check(exchange: Recorded) -> None:
        (row,) = (row for row in recorded("165").rows if row["entity_id"] == parent)
        row = {**row, "comments": exchange.rows}
        with served(exchange, body={"items": [row], "total_count": 1}) as magento:
            (invoice,) = magento.by_number(row["increment_id"])
        assert isinstance(invoice, Invoice)
        assert [comment.entity_id for comment in invoice.comments] == list(entity_ids)
        assert_same(row, invoice)

    return check


def partial(why: str, *entity_ids: int, single: bool = False) -> Expectation:
    """Rows without what an invoice needs: each is said to be unusable by its id, and nothing of it is lost."""

    def check(exchange: Recorded) -> None:
        body: dict[str, Any] = {"items": [exchange.body], "total_count": 1} if single else exchange.body
        with served(exchange, body=body) as magento:
            page = magento.created_from(None, after_id=0, page_size=200)
        assert [row.entity_id for row in page.invoices] == list(entity_ids)
        for row, shown in zip(body["items"], page.invoices, strict=True):
            assert isinstance(shown, Malformed)
            assert why in shown.reason
            assert shown.increment_id == row.get("increment_id")
            assert shown.created_at == (_instant(row["created_at"]) if "created_at" in row else None)
            assert shown.updated_at == (_instant(row["updated_at"]) if "updated_at" in row else None)

    return check


def orders(**customers: tuple[str, str, str, str]) -> Expectation:
    """Orders by their id (``order_5``), each with number, e-mail, name and billing address."""

    def check(exchange: Recorded) -> None:
        alone = "total_count" not in exchange.body
        body: dict[str, Any] = {"items": [exchange.body], "total_count": 1} if alone else exchange.body
        wanted = {int(name.removeprefix("order_")): customer for name, customer in customers.items()}
        with served(exchange, body=body) as magento:
            found = magento.orders(list(wanted), ["customer_email", "billing_address", "store_name"])
        assert list(found) == [row["entity_id"] for row in body["items"]]
        for row in body["items"]:
            number, email, name, address = wanted[row["entity_id"]]
            order = found[row["entity_id"]]
            assert order.entity_id == row["entity_id"]
            assert order.number == number == row["increment_id"]
            assert order.values["customer_email"] == email
            assert order.values["customer_name"] == name
            assert order.values["billing_address"] == address
            assert order.values["store_name"] == " / ".join(row["store_name"].split("\n"))

    return check


def refused_whole(*words: str, hint: str = "proxy", ask: Callable[[Magento], object] = _ask) -> Expectation:
    """The page cannot be believed; nothing of it is, and it is asked for again."""
    return error_of(Unreachable, *words, "none of it is used", hint=hint, ask=ask)


def busy(*words: str, hint: str | None = None, ask: Callable[[Magento], object] = _ask) -> Expectation:
    """It passes by itself."""
    return error_of(Busy, *words, hint=hint, ask=ask)


def side_refused(*words: str, hint: str, ask: Callable[[Magento], object] = _ask, auth: str = "oauth1") -> Expectation:
    """A person must act, and is told what to do."""
    return error_of(SideDenied, *words, hint=hint, ask=ask, auth=auth)


def sign_in_refused(*words: str, hint: str) -> Expectation:
    """An administrator gets no token; it is said once an hour, and a second sign-in does not leave this process."""

    def check(exchange: Recorded) -> None:
        with served(exchange, auth="admin") as magento:
            for _ in range(2):
                with pytest.raises(SideDenied) as caught:
                    _ask(magento)
                assert caught.value.probe == "hourly"
                assert "Magento denied the sign-in of magento_username: " in str(caught.value)
                assert all(word in str(caught.value) for word in words)
                assert hint in str(caught.value.hint)
            assert (magento.sign_ins, magento.calls) == (1, 0)

    return check


def signed_in(exchange: Recorded) -> None:
    """The answer is a token, which is blacked out in the record: another of its length is taken, and used."""
    assert exchange.status == 200
    assert exchange.body == "<redacted token string of length 151>"
    with served(exchange, body="t" * 151, auth="admin") as magento:
        with pytest.raises(Unreachable, match="is JSON, but a text"):  # this shop gives a token to whatever it is asked
            _ask(magento)
        assert (magento.sign_ins, magento.calls) == (1, 1)


def error_of(
    kind: type[InvoiceSyncError],
    *words: str,
    hint: str | None,
    ask: Callable[[Magento], object] = _ask,
    auth: str = "oauth1",
) -> Expectation:
    def check(exchange: Recorded) -> None:
        with served(exchange, auth=auth) as magento, pytest.raises(kind) as caught:
            ask(magento)
        error = caught.value
        assert type(error) is kind or type(error) is AccessDenied
        for word in words:
            assert word in str(error)
        assert "%" not in str(error)  # every parameter is put in
        assert "\n" not in str(error)
        assert "<" not in str(error)  # no page of HTML
        assert hint is None or hint in (error.hint or "")
        assert getattr(error, "side", "magento") == "magento"

    return check


def too_large(largest: int) -> Expectation:
    """The shop limits its pages and says how far."""

    def check(exchange: Recorded) -> None:
        with served(exchange) as magento, pytest.raises(PageTooLarge) as caught:
            _ask(magento)
        assert caught.value.largest == largest
        assert str(caught.value) == f"Magento takes at most {largest} a page"

    return check


def _instant(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def _plain_text(text: str) -> str:
    """One kind of line break, and no control character but it and the tab."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or unicodedata.category(sign) != "Cc")


def assert_same(row: Mapping[str, Any], invoice: Invoice) -> None:
    """The invoice is what was recorded, field by field, amounts exact."""
    assert invoice.entity_id == row["entity_id"]
    assert invoice.increment_id == row["increment_id"]
    assert invoice.store_id == row["store_id"]
    assert invoice.order_id == row["order_id"]
    assert invoice.state == _STATES[row["state"]]
    assert invoice.grand_total == row["grand_total"]
    assert isinstance(invoice.grand_total, Decimal)
    assert invoice.currency == row["order_currency_code"]
    assert invoice.created_at == _instant(row["created_at"])
    assert invoice.updated_at == _instant(row["updated_at"])
    assert_same_values(row, invoice.values)
    assert [item.entity_id for item in invoice.items] == sorted(item["entity_id"] for item in row.get("items") or [])
    for item in invoice.items:
        (shown,) = (shown for shown in row["items"] if shown["entity_id"] == item.entity_id)
        assert_same_values(shown, item.values)
    assert [comment.entity_id for comment in invoice.comments] == sorted(c["entity_id"] for c in row["comments"] or [])
    for comment in invoice.comments:
        (shown,) = (shown for shown in row["comments"] if shown["entity_id"] == comment.entity_id)
        assert comment.text == _plain_text(shown["comment"])
        assert comment.created_at == _instant(shown["created_at"])
        assert comment.customer_notified is (shown["is_customer_notified"] == 1)
        assert comment.visible_on_storefront is (shown["is_visible_on_front"] == 1)


def assert_same_values(row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    scalars = {name: value for name, value in row.items() if not isinstance(value, list | dict)}
    assert set(scalars) == {name for name in values if "." not in name}
    for name, value in scalars.items():
        shown = values[name]
        assert not isinstance(shown, float), name
        assert shown == (_instant(value) if name in {"created_at", "updated_at"} else value), name


# --- the written list: what is expected of each exchange, by its number


_NO_LIST = refused_whole("has no list of items")
_NOT_IN_ORDER = refused_whole("not in the order that was asked for")
_NOT_ALLOWED = "The consumer isn't authorized to access Magento_Sales::sales_invoice"
_NO_PERMISSION = side_refused(_NOT_ALLOWED, hint="The keys are good, but the integration lacks the resource")
_NO_GOOD_BEARER = side_refused(_NOT_ALLOWED, hint="Magento gives this answer for three causes", auth="bearer")
_NO_TOKEN = sign_in_refused(
    "The account sign-in was incorrect or your account is disabled", hint="System > Permissions > Locked Users"
)
_BAD_SIGNATURE = side_refused("The signature is invalid", hint="Either one of the two secrets is wrong")
_UNKNOWN_STORE = side_refused("does not know this store in its URL: /rest/all/V1/invoices", hint="magento.store_code")
_NO_API = side_refused("answered 404 at http://127.0.0.1:", hint="Set magento.base_url")
_REPORT = busy("answered 500", "Internal Error", "Report ID: webapi-")
_MAINTENANCE = busy("answered 503 with an HTML page")
_FULL_ADDRESS = "ACME & Sons\nSeán O'Brien\n1 O'Connell St\nFloor \"2\"\n10001 New York\nNew York\nUS"
_WITHOUT_STATE = "its state is missing"
_WITHOUT_DATE = "it has no date (created_at)"


def _read_orders(magento: Magento) -> object:
    return magento.orders([5], ["customer_email"])


EXPECTED: dict[str, Expectation] = {
    # signing in
    "010": sign_in_refused("configure 2FA first", hint="but two-factor authentication is on"),
    "011": _NO_TOKEN,
    "012": sign_in_refused("Failed to send the message", hint="Magento names no cause"),
    "013": sign_in_refused("use the 2fa provider-specific endpoints", hint="magento.auth: oauth1"),
    "016": signed_in,
    "018": _NO_LIST,
    "019": _BAD_SIGNATURE,
    "020": _NO_GOOD_BEARER,
    "021": _NO_GOOD_BEARER,
    "022": _NO_GOOD_BEARER,
    "023": empty(),
    "024": side_refused("Signature method HMAC-SHA1 is not supported", hint="magento.signature: hmac-sha256"),
    "025": busy("answered 400: Signature method PLAINTEXT is not supported"),
    "026": _BAD_SIGNATURE,
    "027": empty(),
    "028": side_refused("An error occurred validating the nonce", hint="clock is ahead"),
    "029": busy("The nonce is already being used by the consumer with ID 1", hint="must not repeat them"),
    "030": side_refused("Specified token does not exist", hint="access token of the integration"),
    "031": side_refused("A consumer having the specified key does not exist", hint="consumer key of the integration"),
    "032": side_refused("Consumer key is not the correct length", hint="32 characters"),
    "033": busy('answered 400: "oauth_timestamp" is required'),
    "034": empty(),
    "035": empty(),
    "036": _BAD_SIGNATURE,
    "037": _NO_PERMISSION,
    "038": empty(),
    "039": _NO_GOOD_BEARER,
    "042": _BAD_SIGNATURE,
    "043": _NO_LIST,
    "044": partial(_WITHOUT_DATE, 1, 2, 3, 4, 5),
    "045": empty(),
    "046": empty(),
    "047": partial(_WITHOUT_DATE, 1, 2, 3, 4, 5),
    "048": _NO_LIST,
    "050": signed_in,
    "051": _NO_LIST,
    "052": _NO_TOKEN,
    "053": _NO_TOKEN,
    "054": sign_in_refused('"username" is required', hint="System > Extensions > Integrations"),
    "055": sign_in_refused('"password" is required', hint="System > Extensions > Integrations"),
    "056": signed_in,
    "057": _NO_GOOD_BEARER,
    "058": _NO_GOOD_BEARER,
    "059": _NO_GOOD_BEARER,
    "060": signed_in,
    "061": _NO_LIST,
    "062": _NO_GOOD_BEARER,
    "063": _NO_TOKEN,
    "064": _NO_LIST,
    "065": signed_in,
    "066": _NO_LIST,
    "067": _NO_TOKEN,
    "070": _NO_LIST,
    "071": _NO_LIST,
    "072": _NO_LIST,
    "073": _NO_PERMISSION,
    "074": _NO_GOOD_BEARER,
    "075": side_refused("Access token has been revoked", hint="Activate the integration again"),
    "076": _NO_LIST,
    "077": _NO_LIST,
    "078": side_refused("authorized to access Magento_Sales::actions_view", hint="Actions > View", ask=_read_orders),
    "082": _NO_GOOD_BEARER,
    "083": _NO_GOOD_BEARER,
    "084": _NO_GOOD_BEARER,
    # lists of invoices
    "100": whole(2),
    "101": busy('answered 400: "searchCriteria" is required'),
    "103": partial(_WITHOUT_STATE, *range(1, 67)),
    "104": partial(_WITHOUT_STATE, 32, 33),
    "105": partial(_WITHOUT_STATE, 30, 31),
    "106": partial(_WITHOUT_STATE, 1, 2),
    "107": partial(_WITHOUT_STATE, 1, 2),
    "108": partial(_WITHOUT_STATE, 1, 2),
    "109": partial(_WITHOUT_STATE, 32, 33),
    "110": partial(_WITHOUT_STATE, 61, 62, 63),
    "111": partial(_WITHOUT_STATE, 3, 5, 7),
    "112": empty(),
    "113": partial(_WITHOUT_STATE, 5),
    "114": partial(_WITHOUT_STATE, 26, 27),
    "115": partial(_WITHOUT_STATE, 3, 9),
    "116": _NOT_IN_ORDER,
    "117": partial(_WITHOUT_STATE, 1, 2, 3),
    "118": partial(_WITHOUT_STATE, 1, 2, 3),
    "119": partial(_WITHOUT_STATE, 1, 2, 3),
    "120": partial(_WITHOUT_STATE, 1, 2, 3),
    "121": _NOT_IN_ORDER,
    "122": _REPORT,
    "123": busy("specified as ASC for ascending order or DESC for descending order"),
    "124": partial(_WITHOUT_STATE, 61, 62, 63, 64, 65, 66),
    "125": _NO_LIST,
    "126": _NO_LIST,
    "127": partial(_WITHOUT_STATE, 1, 2),
    "128": partial(_WITHOUT_STATE, 1, 2),
    "129": partial(_WITHOUT_STATE, *range(1, 67)),
    "130": partial(_WITHOUT_STATE, 1),
    "131": partial(_WITHOUT_STATE, *range(1, 67)),
    "132": busy('The "abc" value\'s type is invalid'),
    "133": _REPORT,
    "134": whole(1),
    "135": partial(_WITHOUT_STATE, 1, 2),
    "136": partial(_WITHOUT_STATE, 32, 33),
    "137": partial(_WITHOUT_STATE, 32, 33),
    "138": partial(_WITHOUT_STATE, 1, 2),
    "139": empty(),
    "140": partial(_WITHOUT_STATE, 5),
    "141": empty(),
    "142": empty(),
    "143": partial(_WITHOUT_STATE, 61, 62),
    "144": partial(_WITHOUT_STATE, 3, 4),
    "145": _REPORT,
    "146": whole(2),
    "147": partial(_WITHOUT_DATE, 1, 2, 3),
    "148": partial(_WITHOUT_DATE, 1, 2, 3),
    "149": _NO_LIST,
    "150": refused_whole("is JSON, but a list where an object was expected"),
    "151": whole(1),
    "152": partial(_WITHOUT_DATE, 66),
    "153": partial(_WITHOUT_DATE, 38),
    "154": _REPORT,
    "155": partial(_WITHOUT_STATE, 1),
    "156": partial(_WITHOUT_STATE, 1),
    "157": _NO_LIST,
    "158": refused_whole("is empty, though it counts 66"),
    "159": partial(_WITHOUT_STATE, 32, 33),
    "160": partial(_WITHOUT_STATE, 32, 33),
    "161": _NO_LIST,
    "162": busy("answered 414"),
    "163": partial(_WITHOUT_STATE, 4),
    "164": partial(_WITHOUT_STATE, 38, 39),
    "165": whole(83),
    "166": whole(5),
    "167": partial(_WITHOUT_STATE, 6, 65),
    "168": empty(),
    "169": empty(),
    "170": too_large(300),
    "171": _NO_LIST,
    "172": partial(_WITHOUT_DATE, *range(1, 81), 82, 83, 84),
    "173": _NO_LIST,
    "174": empty(),
    # one invoice, and its comments
    "200": single(),
    "201": _NO_API,
    "202": busy('The "abc" value\'s type is invalid'),
    "203": busy("An ID is needed"),
    "204": single(),
    "205": partial(_WITHOUT_DATE, 65, single=True),
    "206": partial("it has no invoice number", 66, single=True),
    "207": single(),
    "208": comments(12, 22, 23, 24, 25),
    "209": comments(2),
    "210": comments(2),
    "211": partial(_WITHOUT_DATE, 2, single=True),
    "212": single(),
    "213": busy('The "comments" value\'s type is invalid'),
    "222": partial(_WITHOUT_STATE, 3, single=True),
    "231": comments(3, 3, 4, 5, 122, 123, 125),
    "248": single(),
    "251": comments(20, 41, 42, 151),
    "255": comments(21, 43, 44, 45, 46, 153),
    "260": _NOT_IN_ORDER,
    "261": _NOT_IN_ORDER,
    "270": refused_whole("is JSON, but a list"),
    "271": partial(_WITHOUT_STATE, 30),
    "272": partial(_WITHOUT_STATE, 30),
    "273": partial(_WITHOUT_STATE, 84),
    # orders
    "300": orders(order_5=("000000005", "guest2559@example.com", "Seán O'Brien", _FULL_ADDRESS)),
    "301": orders(order_51=("000000035", "cust0@example.com", "Seán O'Brien", _FULL_ADDRESS)),
    "302": _NO_API,
    "303": orders(
        order_3=("000000003", "guest6890@example.com", "Bob Smith, Jr.", "ACME & Sons\nBob Smith, Jr.\nUS"),
        order_5=("000000005", "guest2559@example.com", "Seán O'Brien", "ACME & Sons\nSeán O'Brien\nUS"),
        order_52=("000000036", "cust0@example.com", "Seán O'Brien", "ACME & Sons\nSeán O'Brien\nUS"),
    ),
    "305": single(),
    # addresses and proxies
    "310": refused_whole("is JSON, but a list"),
    "311": refused_whole("is JSON, but a list"),
    "312": refused_whole("is JSON, but a list"),
    "313": refused_whole("is JSON, but a list"),
    "320": _NO_LIST,
    "321": _NO_LIST,
    "322": _NO_LIST,
    "323": _NO_LIST,
    "324": _UNKNOWN_STORE,
    "325": _NO_LIST,
    "326": _NO_LIST,
    "330": side_refused("answered 404", "Request does not match any route", hint="Set magento.base_url"),
    "335": refused_whole("is XML"),
    "336": busy("answered 500 with an HTML page"),
    "337": partial(_WITHOUT_DATE, 5, single=True),
    "338": partial(_WITHOUT_DATE, 5, single=True),
    "339": refused_whole("is XML"),
    "345": _UNKNOWN_STORE,
    "346": _NO_LIST,
    "347": _NO_LIST,
    "348": _UNKNOWN_STORE,
    "349": _NO_LIST,
    "350": _UNKNOWN_STORE,
    "351": refused_whole("is JSON, but a list"),
    "352": side_refused("has no REST API at http://127.0.0.1:", hint="Set magento.base_url"),
    "353": _NO_LIST,
    "354": refused_whole("is an HTML page"),
    "355": _NO_LIST,
    "356": _NO_LIST,
    # a Magento in trouble
    "400": _MAINTENANCE,
    "402": _MAINTENANCE,
    "403": _NO_LIST,
    "404": busy("answered 500 with an empty page"),
    "405": busy("answered 500"),
    "406": _REPORT,
    "407": busy("answered 500", "Server internal error. See details in report api/"),
    "408": busy("answered 400: Wrong a and b"),
    "409": _REPORT,
    "410": _NO_LIST,
    "411": _NO_LIST,
    "412": _NO_LIST,
    "413": busy("answered 502 with an HTML page"),
    "414": _NO_LIST,
    "415": busy("answered 500 with an HTML page"),
    "416": _NO_LIST,
}

_OTHER_SIGN_IN = "a sign-in that we never try: with a second factor, or as a customer"
_WRITES = "a write; we only ever read"
_METHOD = "a method that we never use"
_OTHER_RESOURCE = "a permission for a resource that we never read"
NOT_MET: dict[str, str] = {
    **dict.fromkeys(("014", "015", "081"), _OTHER_SIGN_IN),
    **dict.fromkeys(
        ("040", "041", "049", "080", "220", "221", "223", "224", "225", "226", "227", "228", "229", "230", "232",
         "233", "234", "235", "238", "240", "241", "242", "243", "244", "245", "246", "247", "249", "250", "254",
         "256", "304", "306", "307", "308", "309", "331", "332", "340", "341", "342", "343", "401"), _WRITES),
    **dict.fromkeys(("333", "334"), _METHOD),
    **dict.fromkeys(("236", "237"), "comments without their stamps, which no list of invoices shows"),
    "079": _OTHER_RESOURCE,
}  # fmt: skip


@pytest.mark.parametrize("number", sorted(EXPECTED))
def test_each_recorded_exchange_gives_the_right_value_or_error(number: str) -> None:
    EXPECTED[number](recorded(number))


def test_every_recorded_exchange_is_tried_or_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(EXPECTED) | set(NOT_MET) == set(FILES)
    assert not set(EXPECTED) & set(NOT_MET)
    names = [path.name for path in _FOLDER.glob("[0-9]*.json")]  # two numbers have several files
    tried = sum(name[:3] in EXPECTED for name in names)
    with capsys.disabled():
        print(f"\nrecorded exchanges: {tried} tried, {len(names) - tried} skipped")
        for reason in dict.fromkeys(NOT_MET.values()):
            numbers = [number for number, why in NOT_MET.items() if why == reason]
            print(f"  {len(numbers):3} {reason}: {' '.join(numbers)}")
