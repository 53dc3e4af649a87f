"""Imports each command of a group only when the command is called, so that --help is quick."""

import copy
import importlib
from collections.abc import Mapping
from typing import Any, Self

import click


class LazyGroup(click.Group):
    """A group of commands. ``commands_from`` maps a name to module, attribute and line in the list of commands."""

    def __init__(self, *args: Any, commands_from: Mapping[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_from = commands_from

    def including(self, more: Mapping[str, tuple[str, str, str]]) -> Self:
        """Return the same group with further commands behind its own."""
        group = copy.copy(self)
        group.commands_from = {**self.commands_from, **more}
        return group

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (the parent's signature)
        """Return the commands in the order of the table, not of the alphabet."""
        return list(self.commands_from)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the command."""
        if cmd_name not in self.commands_from:
            return None
        module, attribute, _ = self.commands_from[cmd_name]
        found = getattr(importlib.import_module(module), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by their lines in the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in self.commands_from.items()])
