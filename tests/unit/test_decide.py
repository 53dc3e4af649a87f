"""What becomes of an invoice and its comments that Magento shows new or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.eligibility import MANUAL, NO_NOTES, OFF
from daemon.invoice import Comment, Malformed
from daemon.notes import comment_digest
from daemon.sync.decide import ANOTHER, Seen, is_another, note_rows_of, row_of
from daemon.sync.unreadable import malformed_row
from state.kinds import SeenBy
from state.ledger import LedgerRow
from state.notes import NoteRow
from tests.builders import EARLIER, NOON, comment, invoice, ledger_row, note_row, order, seen, settings

AUTOMATIC_OFF = {"invoices.enable_automatic_synchronization": False}
ALL_OFF = {"invoices.enable_synchronization": False}
NOTES_OFF = {"invoices.synchronize_notes": False}
SKIP_OPEN = {"invoices.skip.states": ["open"]}
TOMORROW = NOON + timedelta(days=1)


def decided(
    known: LedgerRow | None = None,
    flags: Mapping[str, object] | None = None,
    by: Seen | None = None,
    state: str = "paid",
) -> LedgerRow:
    """The row once Magento shows the invoice in this state."""
    return row_of(invoice(state=state, digest="shown"), known, settings(flags), by or seen())


# --- the ledger row


def test_a_new_invoice_is_owed_with_what_magento_shows() -> None:
    shown = replace(invoice(of=order(increment_id="000000070")), updated_at=NOON)
    assert row_of(shown, None, settings(), seen()) == LedgerRow(
        entity_id=7,
        increment_id="000000007",
        store_id=1,
        order_id=70,
        order_number="000000070",
        state="paid",
        grand_total="49.98",
        currency="USD",
        created_at=EARLIER,
        updated_at=NOON,
        digest="shown",
        sync_status="pending",
        seen_at=NOON,
        seen_by="poll",
    )


def test_an_invoice_without_a_total_or_an_order_has_none_in_the_ledger() -> None:
    row = row_of(invoice(total=None), None, settings(), seen())
    assert (row.grand_total, row.order_number) == (None, None)


def test_a_change_keeps_what_is_known_of_salesforce_and_of_the_order() -> None:
    known = ledger_row(
        sync_status="synced", salesforce_id="a01", fingerprint="f", synced_at=EARLIER, order_number="70", again_at=NOON
    )
    row = decided(known)
    assert (row.sync_status, row.digest) == ("pending", "shown")
    assert (row.salesforce_id, row.fingerprint, row.synced_at, row.order_number, row.again_at) == (
        "a01", "f", EARLIER, "70", NOON,
    )  # fmt: skip
    assert (row.seen_at, row.seen_by) == (known.seen_at, known.seen_by)


def test_held_while_off_and_owed_by_a_further_change_while_on() -> None:
    held = decided(flags=AUTOMATIC_OFF)
    assert (held.sync_status, held.reason) == ("held", MANUAL)
    still = decided(held, AUTOMATIC_OFF)
    assert (still.sync_status, still.reason) == ("held", MANUAL)
    freed = decided(still)
    assert (freed.sync_status, freed.reason) == ("pending", None)


def test_nothing_is_sent_while_synchronization_is_off_not_even_by_hand() -> None:
    row = decided(flags=ALL_OFF, by=seen("request", asked=True, named=True))
    assert (row.sync_status, row.reason, row.asked, row.named) == ("held", OFF, False, False)


def test_a_change_to_a_synced_invoice_is_held_too() -> None:
    row = decided(ledger_row(sync_status="synced", salesforce_id="a01"), AUTOMATIC_OFF)
    assert (row.sync_status, row.salesforce_id) == ("held", "a01")


def test_what_a_person_asked_for_is_remembered_until_it_is_in() -> None:
    row = decided(flags=AUTOMATIC_OFF, by=seen("request", asked=True))
    assert (row.sync_status, row.asked, row.named) == ("pending", True, False)
    changed = decided(row, AUTOMATIC_OFF)
    assert (changed.sync_status, changed.asked) == ("pending", True)


def test_a_flag_going_off_never_drops_what_is_owed() -> None:
    for flags in (ALL_OFF, AUTOMATIC_OFF):
        row = decided(ledger_row(sync_status="pending"), flags)
        assert (row.sync_status, row.asked) == ("pending", False)


def test_a_skip_rule_takes_back_what_is_owed_unless_it_was_named_or_is_in_salesforce() -> None:
    owed = ledger_row(sync_status="pending")
    taken = decided(owed, SKIP_OPEN, state="open")
    assert (taken.sync_status, taken.reason) == ("skipped", "invoices.skip.states: it is open")
    assert decided(replace(owed, named=True, asked=True), SKIP_OPEN, state="open").sync_status == "pending"
    assert decided(replace(owed, salesforce_id="a01"), SKIP_OPEN, state="open").sync_status == "pending"


def test_a_skipped_invoice_is_decided_anew_at_each_change() -> None:
    skipped = decided(flags=SKIP_OPEN, state="open")
    assert skipped.sync_status == "skipped"
    assert decided(skipped, SKIP_OPEN, state="paid").sync_status == "pending"


def test_having_been_named_ends_with_the_sending_that_it_was_for() -> None:
    once = ledger_row(sync_status="skipped", asked=True, named=True)
    assert decided(once, SKIP_OPEN, state="open").sync_status == "skipped"


def test_a_change_does_not_hurry_a_row_that_waits_for_its_next_try() -> None:
    waiting = ledger_row(sync_status="pending", attempts=3, next_attempt_at=TOMORROW, reason="Salesforce answered 503")
    row = decided(waiting)
    assert (row.attempts, row.next_attempt_at, row.reason) == (3, TOMORROW, "Salesforce answered 503")


def test_a_person_hurries_it() -> None:
    waiting = ledger_row(sync_status="pending", attempts=3, next_attempt_at=TOMORROW, reason="Salesforce answered 503")
    row = decided(waiting, by=seen("request", asked=True))
    assert (row.attempts, row.next_attempt_at, row.reason, row.asked) == (0, None, None, True)


def test_a_change_makes_a_failed_invoice_due_at_once() -> None:
    row = decided(ledger_row(sync_status="failed", attempts=4, next_attempt_at=TOMORROW, reason="too long"))
    assert (row.sync_status, row.attempts, row.next_attempt_at, row.reason) == ("pending", 0, None, None)


@pytest.mark.parametrize(
    ("by", "flags", "salesforce_id", "unconfirmed"),
    [
        ("backfill", AUTOMATIC_OFF, None, True),
        ("backfill", AUTOMATIC_OFF, "a01", False),
        ("backfill", {}, None, True),
        ("poll", AUTOMATIC_OFF, None, False),
    ],
)
def test_what_a_backfill_meets_may_be_in_salesforce_already(
    by: SeenBy, flags: Mapping[str, object], salesforce_id: str | None, unconfirmed: bool
) -> None:
    known = None if salesforce_id is None else ledger_row(sync_status="synced", salesforce_id=salesforce_id)
    assert decided(known, flags, seen(by)).unconfirmed is unconfirmed


def test_a_poll_does_not_forget_that_it_is_to_be_looked_up() -> None:
    held = decided(flags=AUTOMATIC_OFF, by=seen("backfill"))
    assert decided(held, AUTOMATIC_OFF).unconfirmed


def test_one_owed_since_a_backfill_is_looked_up_when_it_is_skipped_before_it_was_sent() -> None:
    owed = decided(by=seen("backfill"))
    row = decided(owed, {"invoices.skip.states": ["paid"]})
    assert (owed.sync_status, row.sync_status, row.unconfirmed) == ("pending", "skipped", True)


def test_one_that_is_skipped_after_a_call_without_an_answer_is_looked_up_in_salesforce() -> None:
    owed = ledger_row(sync_status="pending", again_at=NOON + timedelta(minutes=10))
    row = decided(owed, {"invoices.skip.states": ["paid"]})
    assert (row.sync_status, row.unconfirmed) == ("skipped", True)


# --- another invoice under a known id


@pytest.mark.parametrize(
    "known",
    [
        {"increment_id": "000000008"},
        {"store_id": 2},
        {"created_at": EARLIER - timedelta(seconds=1)},
    ],
)
def test_another_invoice_under_a_known_id_overwrites_nothing(known: dict[str, Any]) -> None:
    before = ledger_row(sync_status="synced", salesforce_id="a01", **known)
    row = decided(before, by=seen("request", asked=True, named=True))
    assert row == replace(before, digest="shown", sync_status="failed", reason=ANOTHER, next_attempt_at=TOMORROW)


def test_what_was_never_known_of_an_invoice_is_no_difference() -> None:
    unread = ledger_row(increment_id="", store_id=None, created_at=None, sync_status="failed")
    assert not is_another(unread, invoice())
    row = decided(unread)
    assert (row.sync_status, row.increment_id, row.store_id, row.created_at) == ("pending", "000000007", 1, EARLIER)


# --- a record that cannot be read


def test_a_record_that_cannot_be_read_is_failed_with_what_was_read_of_it() -> None:
    shown = Malformed(7, "it has no date (created_at)", "000000007", "bad", None, EARLIER)
    row = malformed_row(shown, None, seen())
    assert (row.sync_status, row.reason) == (
        "failed", "Magento's record cannot be used: it has no date (created_at)",
    )  # fmt: skip
    assert (row.increment_id, row.digest, row.created_at, row.updated_at) == ("000000007", "bad", None, EARLIER)
    assert row.next_attempt_at == TOMORROW
    assert malformed_row(Malformed(7, "x"), None, seen()).increment_id == ""


def test_a_record_that_can_be_read_no_more_keeps_what_is_known() -> None:
    known = ledger_row(sync_status="synced", salesforce_id="a01", fingerprint="f")
    row = malformed_row(Malformed(7, "its state is 9", None, "bad"), known, seen())
    assert row == replace(
        known,
        digest="bad",
        sync_status="failed",
        reason="Magento's record cannot be used: its state is 9",
        next_attempt_at=TOMORROW,
    )


# --- comments


def noted(
    shown: Comment, known: NoteRow | None = None, flags: Mapping[str, object] | None = None, by: Seen | None = None
) -> NoteRow | None:
    """The comment's row if it changes; None when it stays as it is."""
    rows = note_rows_of(
        invoice(comments=[shown]), {known.comment_id: known} if known else {}, settings(flags), by or seen()
    )
    assert len(rows) <= 1
    return rows[0] if rows else None


def known_note(shown: Comment, **fields: object) -> NoteRow:
    return note_row(shown.entity_id, **{"digest": comment_digest(shown), **fields})


def test_a_new_comment_is_owed() -> None:
    assert noted(comment()) == NoteRow(5, 7, comment_digest(comment()), "pending", NOON)


def test_a_comment_that_is_as_it_was_changes_nothing() -> None:
    for status in ("pending", "synced", "failed"):
        assert noted(comment(), known_note(comment(), sync_status=status)) is None


def test_an_edited_comment_is_owed_again_and_keeps_its_note() -> None:
    before = known_note(
        comment("before"), sync_status="synced", record_id="a02", note_id="069", fingerprint="f", attempts=2
    )
    after = noted(comment("after"), before)
    assert after is not None
    assert (after.sync_status, after.attempts, after.next_attempt_at) == ("pending", 0, None)
    assert (after.record_id, after.note_id, after.fingerprint) == ("a02", "069", "f")
    assert after.digest == comment_digest(comment("after"))


def test_a_moved_comment_goes_with_its_note() -> None:
    before = known_note(comment(), entity_id=6, sync_status="synced", record_id="a02", note_id="069")
    assert noted(comment(), before) == replace(before, entity_id=7)


def test_an_empty_comment_is_skipped_and_one_that_is_written_later_is_owed() -> None:
    empty = noted(comment(" "))
    assert empty is not None
    assert (empty.sync_status, empty.reason) == ("skipped", "it is empty")
    written = noted(comment("now"), empty)
    assert written is not None
    assert (written.sync_status, written.reason) == ("pending", None)


def test_a_comment_emptied_before_it_was_sent_is_skipped() -> None:
    after = noted(comment(""), known_note(comment()))
    assert after is not None
    assert after.sync_status == "skipped"


def test_held_for_automatic_goes_with_the_next_change_while_all_is_on() -> None:
    held = noted(comment(), flags=AUTOMATIC_OFF)
    assert held is not None
    assert (held.sync_status, held.held_for, held.reason) == ("held", "automatic", MANUAL)
    assert noted(comment(), held, AUTOMATIC_OFF) is None
    freed = noted(comment(), held)
    assert freed is not None
    assert (freed.sync_status, freed.held_for, freed.reason) == ("pending", None, None)


def test_held_for_notes_is_freed_by_a_person_only() -> None:
    held = noted(comment(), flags=NOTES_OFF)
    assert held is not None
    assert (held.sync_status, held.held_for, held.reason) == ("held", "notes", NO_NOTES)
    assert noted(comment(), held) is None
    assert noted(comment(), held, NOTES_OFF, seen("request", asked=True)) is None
    freed = noted(comment(), held, by=seen("request", asked=True))
    assert freed is not None
    assert (freed.sync_status, freed.held_for, freed.asked) == ("pending", None, True)


def test_a_flag_going_off_never_drops_a_comment_that_is_owed() -> None:
    for flags in (ALL_OFF, AUTOMATIC_OFF, NOTES_OFF):
        assert noted(comment(), known_note(comment()), flags) is None


def test_an_edit_of_a_comment_in_salesforce_is_held_while_a_flag_is_off() -> None:
    before = known_note(comment("before"), sync_status="synced", record_id="a02")
    after = noted(comment("after"), before, AUTOMATIC_OFF)
    assert after is not None
    assert (after.sync_status, after.held_for, after.record_id) == ("held", "automatic", "a02")


def test_a_failed_comment_is_hurried_by_an_edit_or_a_person() -> None:
    failed = known_note(comment(), sync_status="failed", attempts=2, next_attempt_at=TOMORROW, reason="too long")
    for after in (noted(comment("shorter"), failed), noted(comment(), failed, by=seen("request", asked=True))):
        assert after is not None
        assert (after.sync_status, after.attempts, after.next_attempt_at, after.reason) == ("pending", 0, None, None)


def test_a_comment_that_waits_for_its_next_try_waits_on() -> None:
    waiting = known_note(comment(), attempts=2, next_attempt_at=TOMORROW, reason="Salesforce answered 503")
    assert noted(comment(), waiting) is None
    hurried = noted(comment(), waiting, by=seen("request", asked=True))
    assert hurried is not None
    assert (hurried.attempts, hurried.next_attempt_at, hurried.asked) == (0, None, True)


def test_a_manual_sync_sends_a_comment_while_automatic_is_off() -> None:
    after = noted(comment(), flags=AUTOMATIC_OFF, by=seen("request", asked=True))
    assert after is not None
    assert (after.sync_status, after.asked) == ("pending", True)


def test_only_comments_that_change_are_written() -> None:
    same, fresh = comment("same", 4), comment("fresh", 5)
    rows = note_rows_of(
        invoice(comments=[same, fresh]), {4: known_note(same, sync_status="synced")}, settings(), seen()
    )
    assert [row.comment_id for row in rows] == [5]
