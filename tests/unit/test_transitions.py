"""The row of an invoice or a note after Salesforce's answer or an error: one table, and what each row keeps."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from daemon.eligibility import Action, Decision
from daemon.sync import transitions
from daemon.sync.timing import UNANSWERED_AGAIN, Moment
from state.kinds import SyncStatus
from state.ledger import LedgerRow
from state.notes import NoteRow
from tests.builders import NOON, ledger_row, note_row

BEFORE = NOON - timedelta(minutes=1)
SOON = NOON + timedelta(minutes=3)
LATER = NOON + timedelta(minutes=9)
FAR = NOON + timedelta(hours=3)
MOMENT = Moment(NOON, called_at=BEFORE)

OWED: dict[str, Any] = {"sync_status": "pending", "reason": "it waits", "attempts": 2, "fingerprint": "old"}
INVOICE = ledger_row(**OWED, asked=True, named=True, unconfirmed=True, waiting_since=BEFORE, next_attempt_at=BEFORE)
NOTE = note_row(**OWED, asked=True, unanswered_for=9, waiting_since=BEFORE, next_attempt_at=BEFORE)

SENT = {"reason": None, "asked": False, "attempts": 0, "next_attempt_at": None, "waiting_since": None}
PUT_OFF = {"reason": "busy", "fingerprint": None, "attempts": 3, "next_attempt_at": SOON}
FAILED = {
    "sync_status": "failed", "reason": "no", "cause": "NO", "attempts": 3, "next_attempt_at": SOON,
    "waiting_since": None,
}  # fmt: skip

# What happened; the row before; the row after; what differs.
TABLE: list[tuple[str, LedgerRow | NoteRow, LedgerRow | NoteRow, dict[str, Any]]] = [
    (
        "an invoice is in",
        INVOICE,
        transitions.synced(INVOICE, "new", MOMENT),
        SENT | {"sync_status": "synced", "named": False, "unconfirmed": False, "fingerprint": "new", "synced_at": NOON},
    ),
    (
        "a note is in",
        NOTE,
        transitions.attached(NOTE, "new", MOMENT),
        SENT | {"sync_status": "synced", "unanswered_for": None, "fingerprint": "new", "synced_at": NOON},
    ),
    ("an invoice is rejected", INVOICE, transitions.failed(INVOICE, "no", "NO", MOMENT, again=SOON), FAILED),
    ("a note is rejected", NOTE, transitions.failed(NOTE, "no", "NO", MOMENT, again=SOON), FAILED),
    ("an invoice is put off", INVOICE, transitions.put_off(INVOICE, "busy", NOON, again=SOON), PUT_OFF),
    ("a note is put off", NOTE, transitions.put_off(NOTE, "busy", NOON, again=SOON), PUT_OFF),
    (
        "a call about an invoice had no answer",
        INVOICE,
        transitions.put_off(INVOICE, "busy", NOON, again=SOON, cause="call", unanswered_until=LATER),
        PUT_OFF | {"cause": "call", "again_at": LATER},
    ),
    (
        "the org takes no notes: this one told so",
        NOTE,
        transitions.kept_back(NOTE, "no notes", NOON),
        {"reason": "no notes", "attempts": 3, "next_attempt_at": None},
    ),
    (
        "the org takes no notes: this one was not sent",
        NOTE,
        transitions.waits(NOTE, "no notes"),
        {"reason": "no notes", "next_attempt_at": None},
    ),
    (
        "every invoice is rejected alike",
        replace(INVOICE, sync_status="failed", cause="NO"),
        transitions.untried(replace(INVOICE, sync_status="failed", cause="NO"), "all of them"),
        {"sync_status": "pending", "reason": "all of them", "cause": None, "attempts": 0, "next_attempt_at": None,
         "waiting_since": None},
    ),
    ("the record is another one", INVOICE, transitions.replaced(INVOICE, "a02"), {"salesforce_id": "a02"}),
    (
        "somebody deleted the record",
        replace(INVOICE, salesforce_id="a01"),
        transitions.deleted(replace(INVOICE, salesforce_id="a01"), Decision(Action.HOLD, "off")),
        {"sync_status": "held", "reason": "off", "salesforce_id": None, "fingerprint": None, "attempts": 0,
         "next_attempt_at": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "differs"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_only_what_the_table_says_differs(
    before: LedgerRow | NoteRow, after: LedgerRow | NoteRow, differs: dict[str, Any]
) -> None:
    found = {
        field.name: getattr(after, field.name)
        for field in fields(after)
        if getattr(after, field.name) != getattr(before, field.name)
    }
    assert found == differs


@pytest.mark.parametrize("row", [INVOICE, NOTE], ids=["invoice", "note"])
def test_what_an_unanswered_call_may_have_written_over_goes_again_when_it_must_be_over(
    row: Any,
) -> None:
    unanswered = replace(row, again_at=SOON)
    assert transitions.failed(unanswered, "no", "NO", MOMENT, again=FAR).again_at == SOON
    assert transitions.failed(unanswered, "no", "NO", MOMENT, again=FAR).fingerprint is None
    assert transitions.put_off(unanswered, "busy", NOON, again=FAR).again_at == SOON
    over = Moment(LATER, called_at=SOON)
    assert transitions.failed(unanswered, "no", "NO", over, again=FAR).again_at is None


def test_what_is_in_goes_again_when_an_earlier_call_must_be_over() -> None:
    assert transitions.synced(replace(INVOICE, again_at=SOON), "new", MOMENT).again_at == SOON
    assert transitions.attached(replace(NOTE, again_at=SOON), "new", MOMENT).again_at == SOON
    assert transitions.synced(replace(INVOICE, again_at=BEFORE), "new", MOMENT).again_at is None


@pytest.mark.parametrize("status", ["failed", "synced", "held"])
def test_what_was_not_owed_waits_from_now_on(status: SyncStatus) -> None:
    row = replace(INVOICE, sync_status=status)
    assert transitions.put_off(row, "busy", NOON, again=SOON).waiting_since == NOON
    assert transitions.put_off(INVOICE, "busy", NOON, again=SOON).waiting_since == BEFORE


LOOKED_UP: list[tuple[str, str | None, str | None, str, str | None]] = [
    ("skipped", "a rule", "a01", "pending", None),
    ("skipped", "dismissed: it had failed", "a01", "skipped", "dismissed: it had failed"),
    ("held", "off", "a01", "held", "off"),
    ("skipped", "a rule", None, "skipped", "a rule"),
]


@pytest.mark.parametrize(("status", "reason", "found", "becomes", "says"), LOOKED_UP)
def test_an_invoice_that_is_there_already_follows_the_rules_for_those(
    status: str, reason: str | None, found: str | None, becomes: str, says: str | None
) -> None:
    row = ledger_row(sync_status=status, reason=reason, unconfirmed=True)
    after = transitions.looked_up(row, found, MOMENT)
    assert (after.sync_status, after.reason, after.salesforce_id, after.unconfirmed) == (becomes, says, found, False)


def test_an_invoice_that_an_unanswered_call_may_still_make_is_asked_for_once_more() -> None:
    row = ledger_row(sync_status="held", unconfirmed=True)
    after = transitions.looked_up(row, None, Moment(NOON, called_at=BEFORE, cleared_until=SOON))
    assert (after.unconfirmed, after.again_at) == (True, SOON)


MOMENTS: list[tuple[datetime | None, datetime | None, datetime | None]] = [
    (None, None, None),
    (SOON, None, SOON),
    (None, SOON, SOON),
    (SOON, LATER, LATER),
    (BEFORE, None, None),
    (FAR, None, NOON + UNANSWERED_AGAIN),
]


@pytest.mark.parametrize(("again_at", "cleared_until", "until"), MOMENTS)
def test_until_when_an_earlier_call_may_still_commit(
    again_at: datetime | None, cleared_until: datetime | None, until: datetime | None
) -> None:
    assert Moment(NOON, BEFORE, cleared_until).unanswered_until(again_at) == until
