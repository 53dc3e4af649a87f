"""Sends what is due: invoices with their items, then their notes; each answer is remembered before the next call."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from daemon.errors import Busy, SideDenied, Unreachable
from daemon.invoice import Invoice
from daemon.mapping import InvoiceRecord
from daemon.salesforce import (
    INVOICE,
    Answer,
    CallRejected,
    Done,
    Next,
    NotAttempted,
    RecordError,
    Rejected,
    remedy_for,
)
from daemon.spelling import sentences
from daemon.sync.delivery.call_failures import halvings, was_alone
from daemon.sync.delivery.item_parents import is_misplaced, placed_items
from daemon.sync.delivery.notes.attach import attach_due
from daemon.sync.delivery.systemic import probes_of, require_accepted
from daemon.sync.discovery.reread import newest_contents
from daemon.sync.health import bear, is_about_records, require_calls
from daemon.sync.org import doubt_fit, look_again, may_explain, require_fit
from daemon.sync.outcomes import fail, put_off, put_off_call, settle, still_failed
from daemon.sync.parts import Parts, Tally
from daemon.sync.transitions import replaced, synced
from state.ledger import LedgerRow

FULL = 75


def deliver_due(parts: Parts, tally: Tally, *, interrupted: Callable[[], bool], full_only: bool = False) -> None:
    """Send everything that is due now, a batch a call; with ``full_only`` only as long as batches are full.

    Raises when Salesforce (or Magento, for reading again) cannot be worked with; what was answered is remembered.
    """
    while not interrupted() and not tally.calls.enough:
        parts.refresh()
        options = parts.configuration.settings.invoices
        if not options.enable_synchronization:
            return
        automatic = options.enable_automatic_synchronization
        rows = parts.store.ledger.due(parts.now(), automatic=automatic, limit=FULL)
        if full_only and len(rows) < FULL:
            return
        if rows:
            probes = probes_of(parts, automatic=automatic)
            batch = probes or _batch(rows)[: parts.records.batch(FULL)]
            send_rows(parts, tally, batch, until_alike=True)
            if probes:
                require_accepted(parts, tally, probes)
            attach_due(parts, tally, [row.entity_id for row in batch])
            for row in batch:
                parts.contents.pop(row.entity_id, None)
            parts.on_progress()
        elif not attach_due(parts, tally, None):
            return


def _batch(rows: Sequence[LedgerRow]) -> list[LedgerRow]:
    """Return the rows that go together: first attempts, retries, or those whose calls failed as often as one another.

    The latter go in ever smaller calls: the one that its calls die of is alone after seven, and delays no other.
    """
    halved = halvings(rows[0])
    return [row for row in rows if halvings(row) == halved][: max(1, FULL >> (halved or 0))]


def send_rows(parts: Parts, tally: Tally, rows: Sequence[LedgerRow], *, until_alike: bool = False) -> None:
    """Send these due rows, in as many calls as it takes until each has an outcome, or until a call fails.

    What a failed call was about is put off; what else was to go stays due.
    ``until_alike``: or until so many were rejected for one cause that it may be every invoice's; the others stay due.
    """
    newest = _newest(parts, tally, rows)
    waiting = _to_send(parts, tally, newest)
    while waiting and not parts.stop.asked:
        require_calls(parts)
        called_at, began_at = parts.now(), parts.clock.monotonic()
        try:
            answers = _call(parts, tally, list(waiting.values()))
        except (Unreachable, Busy) as failure:
            (first, _), *others = waiting.values()
            bear(parts, tally, failure, alone=not others and was_alone(first), began_at=began_at)
            return
        tally.calls.note_answer()
        accepted = any(isinstance(answer, Done) for answer in answers.values())
        explained = _explained(parts, answers)
        if explained:
            for entity_id in [key for key, answer in answers.items() if isinstance(answer, Done)]:
                _remember(parts, tally, waiting, entity_id, answers.pop(entity_id), called_at=called_at, accepted=True)
            if _sends_otherwise(parts, explained):
                invoices = {row.entity_id: invoice for row, invoice in newest}
                waiting = {key: (row, parts.mapping.record_of(invoices[key])) for key, (row, _) in waiting.items()}
                continue
        pausing = [
            error
            for entity_id, answer in answers.items()
            if (error := _remember(parts, tally, waiting, entity_id, answer, called_at=called_at, accepted=accepted))
        ]
        if pausing:
            remedy = remedy_for(pausing[0])
            raise SideDenied(str(pausing[0]), side="salesforce", hint=remedy.hint, probe=remedy.probe)
        if all(isinstance(answer, NotAttempted) for answer in answers.values()):
            put_off(parts, tally, [row for row, _ in waiting.values()], "Salesforce did not attempt it")
            return
        if accepted:
            parts.rejections.clear()
        elif until_alike and parts.rejections.are_many():
            return


def _to_send(
    parts: Parts, tally: Tally, newest: Sequence[tuple[LedgerRow, Invoice]]
) -> dict[int, tuple[LedgerRow, InvoiceRecord]]:
    """Those that Salesforce does not have just so; the others are settled, which costs no call and no description."""
    spelled_by = parts.mapping
    waiting = _differing(parts, tally, newest)
    if waiting:
        require_fit(parts)
    if parts.mapping is not spelled_by:  # the org takes other things than was thought
        waiting = _differing(parts, tally, [(row, invoice) for row, invoice in newest if row.entity_id in waiting])
    return waiting


def _differing(
    parts: Parts, tally: Tally, newest: Sequence[tuple[LedgerRow, Invoice]]
) -> dict[int, tuple[LedgerRow, InvoiceRecord]]:
    waiting: dict[int, tuple[LedgerRow, InvoiceRecord]] = {}
    at = parts.now()
    for row, invoice in newest:
        record = parts.mapping.record_of(invoice)
        if _is_known_to_salesforce(row, record, at):
            settle(parts, tally, synced(row, record.fingerprint, parts.timing.since(at)), "invoice.unchanged")
        else:
            waiting[row.entity_id] = (row, record)
    return waiting


def _newest(parts: Parts, tally: Tally, rows: Sequence[LedgerRow]) -> list[tuple[LedgerRow, Invoice]]:
    """The rows that are still to be sent, each with Magento's newest version; the others are settled."""
    ids = [row.entity_id for row in rows]
    tally.outcomes.update(dict.fromkeys(ids, "pending"))
    contents = newest_contents(parts, tally, ids)
    current = parts.store.ledger.known(ids)
    found: list[tuple[LedgerRow, Invoice]] = []
    for row in (current[entity_id] for entity_id in ids):
        if row.sync_status in {"held", "skipped"}:
            tally.outcomes.pop(row.entity_id, None)  # decided anew while it was read again: no longer due
        elif row.entity_id not in contents:
            still_failed(parts, tally, row)
        else:
            found.append((row, contents[row.entity_id]))
    return found


def _is_known_to_salesforce(row: LedgerRow, record: InvoiceRecord, at: datetime) -> bool:
    """Whether Salesforce has just this already. Not when a person asked, nor once an older call may have committed."""
    if row.asked or row.salesforce_id is None or (row.again_at is not None and row.again_at <= at):
        return False
    return row.fingerprint == record.fingerprint


def _call(parts: Parts, tally: Tally, batch: list[tuple[LedgerRow, InvoiceRecord]]) -> dict[int, Answer]:
    """One call for as many as fit; halved as often as Salesforce refuses it whole, until one alone is the culprit."""
    rows = [row for row, _ in batch]
    try:
        return parts.salesforce.upsert_invoices([record for _, record in batch], placed_items(parts, batch))
    except CallRejected as refusal:
        if len(batch) > 1:
            return _call(parts, tally, batch[: len(batch) // 2])
        error = RecordError(refusal.code, refusal.message, status=refusal.status)
        return {rows[0].entity_id: Rejected(INVOICE, error)}
    except (Unreachable, Busy) as error:
        if is_about_records(error):
            put_off_call(parts, tally, rows, error)
            if error.unanswered:
                doubt_fit(parts)
        raise


def _explained(parts: Parts, answers: Mapping[int, Answer]) -> list[Rejected]:
    """The rejections that may not be those invoices' own: the org has changed, or items are there that we forgot."""
    refused = [answer for answer in answers.values() if isinstance(answer, Rejected)]
    return [answer for answer in refused if is_misplaced(parts, answer) or may_explain(parts, answer.error)]


def _sends_otherwise(parts: Parts, explained: Sequence[Rejected]) -> bool:
    """Find out; True: the invoices are to go again, spelled anew. SideDenied when none of them can go."""
    if any(is_misplaced(parts, answer) for answer in explained):
        parts.ask_items_first = True
        return True
    return look_again(parts)


def _remember(
    parts: Parts,
    tally: Tally,
    waiting: dict[int, tuple[LedgerRow, InvoiceRecord]],
    entity_id: int,
    answer: Answer,
    *,
    called_at: datetime,
    accepted: bool,
) -> RecordError | None:
    """Commit one invoice's answer; the error when it is one that every invoice would get.

    ``accepted``: others of the call went in.
    """
    row, record = waiting[entity_id]
    if isinstance(answer, NotAttempted):
        return None
    if isinstance(answer, Done):
        del waiting[entity_id]
        salesforce_id = answer.ids[INVOICE]
        done = replaced(synced(row, record.fingerprint, parts.timing.since(called_at)), salesforce_id)
        with parts.store.writing():
            if row.salesforce_id not in (None, salesforce_id):
                # Somebody deleted the record, and with it the notes and comment records that hung on it.
                parts.store.notes.owe_again(entity_id, asked=row.asked)
            settle(parts, tally, done, "invoice.synced")
        if row.synced_at is None and row.created_at is not None:
            parts.on_arrival(max(0.0, (parts.now() - row.created_at).total_seconds()))
        return None
    remedy = remedy_for(answer.error)
    # One record may be out of the user's reach while the object is not.
    its_own = accepted or ("INSUFFICIENT_ACCESS" in answer.error.code and row.attempts > 0)
    if remedy.next is Next.PAUSE and not its_own:
        return answer.error
    del waiting[entity_id]
    next_ = remedy.single if remedy.next is Next.PAUSE else remedy.next
    if next_ is Next.AGAIN or _is_our_own_call(parts, answer):
        put_off(parts, tally, [row], str(answer.error), cause=answer.error.cause)
    else:
        reason = sentences(str(answer.error), remedy.hint)
        parts.rejections.add(row, answer.error.cause, reason)
        fail(parts, tally, row, reason, answer.error, called_at=called_at)
    return None


def _is_our_own_call(parts: Parts, answer: Rejected) -> bool:
    """An upsert that is refused as a duplicate of our own external ID raced a call of ours that still runs."""
    salesforce = parts.configuration.settings.salesforce
    field = salesforce.invoice.external_id if answer.ref == INVOICE else salesforce.item.external_id
    return answer.error.code == "DUPLICATE_VALUE" and field in f"{answer.error.message} {answer.error.fields}"
