"""Runs the ordinary command line in a process that dies at a step named by an environment variable.

``python -m daemon.demo.failpoints run`` is ``invoice-sync run`` with an observer that kills; the daemon itself knows
nothing of it. The drill starts it, and the tests that kill.

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
import sqlite3
from dataclasses import dataclass

from daemon.cli import main
from daemon.demo.subjects import TABLES, WRITTEN, subject_of
from daemon.observer import Asked, Observer
from state.kinds import SideName

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


class Failpoints(Observer):
    """All failpoints of a plan, and what the process is about right now."""

    def __init__(self, plan: str) -> None:
        self._waiting = [Failpoint.read(text) for text in plan.split(",")]
        self._about = "start"  # one thread does all the work
        self._written: set[str] = set()

    def call_begins(self, side: SideName, request: Asked) -> None:
        """Reach the step before a call."""
        self._about = subject_of(side, request)
        self._reach(f"{side}.call")

    def call_sent(self, side: SideName) -> None:
        """Reach the step at which nothing of the answer is heard."""
        self._reach(f"{side}.sent")

    def call_answered(self, side: SideName) -> None:
        """Reach the step at which the answer is here, and not read."""
        self._reach(f"{side}.answer")

    def answer_read(self, side: SideName) -> None:
        """Reach the step at which the answer is read, and not remembered."""
        self._reach(f"{side}.read")

    def settings_read(self) -> None:
        """Reach the step at which an edit of the settings is read."""
        self._reach("settings.read", "settings")

    def transaction_begins(self, connection: sqlite3.Connection) -> None:
        """Reach the step before a transaction."""
        self._reach("state.begin")
        self._written.clear()
        connection.set_trace_callback(lambda statement: self._written.update(WRITTEN.findall(statement)))

    def transaction_commits(self) -> None:
        """Reach the step before a transaction is committed."""
        self._reach("state.commit", self._written_subject())

    def transaction_committed(self) -> None:
        """Reach the step after it."""
        self._reach("state.committed", self._written_subject())

    def copy_made(self) -> None:
        """Reach the step at which a copy of the state is made."""
        self._reach("state.copied", "copy")

    def schema_made(self) -> None:
        """Reach the step at which migrations are applied, and not committed."""
        self._reach("state.schema", "schema")

    def _written_subject(self) -> str:
        return next((subject for tables, subject in TABLES if tables <= self._written), "state")

    def _reach(self, step: str, subject: str | None = None) -> None:
        """Say that the process is at this step, and perhaps die, when one of the failpoints waits here."""
        subject = subject or self._about
        for point in [point for point in self._waiting if point.takes(step, subject)]:
            line = json.dumps({"event": EVENT, "step": step, "subject": subject, "action": point.action})
            os.write(2, line.encode() + b"\n")
            if point.action != "say":
                os.kill(os.getpid(), signal.SIGKILL if point.action == "kill" else signal.SIGSTOP)


def armed() -> Failpoints | None:
    """Return the failpoints that the environment plans, if any."""
    plan = os.environ.get(VARIABLE)
    return Failpoints(plan) if plan else None


if __name__ == "__main__":
    main(observer=armed())
