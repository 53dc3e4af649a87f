"""Reads Magento page by page into the ledger: after a page is committed, its invoices are owed, whoever crashes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.invoice import Invoice, Malformed
from daemon.magento import Page
from daemon.sync.decide import Seen, note_rows_of, row_of, shown_again
from daemon.sync.discovery.pages import Reading, Unreadable
from daemon.sync.discovery.window import known_window, poll_since, remember_window, window_after
from daemon.sync.parts import Parts, Tally
from daemon.sync.unreadable import gone_row, malformed_row, orderless_row, unreadable_row
from state.dismissal import is_dismissed
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.scans import Scan

_IDS_A_CALL = 100
# Each costs a call or two; the others are tried by the passes that follow.
_UNREADABLE_A_PASS = 20
_UNREADABLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What is to be remembered of some invoices that Magento showed, before it is.

    ``shown_again``: could not be shown, and are as they were before: only that is news.
    """

    rows: tuple[LedgerRow, ...]
    notes: tuple[NoteRow, ...]
    contents: tuple[Invoice, ...]
    seen: int
    shown_again: tuple[LedgerRow, ...] = ()


def read_page(parts: Parts, tally: Tally, kind: str) -> bool:
    """Read the next page of the open scan of this kind, opening one if there is none. True when it was the last.

    The page's rows and the scan's place are committed in one transaction; the checkpoint moves with a poll's last
    page, to the newest stamp seen but never beyond Magento's own clock at the scan's first answer: what was
    committed later may carry an earlier stamp. Nothing was seen: nothing moves.
    """
    store = parts.store
    scan = store.scans.open(kind) or _begin(parts, kind)
    reading = _ask(parts, scan)
    page = reading.page
    if page is None:
        pass_over(parts, tally, scan, reading.unreadable)
        return False
    first = scan.began_at is None
    scan = _moved(scan, page, reading.upto)
    seen = Seen(parts.now(), kind, parts.timing.tomorrow(), backfilling=_is_backfilling(parts))
    taken = _take_up(parts, page.invoices, seen)
    with store.writing():
        store.ledger.write(taken.rows)
        store.notes.write(taken.notes)
        store.scans.move(scan)
        if kind == "poll":
            _remember_window(parts, scan, page, news=bool(taken.rows))
        if first and kind == "backfill" and scan.began_at is not None:
            # The earlier of two clocks: a wrong one may have what is there read again, never left out.
            store.checkpoints.advance(min(scan.began_at, parts.now()))
        if page.last:
            store.scans.finish(scan)
            if kind == "poll" and scan.newest is not None and scan.began_at is not None:
                store.checkpoints.advance(min(scan.newest, scan.began_at))
    _count(parts, tally, taken)
    return page.last


def pass_over(parts: Parts, tally: Tally, scan: Scan, unreadable: Unreadable | None) -> None:
    """Remember a scan that has read nothing yet, and the invoice that Magento cannot show, if it is what was read."""
    if unreadable is None:
        parts.store.scans.move(scan)
        return
    known = parts.store.ledger.known([unreadable.entity_id]).get(unreadable.entity_id)
    seen = Seen(parts.now(), scan.kind, parts.timing.tomorrow(), backfilling=_is_backfilling(parts))
    row = unreadable_row(unreadable.entity_id, unreadable.words, known, seen)
    with parts.store.writing():
        parts.store.ledger.write([row])
        parts.store.scans.move(replace(scan, after_id=unreadable.entity_id))
    _count(parts, tally, Taken((row,), (), (), 1))


def read_unreadable_again(parts: Parts, tally: Tally) -> None:
    """Try some of the invoices that Magento could not show a day ago, each with a call of its own, for a while.

    Also what was dismissed, of which only a change is told.
    """
    until = parts.clock.monotonic() + _UNREADABLE_SECONDS
    for entity_id in parts.store.ledger.corrupt_due(parts.now(), _UNREADABLE_A_PASS):
        if parts.stop.asked or parts.clock.monotonic() > until:
            break
        read_again(parts, tally, [entity_id])
        row = parts.store.ledger.known([entity_id])[entity_id]
        if row.corrupt and not is_dismissed(row):
            tally.outcomes[entity_id] = "failed"


def read_again(
    parts: Parts,
    tally: Tally,
    entity_ids: Sequence[int],
    *,
    asked: bool = False,
    named: bool = False,
    seen_by: str = "reread",
    counted: bool = False,
) -> None:
    """Take these invoices up as Magento shows them now, like a page; the ones it no longer has become failed.

    ``asked``: a person asked for them, so they are owed whatever was decided before; ``named``: one by one.
    """
    shown: dict[int, Invoice | Malformed] = {}
    unreadable: dict[int, str] = {}
    for start in range(0, len(entity_ids), _IDS_A_CALL):
        found = parts.records.invoices(parts.magento, entity_ids[start : start + _IDS_A_CALL])
        shown.update(found.shown)
        unreadable.update(found.unreadable)
    seen = Seen(
        parts.now(),
        seen_by,
        parts.timing.tomorrow(),
        # Off means off: then asking changes nothing, and what is synced stays so.
        asked=asked and parts.configuration.settings.invoices.enable_synchronization,
        named=named,
        backfilling=_is_backfilling(parts),
    )
    taken = _take_up(parts, [shown[key] for key in sorted(shown)], seen, contents_of_all=True)
    known = parts.store.ledger.known(set(entity_ids) - set(shown))
    gone = [gone_row(row, seen) for row in known.values() if row.entity_id not in unreadable]
    broken = [unreadable_row(key, words, known.get(key), seen) for key, words in unreadable.items()]
    with parts.store.writing():
        parts.store.ledger.write([*taken.rows, *taken.shown_again, *gone, *broken])
        parts.store.notes.write(taken.notes)
    told = [row for row in broken if not is_dismissed(row)]
    taken = replace(taken, rows=(*taken.rows, *told), seen=taken.seen + len(told))
    _count(parts, tally if asked or counted else Tally(), taken)
    for row in (row for row in gone if not is_dismissed(row)):
        tally.outcomes[row.entity_id] = "failed"
        parts.log.warning("invoice.failed", invoice=row.increment_id, entity_id=row.entity_id, reason=row.reason)


def _begin(parts: Parts, kind: str) -> Scan:
    """A new scan. A poll reads again from behind the checkpoint: transactions commit later than their stamps."""
    if kind == "backfill":
        return parts.store.scans.begin(kind, parts.configuration.settings.invoices.created_from)
    checkpoint = parts.store.checkpoints.current()
    assert checkpoint is not None, "a poll begins after a backfill has set the checkpoint"
    overlap = parts.configuration.settings.schedule.overlap
    since = poll_since(checkpoint, known_window(parts.store), overlap, parts.magento.answered_at)
    return parts.store.scans.begin(kind, since)


def _remember_window(parts: Parts, scan: Scan, page: Page, *, news: bool) -> None:
    settings = parts.configuration.settings
    after = window_after(
        known_window(parts.store),
        scan,
        page.at,
        news=news,
        last=page.last,
        overlap=settings.schedule.overlap,
        longest_call=settings.magento.timeout,
    )
    remember_window(parts.store, after)


def _is_backfilling(parts: Parts) -> bool:
    return parts.store.scans.open("backfill") is not None


def _ask(parts: Parts, scan: Scan) -> Reading[Page]:
    """The scan's next page, or why there is none yet."""

    def ask(size: int, upto: int | None, but: Sequence[int]) -> Page:
        if scan.kind == "backfill":
            return parts.magento.created_from(scan.since, after_id=scan.after_id, page_size=size, upto=upto, but=but)
        assert scan.since is not None
        return parts.magento.changed_since(scan.since, after_id=scan.after_id, page_size=size, upto=upto, but=but)

    at_most = parts.configuration.settings.magento.page_size
    return parts.pages.next_page(parts.magento, scan.kind, scan.after_id, ask, at_most=at_most)


def _moved(scan: Scan, page: Page, upto: int | None) -> Scan:
    stamps: list[datetime] = [scan.newest] if scan.newest else []
    for shown in page.invoices:
        stamps += [at for at in (shown.created_at, shown.updated_at) if at is not None]
    return replace(
        scan,
        began_at=scan.began_at or page.at,
        after_id=upto or (page.invoices[-1].entity_id if page.invoices else scan.after_id),
        newest=max(stamps, default=None),
    )


def _take_up(parts: Parts, shown: Sequence[Invoice | Malformed], seen: Seen, *, contents_of_all: bool = False) -> Taken:
    """What is new or changed among these, decided; orders are read for just those (or for all that is to be sent)."""
    settings = parts.configuration.settings
    known = parts.store.ledger.known(record.entity_id for record in shown)
    since = None if seen.asked else settings.invoices.created_from
    counted = [
        record
        for record in shown
        if record.entity_id in known or since is None or record.created_at is None or record.created_at >= since
    ]
    changed = [
        record
        for record in counted
        if seen.asked or record.entity_id not in known or known[record.entity_id].digest != record.digest
    ]
    wanted = counted if contents_of_all else changed
    readable, orderless = _with_orders(parts, [record for record in wanted if isinstance(record, Invoice)])
    changed_ids = {record.entity_id for record in changed}
    again = [
        shown_again(known[record.entity_id])
        for record in counted
        if record.entity_id not in changed_ids and known[record.entity_id].corrupt
    ]
    rows = [malformed_row(r, known.get(r.entity_id), seen) for r in changed if isinstance(r, Malformed)]
    notes: list[NoteRow] = []
    comments = parts.store.notes.known(comment.entity_id for invoice in readable for comment in invoice.comments)
    for invoice in readable:
        before = known.get(invoice.entity_id)
        decided = row_of(invoice, before, settings, seen) if invoice.entity_id in changed_ids else None
        words = orderless.get(invoice.order_id)
        row = decided if words is None else orderless_row(invoice, decided, before, words, seen)
        if row is not None:
            rows.append(row)
        if decided is None or row is None:
            # As it was when it was read last, but a comment of it may have been elsewhere meanwhile.
            notes += [note for note in note_rows_of(invoice, comments, settings, seen) if _is_news(note, comments)]
        elif decided.sync_status != "failed":
            notes += note_rows_of(invoice, comments, settings, seen)
    return Taken(tuple(rows), tuple(notes), tuple(readable), len(counted), tuple(again))


def _is_news(row: NoteRow, known: Mapping[int, NoteRow]) -> bool:
    """Whether the comment itself is new, edited or back on this invoice, and not just freed by a flag."""
    before = known.get(row.comment_id)
    return before is None or (before.entity_id, before.digest) != (row.entity_id, row.digest)


def _with_orders(parts: Parts, invoices: list[Invoice]) -> tuple[list[Invoice], dict[int, str]]:
    """Return the invoices with their orders, and Magento's words about the orders that it cannot show."""
    fields = parts.mapping.order_fields
    if not fields or not invoices:
        return invoices, {}
    found = parts.records.orders(parts.magento, {invoice.order_id for invoice in invoices}, fields)
    whole = [
        replace(
            invoice,
            order=found.shown.get(invoice.order_id),
            order_unreadable=invoice.order_id in found.unreadable,
        )
        for invoice in invoices
    ]
    return whole, found.unreadable


def _count(parts: Parts, tally: Tally, taken: Taken) -> None:
    """Enter the page into the books, keep its contents for a minute, and say what was not simply owed."""
    now = parts.clock.monotonic()
    idle = {row.entity_id for row in taken.rows if row.sync_status != "pending"}
    useful = [each for each in taken.contents if each.entity_id not in idle or each.order_unreadable]
    parts.contents.update({invoice.entity_id: (now, invoice) for invoice in useful})
    tally.seen += taken.seen
    tally.unchanged += taken.seen - len(taken.rows)
    for row in taken.rows:
        event = {"invoice": row.increment_id, "entity_id": row.entity_id, "reason": row.reason}
        if row.sync_status == "held":
            tally.held += 1
            parts.log.info("invoice.held", **event)
        elif row.sync_status == "skipped":
            tally.skipped += 1
            parts.log.info("invoice.skipped", **event)
        elif row.sync_status == "failed":
            tally.refused += 1
            parts.log.warning("invoice.failed", **event)
        else:
            tally.owed += 1
