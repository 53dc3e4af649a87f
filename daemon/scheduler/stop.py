"""Whether the process was asked to end."""


class StopRequest:
    """Whether the process was asked to end. A plain attribute: setting an Event in a signal handler can deadlock."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, *_: object) -> None:
        """End after the call in flight. Also fits as a signal handler."""
        self.asked = True
