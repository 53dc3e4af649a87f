"""Wraps the seams of the daemon from outside, so that a listener hears of each step: calls, answers, transactions."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Any, Protocol

from daemon import sockets, transport
from daemon.magento import Magento
from daemon.salesforce import Salesforce
from daemon.salesforce.connection import Connection as SalesforceConnection
from daemon.settings import SettingsFile
from state import store
from state.connection import Connection
from state.file import backup
from state.migrations import migrations

# What a call is about, by the verb that makes it.
_VERBS: dict[type, dict[str, str]] = {
    Magento: {
        "created_from": "page", "changed_since": "page", "watched_since": "page", "orders": "orders",
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


class Listener(Protocol):
    """Hears of the steps of the process."""

    last: str

    def about(self, subject: str) -> AbstractContextManager[None]:
        """Set the subject for the length of the block; afterwards the subject is ``last``."""

    def reach(self, step: str, subject: str | None = None) -> None:
        """Hear of this step, about this subject or the present one."""


def wrap(points: Listener) -> None:
    """Wrap them all, for the rest of this process's life."""
    for kind, verbs in _VERBS.items():
        for verb, subject in verbs.items():
            setattr(kind, verb, _around_verb(points, getattr(kind, verb), kind.__name__.lower(), subject))
    SalesforceConnection.sign_in = _around_sign_in(points, SalesforceConnection.sign_in)  # type: ignore[method-assign]
    _wrap_calls(points)
    _wrap_state(points)
    SettingsFile.reload = _then(points, SettingsFile.reload, "settings.read", "settings", if_true=True)  # type: ignore[method-assign]


def _around_verb(points: Listener, verb: Callable[..., Any], side: str, subject: str) -> Callable[..., Any]:
    @wraps(verb)
    def wrapped(*args: Any, **options: Any) -> Any:
        with points.about(subject):
            found = verb(*args, **options)
            points.reach(f"{side}.read")
        return found

    return wrapped


def _around_sign_in(points: Listener, sign_in: Callable[..., None]) -> Callable[..., None]:
    @wraps(sign_in)
    def wrapped(*args: Any) -> None:
        with points.about("token"):
            sign_in(*args)

    return wrapped


def _then(
    points: Listener, act: Callable[..., Any], step: str, subject: str, *, if_true: bool = False
) -> Callable[..., Any]:
    @wraps(act)
    def wrapped(*args: Any, **options: Any) -> Any:
        done = act(*args, **options)
        if done or not if_true:
            points.reach(step, subject)
        return done

    return wrapped


def _wrap_calls(points: Listener) -> None:
    """Wrap each call: before it, after sending, and after the whole answer."""
    adapter, connection = transport._Adapter, sockets._Connection  # noqa: SLF001  (the seam; nothing else is to know of it)
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


def _wrap_state(points: Listener) -> None:
    """Wrap each transaction, and the moments after making a schema or a copy, before these are in force."""
    writing = Connection.writing

    @contextmanager
    def wrapped(self: Connection) -> Iterator[None]:
        connection = self.database.conn
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

    Connection.writing = wrapped  # type: ignore[method-assign]
    copy = _then(points, backup.copy_state, "state.copied", "copy")  # clear and upgrade both use it
    store.copy_state = copy  # type: ignore[attr-defined]
    migrations.apply = _then(points, migrations.apply, "state.schema", "schema")  # type: ignore[method-assign]
