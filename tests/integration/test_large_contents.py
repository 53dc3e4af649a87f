"""Invoices and comments of any size and script arrive whole, or cut with their mark, and once."""

from __future__ import annotations

import base64
import html

import pytest

from tests.promises import assert_promises
from tests.world import World

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover

SCRIPTS = {
    "emoji": "👩‍👩‍👧‍👦 paid 🎉 with 🇨🇭",
    "CJK": "請求書を確認しました。发票已付。영수증",
    "right to left": "הלקוח ביקש \u202eחשבונית\u202c שוב، شكرا",  # noqa: RUF001  (that is the point)
    "markup": "<script>alert('1')</script> & <b>bold</b> &amp; \"quoted\" <!-- -->",
    "references": "@{invoice.id} @{note1.id} {comment.id} %1 ${x}",
    "combining": "Z̸̛͓a̷l̶g̵o̶ é é",
    "control": "before\x00\x07\x1b[31mafter\x85 the end",
    "halves": "a half \ud83d of an emoji",
    "lines": "first\r\nsecond\rthird\n\n\nlast",
    "JSON": '{"event": "invoice.synced", "id": [1, null]}\\u0000\\n',
}
_CONTROL = {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n", "\t"}


def expected(text: str) -> str:
    """What a person is to read: no control characters, one kind of line break, no halves of characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in lines if c not in _CONTROL)
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in kept).strip()


def body_of(world: World) -> str:
    (record,) = world.org.records("Magento_Invoice_Comment__c")
    return str(record["Body__c"])


def show(world: World, entity_id: int, text: str) -> None:
    """The comment as Magento shows it, whatever its database would have made of it."""
    with world.shop.lock:
        world.shop.invoices.row(entity_id)["comments"][0]["comment"] = text


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_script_arrives_as_it_is_in_its_record_and_escaped_in_its_note(world: World, script: str) -> None:
    text = SCRIPTS[script]
    entity_id = world.invoice(comment="a text to be replaced")
    show(world, entity_id, text)
    world.run_once()
    shown = expected(text).replace("@{", "@\u2060{")
    assert body_of(world) == shown
    sent = [call for call in world.salesforce_calls if b"ContentNote" in call.body]
    escaped = html.escape(expected(text)).replace("\n", "<br>")
    assert base64.b64encode(escaped.encode()) in sent[-1].body
    world.shop.touch(entity_id)
    world.run_once()
    assert_once(world)


def assert_once(world: World, comments: int = 1) -> None:
    assert world.org.created["ContentNote"] == world.org.created["Magento_Invoice_Comment__c"] == comments
    assert {row.sync_status for row in world.rows().values()} == {"synced"}


@pytest.mark.parametrize("size", [65_535, 131_072, 131_073, 10_000_000])
@pytest.mark.parametrize("character", ["x", "<", "é", "😀"])
def test_a_long_comment_arrives_whole_or_cut_with_its_mark_and_once(world: World, size: int, character: str) -> None:
    if size == 10_000_000 and character != "x":
        size //= 10  # the same at a tenth of the time
    entity_id = world.invoice(comment="a text to be replaced")
    text = f"begins here {character}" + character * (size // len(character.encode("utf-16-le")) * 2 - 13)
    show(world, entity_id, text)
    world.run_once()
    found = body_of(world)
    units = len(text.encode("utf-16-le")) // 2
    if units <= 131_072:
        assert found == text
    else:
        kept, mark = found.split("\n… (cut: ")
        assert text.startswith(kept)
        assert 131_000 <= len(found.encode("utf-16-le")) // 2 <= 131_072
        assert mark == "the whole comment is in Magento)"
    world.shop.touch(entity_id)
    world.run_once()
    assert_once(world)


@pytest.mark.timeout(120)
def test_an_invoice_of_5000_items_arrives_with_all_of_them(world: World) -> None:
    order = world.shop.place_order(items=[(f"SKU-{n}", f"Article {n}", 1, 1.25) for n in range(5000)])
    world.shop.submit_invoice(order["entity_id"])
    world.run_once()
    assert len(world.org.records("Magento_Invoice_Item__c")) == 5000
    assert_promises(world)


@pytest.mark.timeout(120)
def test_an_invoice_of_3000_comments_has_3000_notes(world: World) -> None:
    entity_id = world.invoice()
    for number in range(3000):
        world.shop.add_comment(entity_id, f"remark number {number} & <more>")
    world.run_once()
    assert_once(world, comments=3000)
    assert_promises(world)
