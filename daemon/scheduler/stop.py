"""Keeps the request to end the process."""


class StopRequest:
    """A request to end, as a plain attribute: setting an Event in a signal handler can deadlock."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        """Ask the process to end after the call in flight. The signature also fits a signal handler."""
        self.asked = True
