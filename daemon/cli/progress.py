"""A progress bar on a terminal while passes run; a pipe gets the log's lines alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.sync import Work


@contextmanager
def showing(work: "Work") -> Iterator[None]:
    """Show how many invoices are in, of how many that are known, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("invoices in Salesforce", total=None)

        def advance() -> None:
            counts = work.parts.store.ledger.counts()
            progress.update(task, completed=counts.get("synced", 0), total=sum(counts.values()) or None)

        work.parts.on_progress = advance
        yield
        work.parts.on_progress = lambda: None
