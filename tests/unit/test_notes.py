"""A comment becomes a note: title, text escaped for Salesforce, comment record, fingerprint."""

import base64
from dataclasses import replace
from typing import Any

import pytest

from daemon.invoice import Comment
from daemon.notes import NoteRecord, comment_digest, note_of
from daemon.settings.schema import Note
from tests.builders import NOON, comment, invoice


def note(shown: Comment | None = None, **settings: Any) -> NoteRecord:
    return note_of(shown or comment(), invoice(), Note.model_validate(settings), "main-comment-5")


def content(text: str) -> str:
    return base64.b64decode(note(comment(text)).content()).decode()


def test_a_note_has_what_its_comment_says() -> None:
    found = note(comment("Hello", storefront=True, notified=True))
    assert (found.comment_id, found.external_id, found.title) == (5, "main-comment-5", "Magento comment 5")
    assert (found.text, found.visibility) == ("Hello", "InternalUsers")
    assert found.record == {
        "Body__c": "Hello",
        "Commented_At__c": "2026-11-22T08:00:00Z",
        "Customer_Notified__c": True,
        "Visible_On_Storefront__c": True,
        "Sync_Fingerprint__c": found.fingerprint,
    }


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("a\nb\n\nc", "a<br>b<br><br>c"),
        ("<script>alert('x')</script>", "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"),
        ('"&" &amp; <br>', "&quot;&amp;&quot; &amp;amp; &lt;br&gt;"),
        ("漢字 \N{GRINNING FACE} é", "漢字 \N{GRINNING FACE} é"),
    ],
)
def test_the_text_is_escaped_and_keeps_its_lines(text: str, html: str) -> None:
    assert content(text) == html


def test_space_around_the_text_is_left_out() -> None:
    assert note(comment("\n  Hello \n\n")).text == "Hello"


@pytest.mark.parametrize(("kind", "room"), [("content_note", 131_072), ("note", 32_000)])
def test_a_text_beyond_what_salesforce_takes_is_cut_with_a_mark(kind: str, room: int) -> None:
    mark = "\n… (cut: the whole comment is in Magento)"
    assert note(comment("x" * room), type=kind).text == "x" * room
    found = note(comment("x" * (room + 1)), type=kind)
    assert found.text == "x" * (room - len(mark)) + mark
    assert found.record["Body__c"] == found.text


def test_the_title_takes_from_comment_and_invoice() -> None:
    title = "{comment.id} of {invoice.increment_id} at {comment.created_at}"
    assert note(title=title).title == "5 of 000000007 at 2026-11-22 08:00"
    assert note(replace(comment(), created_at=None), title="at {comment.created_at}!").title == "at !"


@pytest.mark.parametrize(("kind", "room"), [("content_note", 255), ("note", 80)])
def test_a_long_title_is_cut(kind: str, room: int) -> None:
    long = replace(invoice(), increment_id="7" * 300)
    found = note_of(comment(), long, Note.model_validate({"title": "{invoice.increment_id}", "type": kind}), "x")
    assert found.title == "7" * (room - 1) + "…"


@pytest.mark.parametrize(
    ("setting", "storefront", "visibility"),
    [
        ("InternalUsers", True, "InternalUsers"),
        ("AllUsers", False, "AllUsers"),
        ("storefront", True, "AllUsers"),
        ("storefront", False, "InternalUsers"),
    ],
)
def test_who_sees_the_note(setting: str, storefront: bool, visibility: str) -> None:
    assert note(comment(storefront=storefront), visibility=setting).visibility == visibility


def test_the_fingerprint_sees_all_that_is_sent() -> None:
    fingerprints = [
        note().fingerprint,
        note(comment("Hallo")).fingerprint,
        note(comment(storefront=True)).fingerprint,
        note(comment(notified=True)).fingerprint,
        note(replace(comment(), created_at=NOON)).fingerprint,
        note(title="other").fingerprint,
        note(visibility="AllUsers").fingerprint,
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    assert note(comment(" Hello ")).fingerprint == note().fingerprint  # the same is sent


def test_the_digest_sees_all_that_magento_shows() -> None:
    shown = [
        comment(),
        comment("Hallo"),
        comment(storefront=True),
        comment(notified=True),
        replace(comment(), created_at=NOON),
        replace(comment(), created_at=None),
    ]
    assert len({comment_digest(each) for each in shown}) == len(shown)
