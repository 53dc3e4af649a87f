"""Wrong versions of the protocol, each a small patch at a seam: a prover that lets one live proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import daemon.magento.client as magento
import daemon.magento.responses as responses
import daemon.magento.search as search
import daemon.salesforce.writes as writes
import daemon.sync.delivery.call_failures as call_failures
import daemon.sync.delivery.invoices as invoices
import daemon.sync.delivery.notes.attach as attach
import daemon.sync.delivery.notes.batch as notes_batch
import daemon.sync.delivery.notes.existing as existing
import daemon.sync.delivery.notes.rejected as rejected
import daemon.sync.delivery.outcomes as outcomes
import daemon.sync.discovery.fresh as fresh
import daemon.sync.discovery.list_failures as list_failures
import daemon.sync.discovery.news as news
import daemon.sync.discovery.records as records
import daemon.sync.discovery.scan as scan
import daemon.sync.discovery.sweep as sweep
import daemon.sync.discovery.window as window
import state.checkpoints as checkpoints
import state.file.opening as opening
import state.ledger as ledger
import state.notes as notes
import state.scans as scans
from daemon import mapping
from daemon.eligibility import Known
from daemon.eligibility import decide as right_decide
from daemon.errors import InvoiceSyncError
from daemon.magento.search import Filter
from daemon.salesforce import Done, NotAttempted, Reach, Rejected, remedy_for
from daemon.salesforce.graphs import Node
from daemon.salesforce.remedies import RecordError
from daemon.spelling import hash_of
from daemon.sync import decide as deciding
from daemon.sync import transitions
from daemon.sync.timing import Moment
from state.kinds import ScanKind

Patch = Callable[[Callable[[object, str, Any], None]], None]
MUTANTS: dict[str, Patch] = {}


def mutant(patch: Patch) -> Patch:
    """Names one; it is given ``swap(owner, name, wrong)``."""
    MUTANTS[patch.__name__.replace("_", " ")] = patch
    return patch


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """The daemon with this mistake for the length of the block."""
    undo: list[tuple[object, str, Any]] = []

    def swap(owner: object, attribute: str, wrong: Any) -> None:
        undo.append((owner, attribute, vars(owner)[attribute]))
        setattr(owner, attribute, wrong)

    MUTANTS[name](swap)
    try:
        yield
    finally:
        for owner, attribute, right in reversed(undo):
            setattr(owner, attribute, right)


Swap = Callable[[object, str, Any], None]


@mutant
def gt_for_gteq(swap: Swap) -> None:
    def wrong(field: str, condition: str, value: str) -> Filter:
        return Filter(field, "gt" if field.endswith("_at") and condition == "gteq" else condition, value)

    swap(magento, "Filter", wrong)


@mutant
def no_overlap(swap: Swap) -> None:
    right = scan.ScanReader._begin

    def wrong(self: Any, session: Any, kind: ScanKind) -> Any:
        begun = right(self, session, kind)
        return replace(begun, since=self._store.checkpoints.current()) if kind == "poll" else begun

    swap(scan.ScanReader, "_begin", wrong)


@mutant
def burst_read_for_ever(swap: Swap) -> None:
    swap(
        scan,
        "poll_since",
        lambda checkpoint, _window, overlap, clock: min(checkpoint, clock or checkpoint) - overlap,
    )


@mutant
def window_settled_too_soon(swap: Swap) -> None:
    right, poll_since = window.window_after, window.poll_since

    def wrong(*arguments: Any, overlap: timedelta, **options: Any) -> Any:
        found = right(*arguments, overlap=timedelta(0), **{**options, "longest_call": timedelta(0)})
        return found and replace(found, settled_for=overlap if found.settled_for is not None else None)

    swap(scan, "window_after", wrong)
    swap(
        scan,
        "poll_since",
        lambda checkpoint, window, overlap, _clock: poll_since(checkpoint, window, overlap, None),
    )


def _checkpoint(swap: Swap, choose: Callable[[Any, Any, Any], Any]) -> None:
    """The scan as it is remembered, with something else as what the checkpoint is made of."""
    right = scan._moved

    def wrong(before: Any, page: Any, upto: int | None) -> Any:
        return choose(before, page, right(before, page, upto))

    swap(scan, "_moved", wrong)


@mutant
def checkpoint_is_now(swap: Swap) -> None:
    right = scan.ScanReader.next_page

    def wrong(self: Any, session: Any, kind: ScanKind) -> Any:
        page = right(self, session, kind)
        return page if page.checkpoint is None else replace(page, checkpoint=self._timing.now())

    swap(scan.ScanReader, "next_page", wrong)


@mutant
def checkpoint_is_the_newest_stamp(swap: Swap) -> None:
    swap(scan, "min", lambda newest, _began_at: newest) if "min" in vars(scan) else _shadow(scan, swap)


def _shadow(module: Any, swap: Swap) -> None:
    module.min = min  # a global of this name goes before the built-in one
    swap(module, "min", lambda newest, _began_at: newest)


@mutant
def checkpoint_before_the_ledger(swap: Swap) -> None:
    right = news.NewsReader.read

    def wrong(self: Any, session: Any, shown: Any, seen: Any, **options: Any) -> Any:
        stamps = [record.updated_at for record in shown if record.updated_at is not None]
        answered_at = session.magento.answered_at
        if seen.by == "poll" and stamps and answered_at is not None:
            self._store.checkpoints.advance(min(max(stamps), answered_at))
        return right(self, session, shown, seen, **options)

    swap(news.NewsReader, "read", wrong)


@mutant
def page_remembered_before_its_rows(swap: Swap) -> None:
    right = news.NewsReader.read

    def wrong(self: Any, session: Any, shown: Any, seen: Any, **options: Any) -> Any:
        open_scan = self._store.scans.open(seen.by) if seen.by in {"poll", "backfill"} else None
        if open_scan is not None and shown:
            self._store.scans.move(replace(open_scan, after_id=shown[-1].entity_id))
        return right(self, session, shown, seen, **options)

    swap(news.NewsReader, "read", wrong)


@mutant
def scan_resumed_with_a_new_began_at(swap: Swap) -> None:
    _checkpoint(swap, lambda _scan, page, moved: replace(moved, began_at=page.at))


@mutant
def backfill_sets_the_checkpoint_at_its_end(swap: Swap) -> None:
    right = checkpoints.Checkpoints.advance

    def wrong(self: Any, at: datetime) -> None:
        backfill = scans.Scans(self._connection).open("backfill")
        if backfill is None or self.current() is not None:
            right(self, at)
        else:
            right(self, at + timedelta(hours=2))

    swap(checkpoints.Checkpoints, "advance", wrong)


@mutant
def done_before_the_answer(swap: Swap) -> None:
    right = invoices.InvoiceDelivery._call

    def wrong(self: Any, tally: Any, batch: Any) -> Any:
        now = self.tools.now()
        self.tools.store.ledger.write(
            transitions.replaced(transitions.synced(row, record.fingerprint, Moment(now, now)), row.salesforce_id or "")
            for row, record in batch
        )
        return right(self, tally, batch)

    swap(invoices.InvoiceDelivery, "_call", wrong)


@mutant
def only_marked_rows_retried(swap: Swap) -> None:
    right = ledger.Ledger.due

    def wrong(self: Any, now: datetime, **options: Any) -> Any:
        rows = right(self, now, **options)
        return [r for r in rows if r.attempts or r.asked or r.again_at or now - r.seen_at < timedelta(seconds=60)]

    swap(ledger.Ledger, "due", wrong)


@mutant
def owed_row_dropped_when_a_flag_goes_off(swap: Swap) -> None:
    def wrong(invoice: Any, options: Any, known: Known) -> Any:
        return right_decide(invoice, options, replace(known, owed=False))

    swap(deciding, "decide", wrong)


@mutant
def automatic_flag_ignored(swap: Swap) -> None:
    right = ledger.Ledger.due

    def wrong(self: Any, now: datetime, *, automatic: bool, limit: int) -> Any:
        return right(self, now, automatic=True, limit=limit)

    swap(ledger.Ledger, "due", wrong)


@mutant
def first_flag_read_once_a_pass(swap: Swap) -> None:
    def wrong(self: Any, _tally: Any, entity_ids: Any, *, at_most: int) -> Any:
        now, owed = self.tools.now(), self.tools.store.notes
        if entity_ids is None:
            entity_ids = owed.due_invoices(now, automatic=True, limit=at_most)
        return owed.due(entity_ids, now, automatic=True) if entity_ids else []

    swap(attach.NoteDelivery, "choose", wrong)
    swap(attach.NoteDelivery, "may_go", lambda _self: True)


@mutant
def note_by_plain_create(swap: Swap) -> None:
    right = writes.Writes._comment_record

    def wrong(self: Any, note: Any, parent: Any) -> list[Node]:
        nodes = right(self, note, parent)
        key = self._settings.comment.external_id
        return [
            Node(
                node.ref,
                "PATCH",
                self._by_external_id(self._settings.comment.object, key, note.external_id),
                {name: value for name, value in (node.body or {}).items() if name != key},
            )
            for node in nodes
        ]

    swap(writes.Writes, "_comment_record", wrong)


@mutant
def no_adoption_after_duplicate_value(swap: Swap) -> None:
    swap(existing.ExistingNotes, "_adopt_one", lambda _self, batch, owed, _there: batch.put_off([owed], "a duplicate"))


@mutant
def adopted_whatever_its_fingerprint(swap: Swap) -> None:
    right = existing.ExistingNotes._adopt_one

    def wrong(self: Any, batch: Any, owed: Any, there: Any) -> None:
        right(self, batch, owed, replace(there, fingerprint=owed.note.fingerprint))

    swap(existing.ExistingNotes, "_adopt_one", wrong)


@mutant
def duplicate_value_on_an_invoice_taken_as_done(swap: Swap) -> None:
    right = invoices.InvoiceDelivery._call

    def wrong(self: Any, tally: Any, batch: Any) -> Any:
        answers: Mapping[int, Any] = right(self, tally, batch)
        kept = {row.entity_id: row.salesforce_id or "a005gX000000001AAA" for row, _ in batch}
        return {
            entity_id: Done({"invoice": kept[entity_id]}, frozenset())
            if isinstance(answer, Rejected) and answer.error.code == "DUPLICATE_VALUE"
            else answer
            for entity_id, answer in answers.items()
        }

    swap(invoices.InvoiceDelivery, "_call", wrong)


@mutant
def halted_graphs_taken_as_failed(swap: Swap) -> None:
    right = invoices.InvoiceDelivery._call

    def wrong(self: Any, tally: Any, batch: Any) -> Any:
        error = RecordError("PROCESSING_FAILED", "The graph was not processed")
        return {
            entity_id: Rejected("invoice", error) if isinstance(answer, NotAttempted) else answer
            for entity_id, answer in right(self, tally, batch).items()
        }

    swap(invoices.InvoiceDelivery, "_call", wrong)


def _ordered(swap: Swap, change: Callable[[str], str]) -> None:
    right = search.query

    def wrong(*arguments: Any, **options: Any) -> str:
        return change(right(*arguments, **options))

    swap(magento, "query", wrong)


@mutant
def page_numbers(swap: Swap) -> None:
    right, rows = magento.Magento.changed_since, responses.rows_of
    pages: dict[str, int] = {}

    def wrong(self: Any, since: datetime, *, after_id: int, page_size: int, upto: Any = None, but: Any = ()) -> Any:
        pages["now"] = 1 if after_id == 0 else pages.get("now", 1) + 1
        pages["paging"] = 1
        try:
            return right(self, since, after_id=0, page_size=page_size, upto=upto, but=but)
        finally:
            pages["paging"] = 0

    _ordered(
        swap,
        lambda text: (
            text.replace("currentPage%5D=1", f"currentPage%5D={pages['now']}") if pages.get("paging") else text
        ),
    )
    swap(
        magento,
        "rows_of",
        lambda body, *, after_id, at_most: rows(body | {"total_count": 0}, after_id=0, at_most=at_most),
    )
    swap(magento.Magento, "changed_since", wrong)


@mutant
def sort_by_created_at(swap: Swap) -> None:
    _ordered(
        swap,
        lambda text: text.replace(
            "sortOrders%5D%5B0%5D%5Bfield%5D=entity_id", "sortOrders%5D%5B0%5D%5Bfield%5D=created_at"
        ),
    )


@mutant
def no_reading_again_before_a_retry(swap: Swap) -> None:
    swap(fresh, "FRESH_SECONDS", float("inf"))


@mutant
def fingerprint_ignored(swap: Swap) -> None:
    swap(invoices, "_is_known_to_salesforce", lambda _row, _record, _at: False)


@mutant
def fingerprint_over_the_stamp(swap: Swap) -> None:
    right = mapping.InvoiceMapping.record_of

    def wrong(self: Any, invoice: Any) -> Any:
        record = right(self, invoice)
        fingerprint = hash_of([record.fingerprint, str(invoice.updated_at)])
        return replace(record, fingerprint=fingerprint, body={**record.body, "Sync_Fingerprint__c": fingerprint})

    swap(mapping.InvoiceMapping, "record_of", wrong)


@mutant
def unanswered_calls_not_repeated(swap: Swap) -> None:
    right = outcomes.InvoiceOutcomes.put_off

    def wrong(*arguments: Any, unanswered: bool = False, **options: Any) -> None:
        right(*arguments, **options)

    swap(outcomes.InvoiceOutcomes, "put_off", wrong)


@mutant
def retries_in_the_order_of_ids(swap: Swap) -> None:
    right = ledger.Ledger.due

    def wrong(self: Any, now: datetime, **options: Any) -> Any:
        return sorted(right(self, now, **options), key=lambda row: (row.attempts > 0, row.entity_id))

    def end_the_pass(_self: Any, error: Exception, _log: Any, **_: Any) -> None:
        raise error

    swap(ledger.Ledger, "due", wrong)
    swap(call_failures.CallFailures, "bear", end_the_pass)


@mutant
def owed_rows_not_doubted_after_a_crash(swap: Swap) -> None:
    swap(ledger.Ledger, "mark_owed_unanswered", lambda _self, _again_at: None)


@mutant
def sweep_without_edited_comments(swap: Swap) -> None:
    right = notes.Notes.known

    def differing(store: Any, session: Any, shown: Any) -> Any:
        edited = {c.entity_id for row in shown for c in row.comments}
        known = right(store.notes, edited)
        rows = [replace(row, comments=tuple(c for c in row.comments if c.entity_id not in known)) for row in shown]
        return differs(store, session, tuple(rows))

    differs = sweep._differing
    swap(sweep, "_differing", differing)


@mutant
def sweep_without_late_commits(swap: Swap) -> None:
    right = sweep._differing

    def wrong(store: Any, session: Any, shown: Any) -> Any:
        known = store.ledger.known(row.entity_id for row in shown)
        return (entity_id for entity_id in right(store, session, shown) if entity_id in known)

    swap(sweep, "_differing", wrong)


@mutant
def notes_not_owed_again_after_a_deletion(swap: Swap) -> None:
    swap(notes.Notes, "owe_again", lambda *_arguments, **_options: None)


@mutant
def another_invoice_under_a_known_id_overwritten(swap: Swap) -> None:
    swap(deciding, "is_another", lambda _row, _invoice: False)
    swap(fresh, "is_another", lambda _row, _invoice: False)


@mutant
def commits_not_synced(swap: Swap) -> None:
    right = opening._connect

    def wrong(*arguments: Any, **options: Any) -> Any:
        database = right(*arguments, **options)
        database.conn.execute("PRAGMA synchronous = NORMAL")
        return database

    swap(opening, "_connect", wrong)


@mutant
def isolation_only_at_status_500(swap: Swap) -> None:
    right = list_failures._may_be_about_records

    def wrong(error: InvoiceSyncError) -> bool:
        return right(error) and str(error).startswith("Magento answered 500")

    swap(list_failures, "_may_be_about_records", wrong)


@mutant
def no_isolation_of_orders(swap: Swap) -> None:
    def wrong(_self: Any, client: Any, order_ids: Any, fields: Any) -> records.Found[Any]:
        return records.Found(dict(client.orders(sorted(order_ids), fields)) if order_ids else {})

    swap(records.RecordReader, "orders", wrong)


@mutant
def full_file_storage_pauses_salesforce(swap: Swap) -> None:
    right = remedy_for

    def wrong(error: RecordError) -> Any:
        remedy = right(error)
        return replace(remedy, reach=Reach.ORG) if error.code == "STORAGE_LIMIT_EXCEEDED" else remedy

    swap(rejected, "remedy_for", wrong)


@mutant
def side_files_left_beside_a_new_state(swap: Swap) -> None:
    swap(opening, "remove_side_files", lambda _path: None)


@mutant
def wait_for_an_unanswered_note_forgotten(swap: Swap) -> None:
    right = notes_batch.NoteBatch.put_off

    def wrong(self: Any, waiting: list[Any], *arguments: Any, unanswered: bool = False, **options: Any) -> None:
        right(self, [owed for owed in waiting if owed.write.is_edit], *arguments, unanswered=unanswered, **options)
        right(self, [owed for owed in waiting if not owed.write.is_edit], *arguments, **options)

    swap(notes_batch.NoteBatch, "put_off", wrong)
