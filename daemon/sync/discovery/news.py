"""Decides what is new or changed among the invoices that Magento showed; reads orders for just those."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from daemon.invoice import Invoice, Malformed
from daemon.sync.decide import Seen, note_rows_of, row_of, shown_again
from daemon.sync.discovery.records import RecordReader
from daemon.sync.session import Session
from daemon.sync.unreadable import malformed_row, orderless_row
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.store import Store


@dataclass(frozen=True)
class News:
    """Holds what the state is to remember of some invoices that Magento showed.

    ``read``: the invoices themselves; ``seen``: how many count; ``shown_again``: could not be shown, and are as they
    were before: only that is news.
    """

    rows: tuple[LedgerRow, ...] = ()
    notes: tuple[NoteRow, ...] = ()
    read: tuple[Invoice, ...] = ()
    seen: int = 0
    shown_again: tuple[LedgerRow, ...] = ()

    @cached_property
    def useful(self) -> list[Invoice]:
        """The invoices that may be sent soon, or whose order is known to be unreadable."""
        idle = {row.entity_id for row in self.rows if row.sync_status != "pending"}
        return [invoice for invoice in self.read if invoice.entity_id not in idle or invoice.order_unreadable]


class NewsReader:
    """Compares what Magento shows with the ledger, reads orders where they are needed, and decides."""

    def __init__(self, store: Store, records: RecordReader) -> None:
        self._store = store
        self._records = records

    def read(self, session: Session, shown: Sequence[Invoice | Malformed], seen: Seen, *, whole: bool = False) -> News:
        """Return what is news among these. ``whole``: read the orders of the others too, for they are to be sent."""
        store, settings = self._store, session.settings
        known = store.ledger.known(record.entity_id for record in shown)
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
        changed_ids = {record.entity_id for record in changed}
        wanted = [record for record in (counted if whole else changed) if isinstance(record, Invoice)]
        readable, orderless = self._with_orders(session, wanted)
        again = [
            shown_again(known[record.entity_id])
            for record in counted
            if record.entity_id not in changed_ids and known[record.entity_id].corrupt
        ]
        rows = [malformed_row(r, known.get(r.entity_id), seen) for r in changed if isinstance(r, Malformed)]
        notes: list[NoteRow] = []
        comments = store.notes.known(comment.entity_id for invoice in readable for comment in invoice.comments)
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
        return News(tuple(rows), tuple(notes), tuple(readable), len(counted), tuple(again))

    def _with_orders(self, session: Session, invoices: list[Invoice]) -> tuple[list[Invoice], dict[int, str]]:
        """Return the invoices with their orders, and Magento's words about the orders that it cannot show."""
        fields = session.mapping.order_fields
        if not fields or not invoices:
            return invoices, {}
        found = self._records.orders(session.magento, {invoice.order_id for invoice in invoices}, fields)
        whole = [
            replace(
                invoice,
                order=found.shown.get(invoice.order_id),
                order_unreadable=invoice.order_id in found.unreadable,
            )
            for invoice in invoices
        ]
        return whole, found.unreadable


def _is_news(row: NoteRow, known: Mapping[int, NoteRow]) -> bool:
    """Return whether the comment itself is new, edited or back on this invoice, and not just freed by a flag."""
    before = known.get(row.comment_id)
    return before is None or (before.entity_id, before.digest) != (row.entity_id, row.digest)
