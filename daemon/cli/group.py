"""A group whose commands are imported when they are called: --help answers without any of their libraries."""

import copy
import importlib
from collections.abc import Mapping
from typing import Any, Self

import click


class LazyGroup(click.Group):
    """``commands_from`` maps a command's name to its module, its attribute and its line in the list of commands."""

    def __init__(self, *args: Any, commands_from: Mapping[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_from = commands_from

    def including(self, more: Mapping[str, tuple[str, str, str]]) -> Self:
        """Return the same group with further commands behind its own."""
        group = copy.copy(self)
        group.commands_from = {**self.commands_from, **more}
        return group

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (the parent's signature)
        """The commands, in the order of the table rather than the alphabet's."""
        return list(self.commands_from)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command, now that it is wanted."""
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
