"""Shows a progress bar on a terminal while passes run; a pipe gets the log's lines alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.sync import Work

_WORDS = "invoices in Salesforce"


@contextmanager
def showing(work: Work) -> Iterator[None]:
    """Show the number of synced invoices, out of all known ones, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from daemon.cli.terminal import progress_bar  # its library is large, and a pipe needs none of it

    with progress_bar(_WORDS) as bar:

        def advance() -> None:
            counts = work.parts.store.ledger.counts()
            bar(_WORDS, counts.get("synced", 0), sum(counts.values()))

        work.parts.on_progress = advance
        yield
        work.parts.on_progress = lambda: None
