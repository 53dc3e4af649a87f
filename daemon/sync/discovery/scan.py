"""Reads Magento page by page: a scan's next page is returned as values, and remembered in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from daemon.magento import Page
from daemon.sync.decide import Seen
from daemon.sync.discovery.news import News, NewsReader
from daemon.sync.discovery.pages import PageReader, Reading, Unreadable
from daemon.sync.discovery.window import Window, known_window, poll_since, remember_window, window_after
from daemon.sync.session import Session
from daemon.sync.timing import Timing
from daemon.sync.unreadable import unreadable_row
from state.kinds import ScanKind
from state.scans import Scan
from state.store import Store


@dataclass(frozen=True, slots=True)
class ScanPage:
    """The next page of a scan: its news, and the scan's place behind the page.

    ``checkpoint``: what the checkpoint moves to; ``window``: what polls have read last; ``last``: the scan is over.
    """

    scan: Scan
    news: News
    checkpoint: datetime | None = None
    window: Window | None = None
    last: bool = False


def remember_page(store: Store, page: ScanPage) -> None:
    """Commit the page's rows and the scan's place in one transaction; from then on its invoices are owed.

    The checkpoint moves with a poll's last page and with a backfill's first one.
    """
    with store.writing():
        store.ledger.write(page.news.rows)
        store.notes.write(page.news.notes)
        store.scans.move(page.scan)
        remember_window(store, page.window)
        if page.checkpoint is not None:
            store.checkpoints.advance(page.checkpoint)
        if page.last:
            store.scans.finish(page.scan)


class ScanReader:
    """Reads polls and backfills."""

    def __init__(self, store: Store, timing: Timing, pages: PageReader, news: NewsReader) -> None:
        self._store = store
        self._timing = timing
        self._pages = pages
        self._news = news

    def next_page(self, session: Session, kind: ScanKind) -> ScanPage:
        """Read the next page of the open scan of this kind; begin a scan if none is open.

        A poll's checkpoint becomes the newest stamp seen, but never beyond Magento's own clock at the scan's first
        answer: what was committed later may carry an earlier stamp. Nothing was seen: nothing moves.
        """
        scan = self._store.scans.open(kind) or self._begin(session, kind)
        reading = self._ask(session, scan)
        page = reading.page
        if page is None:
            return self.pass_over(scan, reading.unreadable)
        first = scan.began_at is None
        scan = _moved(scan, page, reading.upto)
        news = self._news.read(session, page.invoices, self._seen(kind))
        checkpoint, window = None, None
        if kind == "poll":
            window = self._window_after(session, scan, page, news=bool(news.rows))
            if page.last and scan.newest is not None and scan.began_at is not None:
                checkpoint = min(scan.newest, scan.began_at)
        elif first and kind == "backfill" and scan.began_at is not None:
            # The earlier of two clocks: a wrong one may have what is there read again, never left out.
            checkpoint = min(scan.began_at, self._timing.now())
        return ScanPage(scan, news, checkpoint, window, page.last)

    def pass_over(self, scan: Scan, unreadable: Unreadable | None) -> ScanPage:
        """Return an empty page, or the page of the one unreadable invoice."""
        if unreadable is None:
            return ScanPage(scan, News())
        entity_id = unreadable.entity_id
        known = self._store.ledger.known([entity_id]).get(entity_id)
        row = unreadable_row(entity_id, unreadable.words, known, self._seen(scan.kind))
        return ScanPage(replace(scan, after_id=entity_id), News((row,), seen=1))

    def _seen(self, kind: ScanKind) -> Seen:
        backfilling = self._store.scans.open("backfill") is not None
        return Seen(self._timing.now(), kind, self._timing.tomorrow(), backfilling=backfilling)

    def _begin(self, session: Session, kind: ScanKind) -> Scan:
        """Return a new scan. A poll reads again from behind the checkpoint: transactions commit after their stamps."""
        settings = session.settings
        if kind == "backfill":
            return self._store.scans.begin(kind, settings.invoices.created_from)
        checkpoint = self._store.checkpoints.current()
        assert checkpoint is not None, "a poll begins after a backfill has set the checkpoint"
        clock = session.magento.answered_at
        since = poll_since(checkpoint, known_window(self._store), settings.schedule.overlap, clock)
        return self._store.scans.begin(kind, since)

    def _window_after(self, session: Session, scan: Scan, page: Page, *, news: bool) -> Window | None:
        settings = session.settings
        return window_after(
            known_window(self._store),
            scan,
            page.at,
            news=news,
            last=page.last,
            overlap=settings.schedule.overlap,
            longest_call=settings.magento.timeout,
        )

    def _ask(self, session: Session, scan: Scan) -> Reading[Page]:
        """Return the scan's next page, or the reason for having none yet."""
        magento = session.magento

        def ask(size: int, upto: int | None, but: Sequence[int]) -> Page:
            if scan.kind == "backfill":
                return magento.created_from(scan.since, after_id=scan.after_id, page_size=size, upto=upto, but=but)
            assert scan.since is not None
            return magento.changed_since(scan.since, after_id=scan.after_id, page_size=size, upto=upto, but=but)

        at_most = session.settings.magento.page_size
        return self._pages.next_page(magento, scan.kind, scan.after_id, ask, at_most=at_most)


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
