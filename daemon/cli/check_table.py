"""Draws the doctor's lines on a terminal, in a table for each area."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from daemon.cli.terminal import console
from daemon.doctor import Line
from daemon.words import visible, visible_lines

_STYLES = {"ok": "green", "warning": "yellow", "error": "bold red", "skipped": "dim"}


def draw_check(head: Iterable[tuple[str, str]], lines: Iterable[Line], summary: str) -> None:
    """Draw the shop and the org, a row for each line, and the summary."""
    terminal = console()
    for title, text in head:
        terminal.print(Text(f"{title + ':':<12}"), Text(visible(text), style="bold"), sep="", overflow="fold")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    area = None
    for line in lines:
        if line.area != area:
            area = line.area
            table.add_row("", Text(area.capitalize(), style="bold underline"))
        found = Text(visible_lines(f"{line.check}: {line.result}"))
        if line.status in {"warning", "error"}:
            found.append(f"\ntried: {visible(line.tried)}", style="dim")
        if line.fix:
            found.append(f"\n{visible_lines(line.fix)}", style="bold")
        table.add_row(Text(line.status, style=_STYLES[line.status]), found)
    terminal.print()
    terminal.print(table)
    terminal.print(Text(summary))
