"""The ordinary command line in a process that dies at a step which an environment variable names.

``python -m daemon.cli.demo.failpoints run`` is ``invoice-sync run``, but with its seams wrapped from outside before it
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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

from daemon import transport
from daemon.cli import main
from daemon.magento import Magento
from daemon.salesforce import Salesforce
from daemon.salesforce.connection import Connection
from daemon.settings import SettingsFile
from state.migrations import story
from state.store import Store

VARIABLE = "INVOICE_SYNC_FAILPOINTS"
EVENT = "failpoint.reached"
_PLAN = re.compile(r"(?P<step>[a-z]+\.[a-z]+)(?:/(?P<subject>[a-z]+))?:(?P<number>[1-9]\d*):(?P<action>kill|stop|say)")
# What a call is about, by the verb that makes it.
_VERBS: dict[type, dict[str, str]] = {
    Magento: {
        "created_from": "page", "changed_since": "page", "watched_since": "page", "with_orders": "orders",
        "by_ids": "invoices", "by_number": "invoices", "by_order": "invoices",
    },
    Salesforce: {
        "upsert_invoices": "invoices", "attach_notes": "notes", "existing_comments": "comments",
        "existing_invoices": "existing",
    },
}  # fmt: skip
# What a transaction is about, by the first of these sets of tables that it wrote.
_TABLES: list[tuple[set[str], str]] = [
    ({"facts", "scans"}, "clear"), ({"facts"}, "facts"), ({"scans"}, "page"), ({"requests"}, "request"),
    ({"passes"}, "books"), ({"notes", "sides"}, "waits"), ({"notes"}, "notes"), ({"ledger"}, "invoices"),
]  # fmt: skip
_WRITTEN = re.compile(r"(?:\bINTO|\bUPDATE|\bFROM)\s+[\[\"]?(\w+)")


@dataclass
class Failpoint:
    """One line of the plan; counts down to its passage."""

    step: str
    subject: str | None
    left: int
    action: str

    @classmethod
    def read(cls, text: str) -> "Failpoint":
        """Read one; SystemExit with what is wrong with it."""
        found = _PLAN.fullmatch(text.strip())
        if found is None:
            raise SystemExit(f"{VARIABLE}: {text!r} is not STEP[/SUBJECT]:NUMBER:ACTION")
        return cls(found["step"], found["subject"], int(found["number"]), found["action"])

    def takes(self, step: str, subject: str) -> bool:
        """Whether this passage is the one."""
        if step != self.step or self.subject not in (None, subject):
            return False
        self.left -= 1
        return self.left == 0


class Failpoints:
    """All of them, and what the process is about right now."""

    def __init__(self, plan: str) -> None:
        self._waiting = [Failpoint.read(text) for text in plan.split(",")]
        self._about = ["start"]  # one thread does all the work
        self.last = "start"  # what it was about before

    @contextmanager
    def about(self, subject: str) -> Iterator[None]:
        """Until the end of the block the process is about this."""
        self._about.append(subject)
        try:
            yield
        finally:
            self.last = self._about.pop()

    def reach(self, step: str, subject: str | None = None) -> None:
        """The process is at this step: say so, and perhaps die, when one of the failpoints waits here."""
        subject = subject or self._about[-1]
        for point in [point for point in self._waiting if point.takes(step, subject)]:
            line = json.dumps({"event": EVENT, "step": step, "subject": subject, "action": point.action})
            os.write(2, line.encode() + b"\n")
            if point.action != "say":
                os.kill(os.getpid(), signal.SIGKILL if point.action == "kill" else signal.SIGSTOP)


def arm() -> None:
    """Wrap the seams, if there is a plan; otherwise nothing is touched."""
    plan = os.environ.get(VARIABLE)
    if not plan:
        return
    points = Failpoints(plan)
    for kind, verbs in _VERBS.items():
        for verb, subject in verbs.items():
            setattr(kind, verb, _around_verb(points, getattr(kind, verb), kind.__name__.lower(), subject))
    Connection.sign_in = _around_sign_in(points, Connection.sign_in)  # type: ignore[method-assign]
    _wrap_calls(points)
    _wrap_state(points)
    SettingsFile.reload = _then(points, SettingsFile.reload, "settings.read", "settings", if_true=True)  # type: ignore[method-assign]


def _around_verb(points: Failpoints, verb: Callable[..., Any], side: str, subject: str) -> Callable[..., Any]:
    @wraps(verb)
    def wrapped(*args: Any, **options: Any) -> Any:
        with points.about(subject):
            found = verb(*args, **options)
            points.reach(f"{side}.read")
        return found

    return wrapped


def _around_sign_in(points: Failpoints, sign_in: Callable[..., None]) -> Callable[..., None]:
    @wraps(sign_in)
    def wrapped(*args: Any) -> None:
        with points.about("token"):
            sign_in(*args)

    return wrapped


def _then(
    points: Failpoints, act: Callable[..., Any], step: str, subject: str, *, if_true: bool = False
) -> Callable[..., Any]:
    @wraps(act)
    def wrapped(*args: Any, **options: Any) -> Any:
        done = act(*args, **options)
        if done or not if_true:
            points.reach(step, subject)
        return done

    return wrapped


def _wrap_calls(points: Failpoints) -> None:
    """Before a call, when all of it is sent, and when all of its answer is here."""
    adapter, connection = transport._Adapter, transport._Watched  # noqa: SLF001  (the seam; nothing else is to know of it)
    send, getresponse = adapter.send, connection.getresponse
    side = ""

    def sending(self: Any, request: Any, **options: Any) -> Any:
        nonlocal side
        side = self._side
        points.reach(f"{side}.call")
        response = send(self, request, **options)
        points.reach(f"{side}.answer")
        return response

    def hearing(self: Any) -> Any:
        points.reach(f"{side}.sent")
        return getresponse(self)

    adapter.send = sending  # type: ignore[method-assign]
    connection.getresponse = hearing  # type: ignore[method-assign]


def _wrap_state(points: Failpoints) -> None:
    """Around each transaction, and where a schema or a copy is made and not in force yet."""
    writing = Store.writing

    @contextmanager
    def wrapped(self: Store) -> Iterator[None]:
        connection = self.db.conn
        if connection.in_transaction:
            with writing(self):
                yield
            return
        points.reach("state.begin", points.last)
        written: set[str] = set()
        connection.set_trace_callback(lambda statement: written.update(_WRITTEN.findall(statement)))
        with writing(self):
            yield
            connection.set_trace_callback(None)
            subject = next((subject for tables, subject in _TABLES if tables <= written), "state")
            points.reach("state.commit", subject)
        points.reach("state.committed", subject)

    Store.writing = wrapped  # type: ignore[method-assign]
    copy = _then(points, Store._copy_to, "state.copied", "copy")  # noqa: SLF001  (clear and upgrade both use it)
    Store._copy_to = copy  # type: ignore[method-assign]  # noqa: SLF001
    story.apply = _then(points, story.apply, "state.schema", "schema")  # type: ignore[method-assign]


if __name__ == "__main__":
    arm()
    sys.exit(main())
