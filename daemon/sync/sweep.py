"""Finds what polls cannot: late and edited comments, and invoices that became visible behind the checkpoint.

A comment never changes its invoice's ``updated_at`` and Magento has no list of comments, so older invoices are read
again: of each just its stamps and comments. What is not as the ledger knows it is read whole and treated like a poll's.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from daemon.magento import Watched, WatchedPage
from daemon.notes import comment_digest
from daemon.sync.around import ask_page
from daemon.sync.discover import read_again
from daemon.sync.parts import Parts, Tally
from state.ledger import LedgerRow
from state.rows import instant_of, text_of
from state.scans import Scan

_PAGE = 300


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
    return parts.store.scans.open("sweep") is not None or _due_band(parts) is not None


def read_sweep_page(parts: Parts, tally: Tally) -> bool:
    """Read the next page of the round under way, beginning one if none is. True when it was its last."""
    store = parts.store
    scan = store.scans.open("sweep") or _begin(parts)
    if scan is None or scan.since is None:
        return True
    page, upto = _ask(parts, scan.since, scan.after_id)
    differing = list(_differing(parts, page.rows))
    if differing:
        read_again(parts, tally, differing, seen_by="sweep", counted=True)
    began_at = scan.began_at or page.at
    scan = replace(scan, began_at=began_at, after_id=upto or (page.rows[-1].entity_id if page.rows else scan.after_id))
    with store.writing():
        store.scans.move(scan)
        if page.last:
            store.scans.finish(scan)
            store.facts.learn(f"sweep.{scan.band}", text_of(began_at) or "")
    return page.last


def _ask(parts: Parts, since: datetime, after_id: int) -> tuple[WatchedPage, int | None]:
    def ask(size: int, upto: int | None, but: Sequence[int]) -> WatchedPage:
        return parts.magento.watched_since(since, after_id=after_id, page_size=size, upto=upto, but=but)

    return ask_page(parts, "sweep", after_id, ask, at_most=_PAGE)


def _begin(parts: Parts) -> Scan | None:
    """A round of the most frequent band that is due; it reaches back from the start of the band's last round."""
    band = _due_band(parts)
    if band is None:
        return None
    now = parts.magento.answered_at
    assert now is not None, "a band is due only after Magento has answered"
    last = min(instant_of(parts.store.facts.get(_fact(band))) or now, now)
    return replace(parts.store.scans.begin("sweep", last - band.reach), band=band.name)


def _due_band(parts: Parts) -> Band | None:
    now = parts.magento.answered_at
    if now is None or parts.store.scans.open("backfill") is not None:
        return None  # a backfill reads all of it anyway
    for band in _bands(parts):
        last = instant_of(parts.store.facts.get(_fact(band)))
        if last is None or abs(now - last) >= band.every:  # Magento's clock may have been set back meanwhile
            return band
    return None


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
