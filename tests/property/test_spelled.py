"""What is sent fits its room, says what was written, and is known again by its fingerprint."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import simplejson
from hypothesis import given
from hypothesis import strategies as st

from daemon.invoice import Invoice, Item, Value
from daemon.mapping import INVOICE_FIELDS, ITEM_FIELDS, InvoiceMapping, InvoiceRecord
from daemon.notes import note_of
from daemon.salesforce.graphs import MAX_BYTES, MAX_GRAPHS, MAX_NODES, Graph, Node, pack
from daemon.salesforce.ids import to_18
from daemon.salesforce.writes import Writes
from daemon.sandbox.salesforce.org.ids import normal_id
from daemon.spelling import cut, plain_number, units
from tests import builders

# What the border lets in: no surrogates, no control characters but newline and tab.
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t"), max_size=40)
WIDE = st.text(st.sampled_from("ab \n\N{GRINNING FACE}漢"), max_size=30)
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12)
VALUES: st.SearchStrategy[Value] = st.one_of(st.none(), st.integers(-(2**40), 2**40), AMOUNTS, TEXTS, st.booleans())


def spelled(body: Mapping[str, Any]) -> str:
    return simplejson.dumps(body, use_decimal=True, sort_keys=True, allow_nan=False)


@given(WIDE, st.integers(1, 40))
def test_a_cut_text_fits_and_begins_as_it_did(text: str, room: int) -> None:
    found = cut(text, room, "…")
    assert units(found) <= room
    found.encode()  # no character was split
    if found != text:
        assert units(text) > room
        assert found.endswith("…")
        assert text.startswith(found[:-1])


@given(st.decimals(allow_nan=False, allow_infinity=False), st.integers(0, 5))
def test_equal_numbers_have_one_spelling_and_others_another(number: Decimal, zeros: int) -> None:
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    same = Decimal((sign, digits + (0,) * zeros, exponent - zeros))
    assert plain_number(same) == plain_number(number)
    assert Decimal(plain_number(number)) == number


@given(TEXTS)
def test_a_notes_content_is_the_comments_text(text: str) -> None:
    note = note_of(builders.comment(text), builders.invoice(), builders.settings().salesforce.note, "main-comment-5")
    content = base64.b64decode(note.content(), validate=True).decode()
    assert html.unescape(content.replace("<br>", "\n")) == text.strip()
    assert not set(content.replace("<br>", "")) & set("<>\"'\n")


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    names = st.sampled_from([path.split(".")[1] for path in INVOICE_FIELDS.values() if path.startswith("invoice.")])
    parts = st.sampled_from([path.split(".")[1] for path in ITEM_FIELDS.values()])
    items = [
        Item(number, MappingProxyType(draw(st.dictionaries(parts, VALUES, max_size=3))))
        for number in sorted(draw(st.sets(st.integers(1, 5), max_size=2)))
    ]
    order = builders.order(**draw(st.dictionaries(st.sampled_from(["customer_name", "store_name"]), TEXTS, max_size=2)))
    return builders.invoice(
        state=draw(st.sampled_from(["open", "paid", "canceled"])),
        items=items,
        of=draw(st.one_of(st.none(), st.just(order))),
        values=draw(st.dictionaries(names, VALUES, max_size=4)),
        updated_at=draw(st.sampled_from([builders.EARLIER, builders.NOON])),
    )


def sent(record: InvoiceRecord) -> str:
    """All that goes to Salesforce, but for the change stamp and the fingerprint itself."""
    body = {
        key: value for key, value in record.body.items() if key not in ("Magento_Updated_At__c", "Sync_Fingerprint__c")
    }
    return spelled({"body": body, "items": record.items})


MAPPING = InvoiceMapping(builders.settings())


@given(invoices(), invoices())
def test_the_fingerprint_is_equal_just_when_what_is_sent_is(one: Invoice, other: Invoice) -> None:
    first, second = MAPPING.record_of(one), MAPPING.record_of(other)
    if first.fingerprint == second.fingerprint:
        assert _numbers_alike(first) == _numbers_alike(second)
    if sent(first) == sent(second):
        assert first.fingerprint == second.fingerprint
    assert MAPPING.record_of(one) == first


def _numbers_alike(record: InvoiceRecord) -> str:
    def alike(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: alike(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [alike(inner) for inner in value]
        return plain_number(value) if isinstance(value, Decimal) else value

    skipped = ("Magento_Updated_At__c", "Sync_Fingerprint__c")
    return spelled({"b": alike({k: v for k, v in record.body.items() if k not in skipped}), "i": alike(record.items)})


@given(invoices())
def test_every_invoice_can_be_written_as_json_that_no_text_steers(invoice: Invoice) -> None:
    settings = builders.settings()
    for graph in Writes(settings.salesforce, "/x").invoice_graphs(MAPPING.record_of(invoice)):
        text = simplejson.dumps(graph.spelled(), use_decimal=True, allow_nan=False)
        assert text.count("@{") == len(graph.nodes) - 1  # each item's parent, and nothing a customer wrote
        assert simplejson.loads(text, use_decimal=True)["graphId"] == "7"


@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from([1, 100, 2_000_000])), max_size=80), st.integers(1, 100))
def test_packing_keeps_the_order_and_every_limit(shapes: list[tuple[int, int]], at_most: int) -> None:
    graphs = [
        Graph(
            str(number),
            (Node("a", "POST", "/x", {"T": "x" * length}), *(Node("n", "GET", "/") for _ in range(nodes - 1))),
        )
        for number, (nodes, length) in enumerate(shapes[:8])
    ] + [Graph(f"s{number}", (Node("a", "GET", "/"),)) for number in range(len(shapes))]
    calls = pack(graphs, at_most=at_most)
    assert [graph for call in calls for graph in call] == graphs
    for call in calls:
        assert 1 <= len(call) <= min(at_most, MAX_GRAPHS)
        assert sum(len(graph.nodes) for graph in call) <= MAX_NODES
        assert sum(graph.size() for graph in call) <= MAX_BYTES


@given(st.text(st.sampled_from("abcXYZ0189"), min_size=15, max_size=15))
def test_ids_are_spelled_as_an_independent_hand_spells_them(short: str) -> None:
    assert to_18(short) == normal_id(short)
    assert to_18(to_18(short)) == to_18(short)
