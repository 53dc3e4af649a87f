"""Defines the error of a demo that cannot go on."""

from daemon.errors import InvoiceSyncError


class DemoFailed(InvoiceSyncError):  # noqa: N818  (the house's errors are named by what happened)
    """An expected event of the story did not happen."""
