"""Finds late and edited comments, and invoices committed late behind the checkpoint; polls cannot.

A comment never changes its invoice's ``updated_at`` and Magento has no list of comments, so older invoices are read
again: of each just its stamps and comments. What is not as the ledger knows it is read whole and treated like a poll's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from daemon.magento import Watched, WatchedPage
from daemon.notes import comment_digest
from daemon.sync.discovery.pages import PageReader, Reading, Unreadable
from daemon.sync.session import Session
from state.ledger import LedgerRow
from state.rows import text_of
from state.scans import Scan
from state.store import Store

_PAGE = 300
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Band:
    """Invoices created or changed within ``reach`` are looked at once per ``every``."""

    name: str
    reach: timedelta
    every: timedelta


def bands(comment_watch: timedelta) -> tuple[Band, ...]:
    """Return the bands: the younger an invoice, the more often its comments are read."""
    return (
        Band("day", timedelta(days=1), timedelta(minutes=15)),
        Band("week", timedelta(days=7), timedelta(hours=1)),
        Band("watch", comment_watch, timedelta(days=1)),
    )


@dataclass(frozen=True, slots=True)
class SweepPage:
    """The next page of a round: its differing invoices, and the round's place behind the page.

    ``differing``: invoices that are not as the ledger knows them; ``unreadable``: nothing but that one was read;
    ``last``: the round of the band is over.
    """

    scan: Scan
    band: Band
    differing: tuple[int, ...] = ()
    unreadable: Unreadable | None = None
    is_read: bool = True
    last: bool = False


def remember_sweep(store: Store, page: SweepPage) -> None:
    """Commit the round's place; after its last page, when the round began."""
    with store.writing():
        store.scans.move(page.scan)
        if page.last:
            store.scans.finish(page.scan)
            store.facts.learn(_fact(page.band), text_of(page.scan.began_at) or "")


class Sweep:
    """Reads the rounds of all bands."""

    def __init__(self, store: Store, pages: PageReader) -> None:
        self._store = store
        self._pages = pages

    def begin_rounds(self, session: Session, at: datetime) -> None:
        """Have the first rounds due one interval after the beginning of a backfill, which reads everything."""
        facts = self._store.facts
        for band in _bands(session):
            if facts.get(_fact(band)) is None:
                facts.learn(_fact(band), text_of(at) or "")

    def is_due(self, session: Session) -> bool:
        """Return whether a round is under way, or due by Magento's clock at its last answer."""
        return self._next_band(session) is not None

    def next_page(self, session: Session) -> SweepPage | None:
        """Read the next page of the most pressing round; begin the round if need be. None: no round is due."""
        band = self._next_band(session)
        if band is None:
            return None
        scan = self._store.scans.open("sweep", band.name) or self._begin(session, band)
        reading = self._ask(session, scan)
        page, upto = reading.page, reading.upto
        if page is None:
            return SweepPage(scan, band, unreadable=reading.unreadable, is_read=False)
        last_id = page.rows[-1].entity_id if page.rows else scan.after_id
        moved = replace(scan, began_at=scan.began_at or page.at, after_id=upto or last_id)
        differing = tuple(_differing(self._store, session, page.rows))
        return SweepPage(moved, band, differing, last=page.last)

    def _ask(self, session: Session, scan: Scan) -> Reading[WatchedPage]:
        since = scan.since or _LONG_AGO  # no round begins without; one whose beginning is lost reads all
        magento = session.magento

        def ask(size: int, upto: int | None, but: Sequence[int]) -> WatchedPage:
            return magento.watched_since(since, after_id=scan.after_id, page_size=size, upto=upto, but=but)

        return self._pages.next_page(magento, f"sweep {scan.band}", scan.after_id, ask, at_most=_PAGE)

    def _begin(self, session: Session, band: Band) -> Scan:
        """Return a new round of the band, reaching back from the start of the band's last round."""
        now = session.magento.answered_at
        assert now is not None, "a band is due only after Magento has answered"
        last = min(self._store.facts.get_instant(_fact(band)) or now, now)
        return self._store.scans.begin("sweep", last - band.reach, band.name)

    def _next_band(self, session: Session) -> Band | None:
        """Return the band whose round is under way or due, and must have been made the soonest.

        That is twice its interval after its last. So a long round makes way for a short one between two pages, and
        where Magento is too slow for all of them, each has its turn.
        """
        now, store = session.magento.answered_at, self._store
        if store.scans.open("backfill") is not None:
            return None  # a backfill reads all of it anyway
        under_way = store.scans.bands()
        pressing: list[tuple[datetime, Band]] = []
        for band in _bands(session):
            last = store.facts.get_instant(_fact(band)) or _LONG_AGO
            is_due = now is not None and abs(now - last) >= band.every  # Magento's clock may have been set back
            if is_due or band.name in under_way:
                pressing.append((min(last, now or last) + 2 * band.every, band))
        return min(pressing, key=lambda found: found[0])[1] if pressing else None


def _bands(session: Session) -> tuple[Band, ...]:
    return bands(session.settings.schedule.comment_watch)


def _fact(band: Band) -> str:
    return f"sweep.{band.name}"


def _differing(store: Store, session: Session, shown: tuple[Watched, ...]) -> Iterator[int]:
    """Return the invoices with differences from the ledger."""
    rows = store.ledger.known(row.entity_id for row in shown)
    notes = store.notes.known(comment.entity_id for row in shown for comment in row.comments)
    since = session.settings.invoices.created_from
    for row in shown:
        known = rows.get(row.entity_id)
        if known is None:
            if since is None or row.created_at is None or row.created_at >= since:
                yield row.entity_id
        elif _is_changed(row, known) or any(
            comment.entity_id not in notes
            or notes[comment.entity_id].digest != comment_digest(comment)
            or notes[comment.entity_id].entity_id != row.entity_id
            for comment in row.comments
        ):
            yield row.entity_id


def _is_changed(row: Watched, known: LedgerRow) -> bool:
    return row.updated_at != known.updated_at
