"""Tells the story: lines with colours, pauses and a spinner on a terminal, plain lines elsewhere."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

_SPEAKER_STYLES = {"Magento": "dark_orange", "Salesforce": "bright_blue", "settings": "yellow", "$": "bold green"}
_SPEAKER_WIDTH = 10


class Narration:
    """Writes the lines of the story. ``paced``: at the speed of a reading person."""

    def __init__(self, *, paced: bool) -> None:
        self.paced = paced
        self._terminal = sys.stdout.isatty()
        self._console = Console(highlight=False, no_color="NO_COLOR" in os.environ)
        self._acts = 0

    def title(self, text: str) -> None:
        """Write the first line."""
        self._line(text, "bold")

    def act(self, title: str) -> None:
        """Begin a new act."""
        self._acts += 1
        click.echo()
        self._line(f"{self._acts}. {title}", "bold")

    def say(self, speaker: str, text: str, style: str = "") -> None:
        """Write a line by one of the speakers. A text of several lines keeps its lines."""
        if not self._terminal:
            for line in text.splitlines():
                click.echo(f"   {speaker:<{_SPEAKER_WIDTH}}  {line}")
            return
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(width=1)
        grid.add_column(width=_SPEAKER_WIDTH, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("", Text(speaker, _SPEAKER_STYLES.get(speaker, "dim")), Text(text, style))
        self._console.print(grid)

    def command(self, line: str) -> None:
        """Write a person's command."""
        self.say("$", line, "bold")

    def command_output(self, text: str) -> None:
        """Write the output of a command."""
        self.say("", "\n".join(line.replace("\t", "  ") for line in text.splitlines()), "dim")

    def edit(self, lines: Sequence[str]) -> None:
        """Write the removed (-) and added (+) lines of an edited file."""
        for line in lines:
            self.say("settings", line, "red" if line.startswith("-") else "green")

    def conclude(self, text: str, *, good: bool) -> None:
        """Write the last line, green for a good end and red for a bad one."""
        self._line(text, "bold green" if good else "bold red")

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Show a spinner on a terminal until the end of the wait."""
        if not self._terminal:
            yield
            return
        spinner = "dots" if self._console.encoding.startswith("utf") else "line"
        with self._console.status(Text(f"waiting until {what}", "dim"), spinner=spinner):
            yield

    def _line(self, text: str, style: str) -> None:
        if self._terminal:
            self._console.print(Text(text, style))
        else:
            click.echo(text)
