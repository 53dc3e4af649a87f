"""A progress bar on a terminal while passes run; a pipe gets the log's lines alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.observer import Observers
    from daemon.sync import Process


@contextmanager
def showing(process: "Process", observers: "Observers") -> Iterator[None]:
    """Show how many invoices are in, of how many that are known, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from daemon.observer import Observer

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("invoices in Salesforce", total=None)

        class Bar(Observer):
            def progressed(self) -> None:
                counts = process.tools.store.ledger.counts()
                progress.update(task, completed=counts.get("synced", 0), total=sum(counts.values()) or None)

        observers.add(Bar())
        yield
