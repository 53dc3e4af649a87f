"""Says what the demo does: readable and unhurried on a terminal, plain lines for a machine."""

import os
import sys
import time

from rich.console import Console
from rich.text import Text


class Narrator:
    """``quick``: nobody is waited for."""

    def __init__(self, *, quick: bool) -> None:
        self._quick = quick
        self._console = Console(no_color="NO_COLOR" in os.environ, highlight=False, soft_wrap=True)

    def act(self, title: str) -> None:
        """A new act begins."""
        self._console.print()
        self._console.print(Text(f"== {title}", style="bold"))
        self.pause(1.0)

    def say(self, text: str) -> None:
        """What happens."""
        self._console.print(Text(text))
        self.pause(0.8)

    def typed(self, command: str) -> None:
        """What a person would type."""
        self._console.print(Text(f"$ {command}", style="bold cyan"))
        self.pause(0.6)

    def answer(self, text: str, *, style: str = "dim") -> None:
        """What came back."""
        for line in text.strip().splitlines():
            self._console.print(Text(f"  {line.expandtabs(2)}", style=style))
        self.pause(0.6)

    def arrived(self, text: str) -> None:
        """An invoice is where it belongs."""
        self._console.print(Text(f"  {text}", style="green"))
        self.pause(0.3)

    def pause(self, seconds: float) -> None:
        """Time to read."""
        sys.stdout.flush()
        if not self._quick:
            time.sleep(seconds)
