"""Plans of faults for one app, each for its matching calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Flask

from daemon.sandbox.calls import Call, CallLog, matches, read_call
from daemon.sandbox.faults.answers import ask, compress
from daemon.sandbox.faults.ways import Fault

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(slots=True, eq=False)
class Plan:
    """One fault for the matching calls, with a count of its hits."""

    fault: Fault
    method: str | None
    path: str | None
    body: str | None
    passing: int
    times: int | None
    withdraw: Callable[[Plan], None]
    hits: int = 0

    def remove(self) -> None:
        """Let the calls through again."""
        self.withdraw(self)

    def takes(self, call: Call) -> bool:
        """Return whether this call is to fail; count a matching call."""
        if self.times is not None and self.hits >= self.times:
            return False
        if not matches(call, method=self.method, path=self.path, body=self.body):
            return False
        if self.passing:
            self.passing -= 1
            return False
        self.hits += 1
        return True


class Faults:
    """The plans of one app. The first plan that takes a call decides."""

    def __init__(self) -> None:
        self._plans: list[Plan] = []
        self._lock = threading.Lock()

    def add(
        self,
        fault: Fault,
        *,
        method: str | None = None,
        path: str | None = None,
        body: str | None = None,
        after: int = 0,
        times: int | None = 1,
    ) -> Plan:
        """Let matching calls fail: `times` of them (None: for ever), after the first `after` of them.

        `path` is a regular expression to search in the path and the decoded query; `body` is one to search in the
        request's body.
        """
        plan = Plan(fault, method, path, body, after, times, self._withdraw)
        with self._lock:
            self._plans.append(plan)
        return plan

    def clear(self) -> None:
        """Let all calls through again."""
        with self._lock:
            self._plans.clear()

    def take(self, call: Call) -> Fault | None:
        """Return the fault for this call, or None."""
        with self._lock:
            return next((plan.fault for plan in self._plans if plan.takes(call)), None)

    def _withdraw(self, plan: Plan) -> None:
        with self._lock:
            if plan in self._plans:
                self._plans.remove(plan)


def install(app: Flask) -> tuple[Faults, CallLog]:
    """Log every call of the app, let the planned ones fail, and compress the other answers.

    `app.extensions["sandbox"]` holds the same pair.
    """
    faults, calls = Faults(), CallLog()
    inner = app.wsgi_app

    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = read_call(environ)
        calls.append(call)
        fault = faults.take(call)
        response = ask(inner, environ) if fault is None else fault.answer(inner, environ)
        if isinstance(response.response, list | tuple):
            response = compress(response, environ)
        return response(environ, start_response)

    app.wsgi_app = outer  # type: ignore[method-assign]
    app.extensions["sandbox"] = (faults, calls)
    return faults, calls
