"""How listings are written: a table on a terminal, tab-separated lines in a pipe, JSON when it is asked for."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from state.rows import text_of


def write_json(value: Any) -> None:
    """JSON alone on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def instant(at: datetime | None) -> str | None:
    """As JSON and people are shown: UTC with a Z."""
    return text_of(at)


def write_table(titles: Sequence[str], rows: Iterable[Sequence[str]], links: Sequence[str | None] = ()) -> None:
    """The rows; on a terminal as a table whose last but one column is a link where ``links`` has one."""
    if not sys.stdout.isatty():
        click.echo("\t".join(titles))
        for row in rows:
            click.echo("\t".join(_one_line(cell) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles, box=None, header_style="bold", pad_edge=False)
    for index, row in enumerate(rows):
        cells = [Text(_one_line(cell), style=_STYLES.get(cell, "")) for cell in row]
        link = links[index] if index < len(links) else None
        if link:
            for cell, text in zip(cells, row, strict=True):
                if text and text in link:
                    cell.stylize(f"link {link}")
        table.add_row(*cells)
    Console(no_color="NO_COLOR" in os.environ, soft_wrap=True).print(table)


_STYLES = {"synced": "green", "failed": "red", "pending": "yellow", "held": "cyan", "skipped": "dim"}


def _one_line(cell: str) -> str:
    return " ".join(cell.split())
