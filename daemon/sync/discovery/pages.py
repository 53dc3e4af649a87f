"""Reads the pages of a scan, also where Magento cannot show a record in one: finds that record and reads the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from daemon.errors import InvoiceSyncError
from daemon.magento import Magento, Page, PageTooLarge, WatchedPage
from daemon.sync.discovery.list_failures import (
    is_too_much,
    require_about_records,
    require_another,
    require_answers,
    would_fail_again,
)
from daemon.sync.discovery.page_sizes import PageSizes
from state.store import Store

P = TypeVar("P", Page, WatchedPage)
Ask = Callable[[int, int | None, Sequence[int]], P]
"""Asks for a page: its size, the last id that it may hold (None: any), and ids to leave out."""

# So many ids, of up to ten characters each as a URL spells them, keep it well below the 8 kB that web servers take.
_LEFT_OUT = 300
# No id of Magento's is larger: a range of so many is all that there is.
_WIDEST = 1 << 32


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that Magento cannot show, with the words in which it fails."""

    entity_id: int
    words: str


@dataclass(frozen=True, slots=True)
class Reading(Generic[P]):
    """One look at a scan's next page.

    ``upto``: the page was read only up to that id, and there may be more. Without a page nothing was read: the next
    look asks for less, or goes on behind the record that is ``unreadable``.
    """

    page: P | None = None
    upto: int | None = None
    unreadable: Unreadable | None = None


@dataclass(slots=True)
class _Search:
    """The search for the record that breaks a page, in ranges of ids.

    ``step``: how many ids the next range has; ``page_size``: how many records the page that failed may hold; ``rows``:
    how many have been read since the search began or found one; ``alone``: a range of one id has failed once;
    ``before``: the size of such pages before it was halved here, if it was; ``whole``: a whole page is asked for next,
    because ids have gaps: what failed may be far away, or be read by now; ``shown``: the last record that was.
    """

    after_id: int
    step: int
    page_size: int
    before: int | None
    rows: int = 0
    alone: bool = False
    whole: bool = False
    shown: int | None = None


@dataclass(slots=True)
class _Failure:
    """A page failed here. ``once``: not for its size, which may have been chance; ``before``: as of a search."""

    after_id: int
    page_size: int
    before: int | None = None
    once: bool = False


class PageReader:
    """Reads one page at a time, and owns the sizes and searches learnt on the way, by scan.

    A scan is named by its kind, and a sweep's also by its band (``sweep week``); sizes are learnt for the kind.
    """

    def __init__(self, store: Store, sizes: PageSizes, is_stopping: Callable[[], bool]) -> None:
        self._store = store
        self._sizes = sizes
        self._is_stopping = is_stopping
        self._searches: dict[str, _Search] = {}
        self._failures: dict[str, _Failure] = {}

    def next_page(self, magento: Magento, scan: str, after_id: int, ask: Ask[P], *, at_most: int) -> Reading[P]:
        """Ask for the scan's next page; normally in one call.

        After a failure the page is asked for once more, in smaller ones if it was too much, then in ranges of ids: they
        halve while they fail and double while they are read or empty, until one id fails alone, twice.
        """
        size = min(self._sizes.of(_kind(scan)), at_most)
        search = self._search_at(scan, after_id)
        but, upto = self._left_out(after_id)
        if search is not None and not search.whole:
            upto = min(after_id + search.step, upto or _WIDEST)
        try:
            page = ask(size, upto, but)
        except PageTooLarge as limit:
            if limit.largest >= size:
                raise
            self._sizes.limit = limit.largest
            return Reading()
        except InvoiceSyncError as error:
            return Reading(unreadable=self._narrow(magento, scan, after_id, size, error))
        self._note_read(scan, search, page)
        if upto is None or not page.last:
            return Reading(page)
        return Reading(replace(page, last=False), upto)

    def _search_at(self, scan: str, after_id: int) -> _Search | None:
        """Return the search under way; an earlier scan's search is over."""
        search = self._searches.get(scan)
        if search is not None and search.after_id > after_id:
            del self._searches[scan]
            return None
        if search is not None and search.after_id < after_id:
            search.after_id, search.alone = after_id, False
        return search

    def _left_out(self, after_id: int) -> tuple[list[int], int | None]:
        """Return the unreadable ids to leave out of the page and, if there are more, the page's last possible id."""
        bad = self._store.ledger.corrupt(after_id, limit=_LEFT_OUT + 1)
        return (bad[:-1], bad[-1] - 1) if len(bad) > _LEFT_OUT else (bad, None)

    def _narrow(
        self, magento: Magento, scan: str, after_id: int, size: int, error: InvoiceSyncError
    ) -> Unreadable | None:
        """Ask for less the next time. Return the record once it failed alone, twice, while another one is shown."""
        search = self._searches.get(scan)
        require_about_records(error, self._is_stopping)
        if search is None:
            require_answers(magento, "invoices", error, self._is_stopping)
            self._begin_search(scan, after_id, size, error)
        elif search.whole:
            search.whole = False
        elif search.step > 1:
            search.step //= 2
        elif not search.alone:
            search.alone = True
        else:
            return self._found(magento, scan, search, error)
        return None

    def _begin_search(self, scan: str, after_id: int, size: int, error: InvoiceSyncError) -> None:
        failure = self._failures.get(scan)
        if failure is None or failure.after_id != after_id:
            failure = self._failures[scan] = _Failure(after_id, size)
        if is_too_much(error) and size > 1 and (failure.once or would_fail_again(error)):
            failure.before = failure.before or self._sizes.of(_kind(scan))
            self._sizes.halve(_kind(scan), size)
        elif not failure.once:
            failure.once = True
        else:
            del self._failures[scan]
            self._searches[scan] = _Search(after_id, max(1, size // 2), failure.page_size, failure.before)

    def _found(self, magento: Magento, scan: str, search: _Search, error: InvoiceSyncError) -> Unreadable:
        entity_id = search.after_id + 1
        shown = [search.shown] if search.shown is not None else []
        require_another(self._store, magento, "invoices", entity_id, error, shown=shown, is_stopping=self._is_stopping)
        if search.before is not None:
            self._sizes.set(_kind(scan), search.before)
        if search.rows * 4 >= search.page_size:
            del self._searches[scan]
        else:  # such records stand close together: the whole page would fail again
            search.step, search.rows, search.alone = search.rows + 1, 0, False
        return Unreadable(entity_id, str(error))

    def _note_read(self, scan: str, search: _Search | None, page: Page | WatchedPage) -> None:
        if search is None:
            self._failures.pop(scan, None)
            if not page.last:
                self._sizes.note_full(_kind(scan))
            return
        search.rows += page.count
        search.shown = page.last_id or search.shown
        search.step = min(2 * search.step, _WIDEST)
        if search.whole or search.rows >= search.page_size:
            del self._searches[scan]
        search.whole = search.step > 2 * search.page_size


def _kind(scan: str) -> str:
    return scan.partition(" ")[0]
