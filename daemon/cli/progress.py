"""Shows a progress bar on a terminal while passes run; a pipe gets the log's lines alone."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from daemon.observer import Observer, Observers
from state.store import Store

_WORDS = "invoices in Salesforce"


class _Counter(Observer):
    """Moves the bar after each batch."""

    def __init__(self, store: Store, move: Callable[[str, int, int | None], None]) -> None:
        self._store = store
        self._move = move

    def progressed(self) -> None:
        """Show the present counts of the ledger."""
        counts = self._store.ledger.counts()
        self._move(_WORDS, counts.get("synced", 0), sum(counts.values()))


@contextmanager
def showing(store: Store, observers: Observers) -> Iterator[None]:
    """Show the number of synced invoices, out of all known ones, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from daemon.cli.terminal import progress_bar  # its library is large, and a pipe needs none of it

    with progress_bar(_WORDS) as move:
        counter = _Counter(store, move)
        observers.add(counter)
        try:
            yield
        finally:
            observers.remove(counter)
