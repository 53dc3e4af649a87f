"""Finds what polls cannot: late and edited comments, and invoices that became visible behind the checkpoint.

A comment never changes its invoice's ``updated_at`` and Magento has no list of comments, so older invoices are read
again: of each just its stamps and comments. What is not as the ledger knows it is read whole and treated like a poll's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from daemon.magento import Watched, WatchedPage
from daemon.notes import comment_digest
from daemon.sync.discovery.pages import Reading
from daemon.sync.discovery.scan import pass_over, read_again
from daemon.sync.parts import Parts, Tally
from state.ledger import LedgerRow
from state.rows import text_of
from state.scans import Scan

_PAGE = 300
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Band:
    """Invoices created or changed within ``reach`` are looked at once per ``every``."""

    name: str
    reach: timedelta
    every: timedelta


def bands(comment_watch: timedelta) -> tuple[Band, ...]:
    """The younger an invoice, the sooner a comment on it is seen."""
    return (
        Band("day", timedelta(days=1), timedelta(minutes=15)),
        Band("week", timedelta(days=7), timedelta(hours=1)),
        Band("watch", comment_watch, timedelta(days=1)),
    )


def begin_rounds(parts: Parts, at: datetime) -> None:
    """A backfill reads everything, so the first rounds are due one interval after it began."""
    for band in _bands(parts):
        if parts.store.facts.get(_fact(band)) is None:
            parts.store.facts.learn(_fact(band), text_of(at) or "")


def is_sweep_due(parts: Parts) -> bool:
    """Whether a round is under way, or one is due by Magento's clock at its last answer."""
    return _next_band(parts) is not None


def read_sweep_page(parts: Parts, tally: Tally) -> bool:
    """Read the next page of the round that is most pressing, beginning it if need be. True when it was its last."""
    store = parts.store
    band = _next_band(parts)
    if band is None:
        return True
    scan = store.scans.open("sweep", band.name) or _begin(parts, band)
    reading = _ask(parts, scan)
    page, upto = reading.page, reading.upto
    if page is None:
        pass_over(parts, tally, scan, reading.unreadable)
        return False
    differing = list(_differing(parts, page.rows))
    if differing:
        read_again(parts, tally, differing, seen_by="sweep", counted=True)
    began_at = scan.began_at or page.at
    scan = replace(scan, began_at=began_at, after_id=upto or (page.rows[-1].entity_id if page.rows else scan.after_id))
    with store.writing():
        store.scans.move(scan)
        if page.last:
            store.scans.finish(scan)
            store.facts.learn(_fact(band), text_of(began_at) or "")
    return page.last


def _ask(parts: Parts, scan: Scan) -> Reading[WatchedPage]:
    since = scan.since or _LONG_AGO  # no round begins without; one whose beginning is lost reads all

    def ask(size: int, upto: int | None, but: Sequence[int]) -> WatchedPage:
        return parts.magento.watched_since(since, after_id=scan.after_id, page_size=size, upto=upto, but=but)

    return parts.pages.next_page(parts.magento, f"sweep {scan.band}", scan.after_id, ask, at_most=_PAGE)


def _begin(parts: Parts, band: Band) -> Scan:
    """A round of the band; it reaches back from the start of the band's last round."""
    now = parts.magento.answered_at
    assert now is not None, "a band is due only after Magento has answered"
    last = min(parts.store.facts.get_instant(_fact(band)) or now, now)
    return parts.store.scans.begin("sweep", last - band.reach, band.name)


def _next_band(parts: Parts) -> Band | None:
    """The band whose round is under way or due, and must have been made the soonest: twice its interval after its last.

    So a long round makes way for a short one between two pages, and where Magento is too slow for all of them, each
    has its turn.
    """
    now = parts.magento.answered_at
    if parts.store.scans.open("backfill") is not None:
        return None  # a backfill reads all of it anyway
    under_way = parts.store.scans.bands()
    pressing: list[tuple[datetime, Band]] = []
    for band in _bands(parts):
        last = parts.store.facts.get_instant(_fact(band)) or _LONG_AGO
        is_due = now is not None and abs(now - last) >= band.every  # Magento's clock may have been set back meanwhile
        if is_due or band.name in under_way:
            pressing.append((min(last, now or last) + 2 * band.every, band))
    return min(pressing, key=lambda found: found[0])[1] if pressing else None


def _bands(parts: Parts) -> tuple[Band, ...]:
    return bands(parts.configuration.settings.schedule.comment_watch)


def _fact(band: Band) -> str:
    return f"sweep.{band.name}"


def _differing(parts: Parts, shown: tuple[Watched, ...]) -> Iterator[int]:
    """The invoices that are not as the ledger knows them."""
    rows = parts.store.ledger.known(row.entity_id for row in shown)
    notes = parts.store.notes.known(comment.entity_id for row in shown for comment in row.comments)
    since = parts.configuration.settings.invoices.created_from
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
