"""How listings are written: a table on a terminal, tab-separated lines in a pipe, JSON when it is asked for."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from daemon.words import visible, visible_lines
from state.rows import text_of


def write_json(value: Any) -> None:
    """JSON alone on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say(text: str, *, err: bool = False) -> None:
    """Write one line for people: a number or a side's word in it can neither begin another line nor hide."""
    click.echo(visible(text), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Write a text that has several lines of ours."""
    click.echo(visible_lines(text), err=err)


def one_line(text: str) -> str:
    """Return a text of ours that may have several lines as one, visible."""
    return visible(" ".join(text.split()))


def instant(at: datetime | None) -> str | None:
    """As JSON and people are shown: UTC with a Z."""
    return text_of(at)


def choices(found: Iterable[tuple[int, int | None]]) -> str:
    """Return how to name each of several invoices with one number: by its entity_id, with the store it is of."""
    stores = ((entity_id, "no store" if store_id is None else f"store {store_id}") for entity_id, store_id in found)
    return ", ".join(f"--id {entity_id} ({store})" for entity_id, store in stores)


def on_terminal() -> bool:
    """Whether a person reads stdout, rather than a pipe."""
    return sys.stdout.isatty()


def write_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    link_column: int | None = None,
    links: Sequence[str | None] = (),
) -> None:
    """The rows: tab-separated in a pipe; a table on a terminal, where the cells of one column may be links."""
    if not on_terminal():
        click.echo("\t".join(titles))
        for row in rows:
            click.echo("\t".join(_cells(titles, row)))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        table.add_column(title, no_wrap=title not in _FOLDING, overflow="fold")
    for index, row in enumerate(rows):
        cells = [Text(cell, style=_STYLES.get(cell, "")) for cell in _cells(titles, row)]
        if link_column is not None and links[index]:
            cells[link_column].stylize(f"link {links[index]}")
        table.add_row(*cells)
    Console(no_color="NO_COLOR" in os.environ).print(table)


_STYLES = {"synced": "green", "failed": "red", "pending": "yellow", "held": "cyan", "skipped": "dim"}
_FOLDING = frozenset({"Reason", "Error", "Value", "From"})


def _cells(titles: Sequence[str], row: Sequence[str]) -> list[str]:
    """Return the cells as they are drawn; sentences of ours lose their line breaks, other values show them."""
    return [one_line(cell) if title in _FOLDING else visible(cell) for title, cell in zip(titles, row, strict=True)]
