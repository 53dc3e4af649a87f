"""Draws the error that ended work early, with what to do."""

from daemon.cli.output import say_lines
from daemon.errors import InvoiceSyncError


def say_failure(failure: InvoiceSyncError | None) -> None:
    """Write the failure and its hint to stderr; nothing when there is none."""
    if failure is not None:
        say_lines(f"invoice-sync: {failure}", err=True)
        if failure.hint:
            say_lines(failure.hint, err=True)
