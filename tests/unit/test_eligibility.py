"""Flags, skip rules and what is known → send, hold or skip: every combination, by the rules as they are written."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import pytest

from daemon.eligibility import MANUAL, NO_NOTES, OFF, Action, Known, decide, decide_comment, skip_rule
from daemon.settings.schema import Invoices, Note
from tests.builders import comment, invoice


class Case(NamedTuple):
    sync: bool
    automatic: bool
    rule: bool
    owed: bool
    in_salesforce: bool
    asked: bool
    named: bool


HOLD_OFF = (Action.HOLD, OFF)
HOLD_MANUAL = (Action.HOLD, MANUAL)
SKIP = (Action.SKIP, "invoices.skip.zero_total: its total is 0")
SEND = (Action.SEND, None)


def by_the_rules(case: Case) -> tuple[Action, str | None]:
    """semantics.md, "Decide", sentence by sentence."""
    # "a skip rule → skip, for an invoice that is not in Salesforce yet"; "over skip rules only for invoices named"
    held_by_a_rule = case.rule and not case.in_salesforce and not case.named
    # "the row is pending, and a flag going off never drops it"; "if its newest version meets a skip rule, it is not
    # in Salesforce and nobody named it, it becomes skipped"
    if case.owed:
        return SKIP if held_by_a_rule else SEND
    # "enable_synchronization off → hold"; "a manual sync passes … never over the first one"
    if not case.sync:
        return HOLD_OFF
    # "enable_automatic_synchronization off → hold"; "a manual sync passes over the automatic flag"
    if not case.automatic and not case.asked:
        return HOLD_MANUAL
    return SKIP if held_by_a_rule else SEND


CASES = [Case(*flags) for flags in product((False, True), repeat=7)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "".join("01"[flag] for flag in case))
def test_an_invoice_is_decided_by_the_rules(case: Case) -> None:
    options = Invoices.model_validate(
        {
            "enable_synchronization": case.sync,
            "enable_automatic_synchronization": case.automatic,
            "skip": {"zero_total": True},
        }
    )
    decision = decide(
        invoice(total="0" if case.rule else "1"),
        options,
        Known(owed=case.owed, in_salesforce=case.in_salesforce, asked=case.asked, named=case.named),
    )
    assert (decision.action, decision.reason) == by_the_rules(case)
    assert decision.held_for is None


@pytest.mark.parametrize(
    ("case", "expected"),
    [  # the rows of that table that people meet, written out
        (Case(sync=True, automatic=True, rule=False, owed=False, in_salesforce=False, asked=False, named=False), SEND),
        (Case(sync=True, automatic=True, rule=True, owed=False, in_salesforce=False, asked=False, named=False), SKIP),
        (Case(sync=True, automatic=True, rule=True, owed=False, in_salesforce=True, asked=False, named=False), SEND),
        (Case(sync=True, automatic=True, rule=True, owed=False, in_salesforce=False, asked=True, named=False), SKIP),
        (Case(sync=True, automatic=True, rule=True, owed=False, in_salesforce=False, asked=True, named=True), SEND),
        (Case(sync=True, automatic=False, rule=False, owed=False, in_salesforce=True, asked=False, named=False),
         HOLD_MANUAL),
        (Case(sync=True, automatic=False, rule=False, owed=False, in_salesforce=False, asked=True, named=False), SEND),
        (Case(sync=False, automatic=True, rule=False, owed=False, in_salesforce=False, asked=True, named=True),
         HOLD_OFF),
        (Case(sync=False, automatic=False, rule=False, owed=True, in_salesforce=False, asked=False, named=False), SEND),
        (Case(sync=False, automatic=False, rule=True, owed=True, in_salesforce=False, asked=False, named=False), SKIP),
        (Case(sync=True, automatic=True, rule=True, owed=True, in_salesforce=True, asked=False, named=False), SEND),
    ],
)  # fmt: skip
def test_the_rules_read_as_people_expect(case: Case, expected: tuple[Action, str | None]) -> None:
    assert by_the_rules(case) == expected


@pytest.mark.parametrize(
    ("skip", "shown", "reason"),
    [
        ({}, {"total": "0", "state": "open", "store_id": 2}, None),
        ({"zero_total": True}, {"total": "0"}, "invoices.skip.zero_total: its total is 0"),
        ({"zero_total": True}, {"total": "0.0000"}, "invoices.skip.zero_total: its total is 0"),
        ({"zero_total": True}, {"total": "0.0001"}, None),
        ({"zero_total": True}, {"total": "-1"}, None),
        ({"zero_total": True}, {"total": None}, None),
        ({"states": ["open", "canceled"]}, {"state": "open"}, "invoices.skip.states: it is open"),
        ({"states": ["open", "canceled"]}, {"state": "canceled"}, "invoices.skip.states: it is canceled"),
        ({"states": ["open", "canceled"]}, {"state": "paid"}, None),
        ({"store_ids": [2, 3]}, {"store_id": 3}, "invoices.skip.store_ids: it is of store 3"),
        ({"store_ids": [2, 3]}, {"store_id": 1}, None),
        ({"zero_total": True, "states": ["paid"]}, {"total": "0"}, "invoices.skip.zero_total: its total is 0"),
    ],
)
def test_a_skip_rule_names_itself_and_why(
    skip: dict[str, object], shown: dict[str, object], reason: str | None
) -> None:
    assert skip_rule(invoice(**shown), Invoices.model_validate({"skip": skip})) == reason  # type: ignore[arg-type]


# --- comments


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_an_empty_comment_makes_no_note(text: str) -> None:
    decision = decide_comment(comment(text), Invoices(), Note(), asked=True)
    assert (decision.action, decision.reason) == (Action.SKIP, "it is empty")


def test_only_comments_on_the_storefront_where_only_those_are_wanted() -> None:
    wanted = Note(only_visible_on_storefront=True)
    assert decide_comment(comment(storefront=True), Invoices(), wanted, asked=False).action is Action.SEND
    hidden = decide_comment(comment(storefront=False), Invoices(), wanted, asked=True)
    assert hidden.action is Action.SKIP
    assert "only_visible_on_storefront" in (hidden.reason or "")
    assert decide_comment(comment(storefront=False), Invoices(), Note(), asked=False).action is Action.SEND


@pytest.mark.parametrize(
    ("notes", "sync", "automatic", "asked", "expected"),
    [
        (True, True, True, False, (Action.SEND, None, None)),
        (True, True, True, True, (Action.SEND, None, None)),
        (True, True, False, False, (Action.HOLD, MANUAL, "automatic")),
        (True, True, False, True, (Action.SEND, None, None)),
        (True, False, True, False, (Action.HOLD, OFF, "automatic")),
        (True, False, True, True, (Action.HOLD, OFF, "automatic")),
        (True, False, False, False, (Action.HOLD, OFF, "automatic")),
        (True, False, False, True, (Action.HOLD, OFF, "automatic")),
        (False, True, True, False, (Action.HOLD, NO_NOTES, "notes")),
        (False, True, True, True, (Action.HOLD, NO_NOTES, "notes")),
        (False, True, False, False, (Action.HOLD, NO_NOTES, "notes")),
        (False, True, False, True, (Action.HOLD, NO_NOTES, "notes")),
        (False, False, True, False, (Action.HOLD, NO_NOTES, "notes")),
        (False, False, True, True, (Action.HOLD, NO_NOTES, "notes")),
        (False, False, False, False, (Action.HOLD, NO_NOTES, "notes")),
        (False, False, False, True, (Action.HOLD, NO_NOTES, "notes")),
    ],
)
def test_a_comment_is_held_for_the_flag_that_is_off(
    notes: bool, sync: bool, automatic: bool, asked: bool, expected: tuple[Action, str | None, str | None]
) -> None:
    options = Invoices(synchronize_notes=notes, enable_synchronization=sync, enable_automatic_synchronization=automatic)
    decision = decide_comment(comment(), options, Note(), asked=asked)
    assert (decision.action, decision.reason, decision.held_for) == expected
