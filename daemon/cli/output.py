"""Writes listings: a table to a terminal, tab-separated lines to a pipe, JSON on request."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import click

from daemon.words import visible, visible_lines
from state.rows import text_of

# Columns of sentences of ours: their line breaks are removed, and they fold where a table has no room.
_FOLDING = frozenset({"Reason", "Error", "Value", "From"})


def write_json(value: Any) -> None:
    """Write JSON alone to stdout."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: Any) -> Any:
    """Return a report for JSON: an object of its fields, with texts for instants."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def say(text: str, *, err: bool = False) -> None:
    """Write one line for people. A side's words in the line can neither begin another line nor hide."""
    click.echo(visible(text), err=err)


def say_lines(text: str, *, err: bool = False) -> None:
    """Write a text of several lines of ours."""
    click.echo(visible_lines(text), err=err)


def one_line(text: str) -> str:
    """Return a text of ours, perhaps of several lines, as one visible line."""
    return visible(" ".join(text.split()))


def instant(at: datetime | None) -> str | None:
    """Return the instant for JSON and for people: UTC with a Z."""
    return text_of(at)


def counted(number: int, what: str) -> str:
    """Return ``1 invoice`` or ``2 invoices``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def on_terminal() -> bool:
    """Return whether a person reads stdout, rather than a pipe."""
    return sys.stdout.isatty()


def write_table(
    titles: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    link_column: int | None = None,
    links: Sequence[str | None] = (),
) -> None:
    """Write tab-separated lines to a pipe; to a terminal a table, where the cells of one column may be links."""
    cells = [_cells(titles, row) for row in rows]
    if on_terminal():
        from daemon.cli.terminal import draw_table  # its library is large, and a pipe needs none of it

        draw_table(titles, cells, folding=_FOLDING, link_column=link_column, links=links)
        return
    click.echo("\t".join(titles))
    for row in cells:
        click.echo("\t".join(row))


def _cells(titles: Sequence[str], row: Sequence[str]) -> list[str]:
    return [one_line(cell) if title in _FOLDING else visible(cell) for title, cell in zip(titles, row, strict=True)]
