"""Whatever comes in from outside becomes a value or one of our errors, never anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import InvalidSettings, InvoiceSyncError, Unreachable
from daemon.invoice import Invoice, Malformed, Order
from daemon.magento.error_answer import sentence
from daemon.magento.parse import invoice_of, order_of
from daemon.magento.responses import read, rows_of
from daemon.magento.scalars import clean, digest
from daemon.redaction import Redaction
from daemon.salesforce.graphs import Done, Graph, Node, NotAttempted, Rejected, read_answers
from daemon.salesforce.remedies import RecordError, remedy_for
from daemon.salesforce.remedy import Next
from daemon.settings import load
from daemon.sync.decide import note_rows_of, row_of
from daemon.sync.unreadable import malformed_row
from state.kinds import SeenBy
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.store import Store
from state.values import LARGEST, BadValueError
from tests.builders import SECRETS, comment_row, ledger_row, note_row, row, seen
from tests.builders import settings as defaults

TEXTS = st.text(st.characters(codec=None), max_size=20)  # also lone surrogates and control characters
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from([Decimal("1E+1000000"), Decimal("-0.0"), Decimal("1E-1000000"), 2**63, -(2**63)]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, st.sampled_from(["NaN", "Infinity", "0000-00-00 00:00:00"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
NAMES = st.sampled_from([*row(), *comment_row(), "billing_address", "street", "sku", "qty", "customer_firstname"])
RECORDS = st.dictionaries(st.one_of(NAMES, TEXTS), JSON, max_size=8)
PARTS = st.lists(
    st.builds(lambda extra, number: {**comment_row(), "entity_id": number, **extra}, RECORDS, st.integers(1, 9)),
    max_size=3,
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """An invoice's row of which some fields are not what they should be."""
    shown = row(draw(st.integers(1, 2**63 - 1)))
    shown.update(draw(st.fixed_dictionaries({}, optional={"items": PARTS, "comments": PARTS})))
    shown.update(draw(st.dictionaries(st.sampled_from(sorted(set(shown) - {"entity_id"})), JSON, max_size=3)))
    for name in draw(st.sets(st.sampled_from(sorted(set(shown) - {"entity_id"})), max_size=2)):
        del shown[name]
    return shown


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store(tmp_path_factory.mktemp("border") / "state" / "state.db", lock=True) as made:
        yield made


def assert_writable(value: object) -> None:
    """Nothing is in it that SQLite or JSON cannot carry."""
    if isinstance(value, str):
        value.encode()
        assert "\0" not in value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            assert_writable(key)
            assert_writable(inner)


@given(st.one_of(rows(), RECORDS.map(lambda extra: {**extra, "entity_id": 7})))
def test_any_row_with_an_entity_id_is_an_invoice_or_says_why_not(shown: dict[str, Any]) -> None:
    found = invoice_of(shown)
    assert found.entity_id == shown["entity_id"]
    assert found == invoice_of(shown)
    assert len(found.digest) == 32
    assert_writable(found.increment_id)
    if isinstance(found, Malformed):
        assert found.reason
        assert_writable(found.reason)
        return
    assert isinstance(found, Invoice)
    assert found.state in {"open", "paid", "canceled"}
    assert_writable(found.values)
    assert found.newest_stamp >= found.created_at
    for number in (found.store_id, found.order_id):
        assert number is None or 0 <= number <= LARGEST
    for parts in (found.items, found.comments):
        ids = [part.entity_id for part in parts]
        assert ids == sorted(set(ids))
    for comment in found.comments:
        assert_writable(comment.text)


IDS = st.one_of(st.integers(), st.sampled_from([-(2**62), -1, 0, 1, 2**62 - 1, 2**62, 5 * 10**18, 2**63 - 1, 2**63]))


@given(
    shown=st.builds(row, IDS, store_id=IDS, order_id=IDS, state=st.integers(1, 3)),
    ids=st.lists(IDS, max_size=3),
    by=st.sampled_from(["poll", "backfill"]),
)
def test_whatever_numbers_magento_shows_the_state_reads_back_what_it_keeps(
    store: Store, shown: dict[str, Any], ids: list[int], by: SeenBy
) -> None:
    shown["comments"] = [comment_row(each) for each in ids]
    try:
        rows_of({"items": [shown]}, after_id=0, at_most=1)
    except Unreachable:
        return
    found = invoice_of(shown)
    if isinstance(found, Malformed):
        written, notes = malformed_row(found, None, seen(by)), []
    else:
        written = row_of(found, None, defaults(), seen(by))
        notes = note_rows_of(found, {}, defaults(), seen(by))
    store.ledger.write([written])
    store.notes.write(notes)
    assert store.ledger.known([found.entity_id]) == {found.entity_id: written}
    assert store.notes.known(each.comment_id for each in notes) == {each.comment_id: each for each in notes}


@given(st.sampled_from([LedgerRow, NoteRow]), st.data())
def test_a_number_that_could_not_be_read_back_is_not_kept(
    store: Store, kind: type[LedgerRow | NoteRow], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([each.name for each in fields(kind) if each.type in (int, int | None)]))
    value = data.draw(IDS)
    if kind is LedgerRow:
        keep = partial(store.ledger.write, [ledger_row(**{name: value})])
    else:
        keep = partial(store.notes.write, [note_row(**{name: value})])
    if 0 <= value <= LARGEST:
        keep()
    else:
        with pytest.raises(BadValueError, match=f"{name} is no number that it could be"):
            keep()
    assert store.ledger.known([7]) is not None
    assert store.notes.of([7]) is not None


@given(RECORDS)
def test_any_order_with_an_entity_id_is_one(shown: dict[str, Any]) -> None:
    found = order_of({**shown, "entity_id": 7})
    assert isinstance(found, Order)
    assert_writable(found.values)


@given(
    st.one_of(
        RECORDS,
        st.fixed_dictionaries(
            {"items": st.one_of(JSON, st.lists(st.dictionaries(st.just("entity_id"), NUMBERS), max_size=5))},
            optional={"total_count": JSON},
        ),
        st.fixed_dictionaries(
            {"items": st.lists(st.fixed_dictionaries({"entity_id": st.integers(-2, 9)}), max_size=4)}
        ),
    ),
    st.integers(0, 5),
    st.integers(1, 4),
)
def test_any_list_is_refused_whole_or_ascends_from_where_it_was_asked(
    body: dict[str, Any], after_id: int, at_most: int
) -> None:
    try:
        found = rows_of(body, after_id=after_id, at_most=at_most)
    except Unreachable:
        return
    ids = [each["entity_id"] for each in found]
    assert ids == sorted(set(ids))
    assert len(ids) <= at_most
    assert all(after_id < entity_id <= LARGEST for entity_id in ids)


@given(
    st.integers(100, 599), st.one_of(st.binary(max_size=60), JSON.map(lambda v: json.dumps(v, default=str).encode()))
)
def test_any_answer_of_magento_is_an_object_or_one_of_our_errors(status: int, content: bytes) -> None:
    response = requests.Response()
    response.status_code, response._content, response.url = status, content, "https://shop.example.com/rest/all/V1/x"
    try:
        found = read(response, "oauth1", Redaction())
    except InvoiceSyncError as error:
        words = str(error)
    else:
        words = "good" if status == 200 and isinstance(found, dict) else ""
    assert words


@given(st.fixed_dictionaries({}, optional={"message": JSON, "parameters": JSON, "errors": JSON}))
def test_any_message_becomes_a_sentence_on_one_line(body: dict[str, Any]) -> None:
    assert "\n" not in sentence(body)


@given(TEXTS)
def test_cleaning_is_done_once(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert_writable(cleaned)


# --- the digest


def shuffled(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The same in other words: keys and lists in another order, nulls added, numbers spelled otherwise."""
    if isinstance(value, dict):
        pairs = [(key, shuffled(inner, draw)) for key, inner in value.items()]
        return dict([*draw(st.permutations(pairs)), *([("absent", None)] if "absent" not in value else [])])
    if isinstance(value, list):
        return draw(st.permutations([shuffled(inner, draw) for inner in value]))
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int)
        spelled = f"{number:f}" if abs(exponent) < 50 else str(number)
        return draw(
            st.sampled_from([number, Decimal(f"{spelled}.0" if "." not in spelled and "E" not in spelled else spelled)])
        )
    return value


@given(st.data(), JSON)
def test_the_digest_is_stable_under_order_and_spelling(data: st.DataObject, value: Any) -> None:
    assert digest(shuffled(value, data.draw)) == digest(value)


@given(st.dictionaries(TEXTS, st.one_of(st.integers(), TEXTS), max_size=4), TEXTS, st.integers())
def test_the_digest_sees_every_change(value: dict[str, Any], key: str, number: int) -> None:
    changed = {**value, key: number}
    if value.get(key) not in (number, str(number)):
        assert digest(changed) != digest(value)


# --- Salesforce

NODES = st.fixed_dictionaries(
    {},
    optional={
        "referenceId": st.one_of(st.sampled_from(["invoice", "item0"]), JSON),
        "httpStatusCode": st.one_of(st.sampled_from([200, 201, 204, 300, 400, 404, 500]), JSON, st.floats()),
        "body": st.one_of(
            JSON,
            st.just({"id": "a005gX000000001ABA"}),
            st.lists(
                st.fixed_dictionaries({}, optional={"errorCode": JSON, "message": JSON, "fields": JSON}), max_size=2
            ),
        ),
    },
)
GRAPHS = st.fixed_dictionaries(
    {},
    optional={
        "graphId": st.one_of(st.sampled_from(["7", "8", 7]), JSON),
        "isSuccessful": st.one_of(st.booleans(), JSON),
        "graphResponse": st.one_of(
            JSON, st.fixed_dictionaries({"compositeResponse": st.one_of(JSON, st.lists(NODES, max_size=3))})
        ),
    },
)
ANSWERS = st.one_of(JSON, st.fixed_dictionaries({"graphs": st.one_of(JSON, st.lists(GRAPHS, max_size=3))}))
SENT = [Graph("7", (Node("invoice", "PATCH", "/x"), Node("item0", "PATCH", "/y")))]


@given(ANSWERS)
def test_any_answer_of_salesforce_is_about_what_was_sent_or_none(body: Any) -> None:
    try:
        found = read_answers(body, SENT)
    except Unreachable:
        return
    assert set(found) == {"7"}
    answer = found["7"]
    if isinstance(answer, Done):
        assert answer.ids["invoice"]
    elif isinstance(answer, Rejected):
        assert answer.ref in {"invoice", "item0"}
        assert "\n" not in answer.error.message
    else:
        assert answer == NotAttempted()


@given(TEXTS, TEXTS, st.integers(100, 599))
def test_any_error_leads_somewhere(code: str, message: str, status: int) -> None:
    remedy = remedy_for(RecordError(code, message, status=status))
    assert remedy.next in Next
    assert remedy.hint


# --- settings

ENVIRON = {f"INVOICE_SYNC_{name.upper()}": value for name, value in SECRETS.items()}
GOOD = "magento:\n  base_url: https://shop.example.com\nsalesforce:\n  login_url: https://acme.my.salesforce.com\n"
YAML_WORDS = st.sampled_from(
    [
        "magento", "salesforce", "invoices", "skip", "fields", "page_size", "poll_interval", "created_from", "base_url",
        ": ", "\n", "\n  ", "\n    ", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "<<: ", "!!int ",
        "!!python/object:os ", "!x ", "| ", "> ", "'", '"', "#", "? ", "%YAML 1.1\n", "---\n", "...",
        "2026-02-31", "2026-11-22T08:00:00Z",
        "0x", "0o9", "1e999", ".nan", ".inf", "~", "null", "true", "12:30:45", "https://[", "999999999999999999999d",
        "\t", "\0", "\ud800", "\u2028", "\N{GRINNING FACE}", "=", "1_0", "\\x41",
    ]
)  # fmt: skip
DOCUMENTS = st.one_of(st.text(max_size=60), st.lists(YAML_WORDS, max_size=25).map("".join))


def read_settings(path: Path, environ: Mapping[str, str]) -> None:
    try:
        found = load(path, environ)
    except InvalidSettings as refusal:
        said = refusal.problems
    else:
        said = ["good"] if found.settings.magento.base_url else []
    assert said
    assert not [problem for problem in said if not problem.strip() or "\n" in problem]


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.YAMLWarning")
@settings(max_examples=300, deadline=None)
@given(DOCUMENTS, st.booleans())
def test_any_text_is_settings_or_refused_with_reasons(
    tmp_path_factory: pytest.TempPathFactory, text: str, appended: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "settings.yaml"
    path.write_bytes(((GOOD if appended else "") + text).encode(errors="surrogatepass"))
    read_settings(path, ENVIRON)


KEYS = st.sampled_from(
    [
        "schedule.poll_interval", "schedule.overlap", "magento.base_url", "magento.page_size", "magento.timeout",
        "magento.name", "invoices.created_from", "invoices.skip.states", "invoices.skip.store_ids", "invoices",
        "salesforce.api_reserve", "salesforce.api_version", "salesforce.invoice.fields", "salesforce.item.object",
        "salesforce.note.title", "salesforce.login_url", "state.path", "logging.level", "nothing.known", "",
    ]
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.YAMLWarning")
@settings(max_examples=300, deadline=None)
@given(KEYS, st.one_of(DOCUMENTS, st.integers().map(str), st.floats().map(str), st.datetimes().map(str)))
def test_any_value_of_any_key_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "settings.yaml"
    path.write_text(GOOD)
    read_settings(path, {**ENVIRON, f"INVOICE_SYNC__{key.replace('.', '__').upper()}": value})
