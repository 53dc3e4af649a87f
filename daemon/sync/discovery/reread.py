"""Reads chosen invoices again, and returns values: new rows, and the unreadable ones with their reasons."""

from collections.abc import Sequence
from dataclasses import dataclass

from daemon.invoice import Invoice, Malformed
from daemon.sync.decide import Seen
from daemon.sync.discovery.news import News, NewsReader
from daemon.sync.discovery.records import RecordReader
from daemon.sync.session import Session
from daemon.sync.timing import Timing
from daemon.sync.unreadable import gone_row, unreadable_row
from state.dismissal import is_dismissed
from state.kinds import SeenBy
from state.ledger import LedgerRow
from state.store import Store

_IDS_A_CALL = 100


@dataclass(frozen=True, slots=True)
class Reread:
    """The result of a reading by id. ``gone``: Magento has them no more; ``broken``: Magento cannot show them."""

    news: News
    gone: tuple[LedgerRow, ...]
    broken: tuple[LedgerRow, ...]

    @property
    def decided(self) -> tuple[LedgerRow, ...]:
        """The rows for the books, without rows set aside by a person."""
        return (*self.news.rows, *self._told_broken)

    @property
    def seen(self) -> int:
        """The number of invoices seen, for the books."""
        return self.news.seen + len(self._told_broken)

    @property
    def told_gone(self) -> list[LedgerRow]:
        """The rows of deleted invoices, without rows set aside by a person."""
        return [row for row in self.gone if not is_dismissed(row)]

    @property
    def _told_broken(self) -> list[LedgerRow]:
        return [row for row in self.broken if not is_dismissed(row)]


def remember_reread(store: Store, found: Reread) -> None:
    """Commit the rows in one transaction."""
    with store.writing():
        store.ledger.write([*found.news.rows, *found.news.shown_again, *found.gone, *found.broken])
        store.notes.write(found.news.notes)


class Rereader:
    """Reads invoices by their ids."""

    def __init__(self, store: Store, timing: Timing, records: RecordReader, news: NewsReader) -> None:
        self._store = store
        self._timing = timing
        self._records = records
        self._news = news

    def read(
        self,
        session: Session,
        entity_ids: Sequence[int],
        *,
        asked: bool = False,
        named: bool = False,
        seen_by: SeenBy = "reread",
    ) -> Reread:
        """Return these invoices as Magento shows them now; the deleted ones become failed.

        ``asked``: a person asked for them, so they are owed whatever was decided before; ``named``: one by one.
        """
        shown: dict[int, Invoice | Malformed] = {}
        unreadable: dict[int, str] = {}
        for start in range(0, len(entity_ids), _IDS_A_CALL):
            found = self._records.invoices(session.magento, entity_ids[start : start + _IDS_A_CALL])
            shown.update(found.shown)
            unreadable.update(found.unreadable)
        seen = Seen(
            self._timing.now(),
            seen_by,
            self._timing.tomorrow(),
            # Off means off: then asking changes nothing, and what is synced stays so.
            asked=asked and session.settings.invoices.enable_synchronization,
            named=named,
            backfilling=self._store.scans.open("backfill") is not None,
        )
        news = self._news.read(session, [shown[key] for key in sorted(shown)], seen, whole=True)
        known = self._store.ledger.known(set(entity_ids) - set(shown))
        gone = tuple(gone_row(row, seen) for row in known.values() if row.entity_id not in unreadable)
        broken = tuple(unreadable_row(key, words, known.get(key), seen) for key, words in unreadable.items())
        return Reread(news, gone, broken)
