"""What ends the demo before its end."""

from daemon.errors import InvoiceSyncError


class DemoFailed(InvoiceSyncError):  # noqa: N818  (the house's errors are named by what happened)
    """Something that the story waits for did not come."""
