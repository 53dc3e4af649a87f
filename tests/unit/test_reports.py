"""What people are told, decided from plain values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.cli.output import plain
from daemon.errors import InvalidSettings
from daemon.invoice import Invoice, Malformed
from daemon.reports.first_sync import large_first_sync
from daemon.reports.invoices import NoteCounts
from daemon.reports.outcome import sync_report
from daemon.reports.plan import PlannedInvoice, plan_sync
from daemon.reports.selection import Choice, Wish
from daemon.reports.sides import SideReport
from daemon.reports.synchronization import require_switched_on, synchronization_of
from state.store import Store
from tests.builders import EARLIER, NOON, configuration, invoice, ledger_row, note_row, settings

OFF = {"invoices.enable_synchronization": False}
MANUAL = {"invoices.enable_automatic_synchronization": False}


@pytest.mark.parametrize(
    ("changes", "mode"), [({}, "automatic"), (MANUAL, "manual"), (OFF, "off"), (OFF | MANUAL, "off")]
)
def test_synchronization_is_off_manual_or_automatic(changes: dict[str, object], mode: str) -> None:
    assert synchronization_of(settings(changes).invoices) == mode


def test_while_synchronization_is_off_a_manual_sync_is_refused_and_told_where() -> None:
    require_switched_on(configuration(MANUAL))
    with pytest.raises(InvalidSettings, match="enable_synchronization is off: nothing is sent, not even by a manual"):
        require_switched_on(configuration(OFF))


@pytest.mark.parametrize(("invoices", "calls"), [(None, None), (0, None), (1_000, None), (1_001, 28), (100_000, 2_668)])
def test_a_large_first_sync_is_announced(invoices: int | None, calls: int | None) -> None:
    coming = large_first_sync(invoices)
    assert (coming.calls if coming else None) == calls


@pytest.mark.parametrize(
    ("wish", "searches", "meets"),
    [
        (Wish(numbers=("1",)), False, False),
        (Wish(statuses=("held",)), True, False),
        (Wish(statuses=("held", "failed")), True, True),
        (Wish(since=EARLIER), True, True),
        (Wish(since=NOON), True, False),
        (Wish(everything=True), True, True),
    ],
)
def test_a_wish_chooses_by_what_invoices_have_in_common(wish: Wish, searches: bool, meets: bool) -> None:
    assert wish.searches is searches
    assert wish.meets("failed", EARLIER) is meets
    assert wish.meets("failed", None) is (meets and wish.since is None)


def test_a_plan_tells_of_each_invoice_what_would_become_of_it() -> None:
    paid = invoice(entity_id=1)
    skipping = settings({"invoices.skip.states": [paid.state]}).invoices
    choice = Choice(named=(1,), others=(2, 3, 4))
    shown: dict[int, Invoice | Malformed] = {
        1: paid,
        2: replace(paid, entity_id=2),
        3: Malformed(3, "grand_total is a list"),
    }
    known = {4: ledger_row(4, increment_id="000000004")}
    planned = plan_sync(choice, shown, known, skipping)
    assert [(each.entity_id, each.would_be) for each in planned] == [
        (1, "sent"),
        (2, "skipped"),
        (3, "failed"),
        (4, "failed"),
    ]
    assert planned[3] == PlannedInvoice(4, "000000004", "failed", "gone from Magento")
    assert "grand_total is a list" in str(planned[2].reason)


@pytest.mark.parametrize(
    ("statuses", "note", "code"),
    [
        (["synced", "synced"], None, 0),
        (["synced", "pending"], None, 3),
        (["synced"], "failed", 3),
        (["pending"], None, 75),
        (["pending", "failed"], None, 1),
        (["failed"], None, 1),
        (["skipped"], None, 1),
    ],
)
def test_a_manual_sync_ends_with_the_code_of_its_worst_outcome(
    tmp_path: Path, statuses: list[str], note: str | None, code: int
) -> None:
    ids = list(range(1, len(statuses) + 1))
    with Store(tmp_path / "state.db", lock=True) as store:
        store.ledger.write(ledger_row(key, sync_status=status) for key, status in zip(ids, statuses, strict=True))
        if note:
            store.notes.write([note_row(entity_id=1, sync_status=note)])
        report = sync_report(store, settings().invoices, ids)
    assert (report.exit_code, report.chosen, report.synced) == (code, len(ids), statuses.count("synced"))
    assert [each.sync_status for each in report.invoices] == statuses


def test_a_report_is_an_object_in_json_with_instants_as_texts() -> None:
    side = SideReport("failing", "no answer", NOON)
    assert plain((side, NoteCounts(synced=2))) == [
        {"status": "failing", "reason": "no answer", "since": "2026-11-22T12:00:00Z"},
        {"synced": 2, "pending": 0, "failed": 0},
    ]
