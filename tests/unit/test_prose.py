"""The measure of docstrings counts what it says that it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prose import Docstring, docstrings_in, first_sentence, offenders


def of(sentence: str) -> Docstring:
    return Docstring(Path("x.py"), 1, True, sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is called once.",
        "The file in which systemd hands it over, if it does.",
        "Return the folder that was named.",
        "Records which belong to nobody.",
        "Return None where nothing was read.",
        "Tell those who wait.",
        "The rows of these are locked; those are not.",
        "Return what Magento shows.",
    ],
)
def test_a_pronoun_that_is_a_subject_is_counted(sentence: str) -> None:
    assert of(sentence).has_pronoun_subject


@pytest.mark.parametrize(
    "sentence",
    [
        "Return whether the side may be called now.",
        "Return the page that Magento shows.",
        "Return the value that the file sets.",
        "Close this connection.",
        "Return its rows, each of these with one note.",
        "Split the item list.",
    ],
)
def test_other_uses_of_such_words_are_not_counted(sentence: str) -> None:
    assert not of(sentence).has_pronoun_subject


@pytest.mark.parametrize(
    ("sentence", "clause"),
    [
        ("Whether the side may be called.", True),
        ("What an invoice is.", True),
        ("Until when an earlier call may commit.", True),
        ("For whom a page is made.", True),
        ("``invoice-sync run``: what the daemon does.", True),
        ("When Magento is polled.", True),
        ("As JSON takes numbers.", True),
        ("If the file is missing, raise InvalidSettings.", False),
        ("As root: find the service's state.", False),
        ("Return whether the side may be called.", False),
        ("``invoice-sync run``: polls until SIGTERM.", False),
    ],
)
def test_a_bare_clause_is_told_from_a_sentence(sentence: str, clause: bool) -> None:
    assert of(sentence).is_clause == clause


@pytest.mark.parametrize(
    ("sentence", "no_verb"),
    [("The rows.", True), ("In seconds.", True), ("`None` for none.", True), ("Return the rows.", False)],
)
def test_a_docstring_that_cannot_begin_with_a_verb_is_counted(sentence: str, no_verb: bool) -> None:
    assert of(sentence).has_no_verb_first == no_verb


def test_the_first_sentence_ends_before_the_next_one_begins() -> None:
    assert first_sentence("Return `a.b` of\nthe row. None\nif there is none.\n\nMore.") == "Return `a.b` of the row."
    assert first_sentence("No full stop\n\nMore.") == "No full stop"


SOURCE = '''"""It is a module."""

class Row:
    """A row."""

    def key(self):
        """Whether it is."""

def silent(): ...
'''


def test_modules_classes_and_functions_are_read_and_offenders_are_named_with_their_line() -> None:
    root = Path(__file__).parents[2]
    found = list(docstrings_in(SOURCE, root / "daemon" / "x.py"))
    assert {(each.line, each.of_function) for each in found} == {(1, False), (4, False), (7, True)}
    assert set(offenders(found)) == {
        "daemon/x.py:1: pronoun: It is a module.",
        "daemon/x.py:7: clause, pronoun: Whether it is.",
    }
