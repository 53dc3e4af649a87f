"""Values are spelled as Salesforce takes them, and equal ones alike."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from daemon.spelling import cut, hash_of, plain_number, sentences, spell_instant, units

SMILE = "\N{GRINNING FACE}"


def test_an_instant_says_that_it_is_utc() -> None:
    east = timezone(timedelta(hours=2))
    assert spell_instant(datetime(2026, 11, 22, 1, 30, 5, 7, tzinfo=east)) == "2026-11-21T23:30:05Z"
    assert spell_instant(datetime(33, 4, 3, tzinfo=UTC)) == "0033-04-03T00:00:00Z"
    assert spell_instant(None) is None


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("漢字", 2), (SMILE, 2), ("a\ud83d", 2)])
def test_length_is_counted_in_utf_16_units(text: str, length: int) -> None:
    assert units(text) == length


@pytest.mark.parametrize(
    ("text", "room", "kept"),
    [
        ("abcde", 5, "abcde"),
        ("abcdef", 5, "abcd…"),
        ("ab cdef", 4, "ab…"),
        (f"abc{SMILE}", 5, f"abc{SMILE}"),
        (f"abcd{SMILE}", 5, "abcd…"),
        (f"abc{SMILE}e", 5, "abc…"),
        (f"abc{SMILE}ef", 6, f"abc{SMILE}…"),
        (SMILE * 3, 4, f"{SMILE}…"),
        ("", 0, ""),
    ],
)
def test_a_text_is_cut_at_whole_characters_and_marked(text: str, room: int, kept: str) -> None:
    assert cut(text, room, "…") == kept


@pytest.mark.parametrize(
    ("number", "spelled"),
    [
        ("24.70", "24.7"),
        ("24.7", "24.7"),
        ("210", "210"),
        ("2.1E+2", "210"),
        ("0.00", "0"),
        ("-0.0", "0"),
        ("0E+400", "0"),
        ("-5.50", "-5.5"),
        ("1E-20", "0.00000000000000000001"),
        ("1E+120", "1E+120"),
        ("1E+1000000", "1E+1000000"),
        ("10E-2000001", "1E-2000000"),
        ("123456789012345678901234567890123456.70", "123456789012345678901234567890123456.7"),
    ],
)
def test_equal_numbers_have_one_spelling_and_no_digit_is_lost(number: str, spelled: str) -> None:
    assert plain_number(Decimal(number)) == spelled


def test_equal_values_have_one_hash() -> None:
    assert hash_of({"a": Decimal("1.50"), "b": [1]}) == hash_of({"b": [1], "a": Decimal("1.5")})
    assert len(hash_of(None)) == 32


def test_different_values_have_different_hashes() -> None:
    values = [None, 0, "", [], {}, [1, 2], [2, 1], {"a": 1}, {"a": 2}, {"b": 1}, [[1], 2], [1, [2]], "é", "e"]
    assert len({hash_of(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (("It failed", "Set it."), "It failed. Set it."),
        (("It failed. Try again.", "Set it"), "It failed. Try again. Set it."),
        (("Is it on?", None), "Is it on?"),
        (("", "  "), ""),
    ],
)
def test_sentences_end_with_one_full_stop_each(parts: tuple[str | None, ...], said: str) -> None:
    assert sentences(*parts) == said
