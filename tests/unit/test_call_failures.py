"""How many failed calls are taken for Salesforce being down, and how much of a pass they may take."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.errors import Unreachable
from daemon.sync.delivery.call_failures import CallFailures, halvings, was_alone
from state.waiting import CALL
from tests.builders import ledger_row


def failed(calls: CallFailures, *, alone: bool = False, seconds: float = 0.1) -> bool:
    """Note a failed call; whether it was one too many."""
    error = Unreachable("cut off", side="salesforce", sent=True)
    return calls.note_failure(error, alone=alone, seconds=seconds)


def test_two_in_a_row_are_too_many_and_an_answer_between_them_is_not() -> None:
    calls = CallFailures()
    assert not failed(calls)
    calls.note_answer()
    assert not failed(calls)
    assert failed(calls)


def test_one_that_nothing_explains_is_raised_at_the_end_and_one_beside_an_answer_is_not() -> None:
    calls = CallFailures()
    failed(calls)
    with pytest.raises(Unreachable):
        calls.require_answer()
    calls.note_answer()
    calls.require_answer()
    failed(calls)
    calls.require_answer()


def test_records_that_fail_alone_tell_nothing_of_the_side_and_five_of_them_are_enough() -> None:
    calls = CallFailures()
    for _ in range(4):
        assert not failed(calls, alone=True)
        assert not calls.enough
    assert not failed(calls, alone=True)
    assert calls.enough
    calls.require_answer()


def test_calls_that_take_long_to_fail_end_the_pass_after_the_second() -> None:
    calls = CallFailures()
    failed(calls, seconds=120)
    assert not calls.enough, "another call is to tell whether Salesforce is down"
    calls.note_answer()
    failed(calls, seconds=30)
    assert calls.enough


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"attempts": 0}, 0),
        ({"attempts": 0, "cause": CALL}, 0),
        ({"attempts": 3, "cause": CALL}, 3),
        ({"attempts": 30, "cause": CALL}, 7),
        ({"attempts": 3, "cause": "UNABLE_TO_LOCK_ROW"}, None),
        ({"attempts": 3}, None),
    ],
)
def test_only_what_calls_died_of_goes_in_smaller_ones(fields: dict[str, Any], expected: int | None) -> None:
    row = ledger_row(**fields)
    assert halvings(row) == expected
    assert was_alone(row) == (expected == 7)
