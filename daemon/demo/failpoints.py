"""Runs the ordinary command line in a process that dies at a step named by an environment variable.

``python -m daemon.demo.failpoints run`` is ``invoice-sync run``, but with its seams wrapped from outside before it
begins: the daemon itself knows nothing of it. The drill starts it, and the tests that kill.

``INVOICE_SYNC_FAILPOINTS`` is a list of ``STEP[/SUBJECT]:NUMBER:ACTION``: at the NUMBERth passage of the step, ``kill``
(SIGKILL), ``stop`` (SIGSTOP), or ``say`` it in the log and go on. The steps of a call are ``magento`` or ``salesforce``
with ``.call`` (before it), ``.sent`` (not heard yet), ``.answer`` (here, not read yet), ``.read`` (not remembered yet);
those of a transaction ``state.begin``, ``state.commit`` (before it), ``state.committed``; then there are
``state.schema`` and ``state.copied`` (made, not in force yet) and ``settings.read``.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from daemon.cli import main
from daemon.demo.seams import wrap

VARIABLE = "INVOICE_SYNC_FAILPOINTS"
EVENT = "failpoint.reached"
_PLAN = re.compile(r"(?P<step>[a-z]+\.[a-z]+)(?:/(?P<subject>[a-z]+))?:(?P<number>[1-9]\d*):(?P<action>kill|stop|say)")


@dataclass
class Failpoint:
    """One line of the plan; counts down to its passage."""

    step: str
    subject: str | None
    left: int
    action: str

    @classmethod
    def read(cls, text: str) -> "Failpoint":
        """Read one failpoint; raise SystemExit with its fault."""
        found = _PLAN.fullmatch(text.strip())
        if found is None:
            raise SystemExit(f"{VARIABLE}: {text!r} is not STEP[/SUBJECT]:NUMBER:ACTION")
        return cls(found["step"], found["subject"], int(found["number"]), found["action"])

    def takes(self, step: str, subject: str) -> bool:
        """Return whether this passage is the one."""
        if step != self.step or self.subject not in (None, subject):
            return False
        self.left -= 1
        return self.left == 0


class Failpoints:
    """All failpoints, and the present subject of the process."""

    def __init__(self, plan: str) -> None:
        self._waiting = [Failpoint.read(text) for text in plan.split(",")]
        self._about = ["start"]  # one thread does all the work
        self.last = "start"  # what it was about before

    @contextmanager
    def about(self, subject: str) -> Iterator[None]:
        """Set the subject of the process until the end of the block."""
        self._about.append(subject)
        try:
            yield
        finally:
            self.last = self._about.pop()

    def reach(self, step: str, subject: str | None = None) -> None:
        """Log this step, and perhaps die, when one of the failpoints waits here."""
        subject = subject or self._about[-1]
        for point in [point for point in self._waiting if point.takes(step, subject)]:
            line = json.dumps({"event": EVENT, "step": step, "subject": subject, "action": point.action})
            os.write(2, line.encode() + b"\n")
            if point.action != "say":
                os.kill(os.getpid(), signal.SIGKILL if point.action == "kill" else signal.SIGSTOP)


def arm() -> None:
    """Wrap the seams, but only if there is a plan."""
    plan = os.environ.get(VARIABLE)
    if not plan:
        return
    wrap(Failpoints(plan))


if __name__ == "__main__":
    arm()
    sys.exit(main())
