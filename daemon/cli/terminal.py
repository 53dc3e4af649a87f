"""Draws tables and progress bars on a terminal."""

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from daemon.words import visible

_STYLES = {"synced": "green", "failed": "red", "pending": "yellow", "held": "cyan", "skipped": "dim"}


def console() -> Console:
    """Return the console of stdout, without colours under NO_COLOR."""
    return Console(no_color="NO_COLOR" in os.environ)


def draw_table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    folding: Collection[str] = (),
    link_column: int | None = None,
    links: Sequence[str | None] = (),
) -> None:
    """Draw the rows, with colours for sync statuses and links in one column; only ``folding`` columns break lines."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        table.add_column(title, no_wrap=title not in folding, overflow="fold")
    for index, row in enumerate(rows):
        cells = [Text(cell, style=_STYLES.get(cell, "")) for cell in row]
        if link_column is not None and links[index]:
            cells[link_column].stylize(f"link {links[index]}")
        table.add_row(*cells)
    console().print(table)


@contextmanager
def progress_bar(description: str) -> Iterator[Callable[[str, int, int | None], None]]:
    """Show a bar on stderr while the block runs, and yield the function that moves it: words, done, total."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=None)

        def advance(said: str, done: int, total: int | None) -> None:
            progress.update(task, description=escape(visible(said)), completed=done, total=total or None)

        yield advance
