"""Defines the options shared by several commands."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from state.values import LARGEST

# The state can keep these; a larger number is nobody's id.
ENTITY_ID = click.IntRange(1, LARGEST)
COUNT = click.IntRange(1, 2**63 - 1)
F = TypeVar("F", bound=Callable[..., Any])


def settings_option(command: F) -> F:
    """Add ``--settings FILE`` to the command."""
    return click.option(
        "--settings",
        "settings_name",
        metavar="FILE",
        help="The settings file. Default: $INVOICE_SYNC_SETTINGS, ./settings.yaml, /etc/invoice-sync/settings.yaml.",
    )(command)


def json_option(command: F) -> F:
    """Add ``--json`` to the command."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON and nothing else to stdout.")(command)
