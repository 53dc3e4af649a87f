"""Draws the error that ended the work early, with its hint."""

from daemon.cli.output import say_lines
from daemon.errors import InvoiceSyncError


def say_failure(failure: InvoiceSyncError | None) -> None:
    """Write the failure, if any, and its hint to stderr."""
    if failure is not None:
        say_lines(f"invoice-sync: {failure}", err=True)
        if failure.hint:
            say_lines(failure.hint, err=True)
