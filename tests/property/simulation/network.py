"""The network between the daemon and both sides: decides the fate of each call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, NoReturn

import requests
from flask import Flask

from daemon.errors import Unreachable
from daemon.sandbox.salesforce.http import Options
from daemon.sandbox.salesforce.org import Trap
from daemon.sandbox.wire import Dropped
from state.kinds import SideName
from tests.property.simulation.clock import Clock
from tests.property.simulation.rates import Rates
from tests.property.simulation.steps import Steps
from tests.property.simulation.wire import Reply, body_of, call

_HTML = {"Content-Type": "text/html"}
_JSON = {"Content-Type": "application/json;charset=UTF-8"}
_PAGE = b"<html><body>maintenance</body></html>"
MAGENTO_SECONDS = 30
SALESFORCE_SECONDS = 120
_LATEST = 590  # seconds after which no call still runs: Salesforce ends a request after ten minutes
_KEYED = ("Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c")


def refused(code: str, message: str, status: int, **headers: str) -> Reply:
    """Return Salesforce's error for a whole call."""
    return Reply(status, {**_JSON, **headers}, json.dumps([{"errorCode": code, "message": message}]).encode())


@dataclass
class Network:
    """Carries calls, with the failures drawn by the seed, and shows them to the onlooker."""

    clock: Clock
    steps: Steps
    random: Random
    rates: Rates
    magento_app: Flask
    salesforce_app: Flask
    happen: Callable[[], object] = lambda: None
    on_magento: Callable[[str, bytes], object] = lambda _url, _body: None
    on_salesforce: Callable[[str, bytes], object] = lambda _url, _body: None
    on_flight: Callable[[list[int]], object] = lambda _ids: None
    # A call's early answer or fault, if any: the org has moved, or a record in the call is deadly.
    intercept: Callable[[requests.PreparedRequest], Reply | str | None] = lambda _request: None
    # The change of Magento's answer, if any: a record in it is unreadable, or there are too many.
    spoil: Callable[[requests.PreparedRequest, Reply], Reply | str | None] = lambda _request, _reply: None
    flying: int = 0
    calls: dict[str, int] = field(default_factory=lambda: {"magento": 0, "sweep": 0, "salesforce": 0})
    calm: bool = False
    late_for: str | None = None  # every call with this text is late, in calm times too

    @property
    def options(self) -> Options:
        """Return the settings of the sandbox's Salesforce."""
        options: Options = self.salesforce_app.extensions["salesforce"]
        return options

    def magento(self, request: requests.PreparedRequest) -> Reply:
        """Carry one call to Magento."""
        still = self.clock.still
        self._begin("magento", request)
        fault = self._fault(self.rates.magento, self._magento_faults)
        if fault in {"unsent", "lost", "slow", "large"}:
            self._fail("magento", fault)
        try:
            reply = self._magento_reply(request, fault)
        except Dropped as dropped:  # by a record in the answer
            self._fail("magento", what if (what := str(dropped)) in {"slow", "large"} else "lost")
        spoilt = None if fault else self.spoil(request, reply)
        if isinstance(spoilt, str):
            self._fail("magento", spoilt)
        self._between()
        self.steps.point("magento answers")
        self._time_out("magento", still)
        if spoilt is not None:
            return spoilt
        if reply.status == 200 and not fault:
            self.on_magento(str(request.url), reply.body)
        return reply

    def salesforce(self, request: requests.PreparedRequest) -> Reply:
        """Carry one call to Salesforce, or a sign-in."""
        still = self.clock.still
        self.on_salesforce(str(request.url), body_of(request))
        self._begin("salesforce", request)
        fault = self._fault(self.rates.salesforce, self._salesforce_faults)
        early = self.intercept(request)
        if isinstance(early, Reply):
            return early
        if early is not None:
            self._fail("salesforce", early)
        if self._is_late(request):
            self._fly(request)
            self.steps.point("salesforce works on", rate=self.rates.impatience)
            fault = self.random.choice(("lost", "slow", "slow", "gateway"))
            if fault == "gateway":
                self.clock.advance(60)
                return Reply(504, _HTML, _PAGE)
            self._fail("salesforce", fault)
        if fault in {"unsent", "lost"}:
            self._fail("salesforce", fault)
        reply = self._salesforce_reply(request, fault)
        if self.rates.slow and not self.calm:
            self.clock.advance(self.random.uniform(0, 30))
        self._between()
        self.steps.point("salesforce answers")
        self._time_out("salesforce", still)
        if fault == "unanswered":
            self._fail("salesforce", self.random.choice(("lost", "slow")))
        return reply

    _magento_faults = ("unsent", "lost", "slow", "large", "503", "500", "html", "cut", "403")
    _salesforce_faults = ("unsent", "lost", "unanswered", "unanswered", "cut", "503", "500", "429", "concurrent", "401")

    def _begin(self, side: str, request: requests.PreparedRequest) -> None:
        sweeps = side == "magento" and "/invoices?" in str(request.url) and "fields=" in str(request.url)
        self.calls["sweep" if sweeps else side] += 1
        # Neither the body of a sign-in nor any header: tokens are not the same in two runs.
        said = "" if "oauth2" in str(request.url) else f"{request.url} {body_of(request).decode()}"
        self.steps.point(f"{side} {self.clock.true} {said}")
        self._between()
        slow = self.rates.slow and not self.calm
        self.clock.advance(self.random.uniform(2, 40) if slow else self.random.uniform(0.05, 0.9))

    def _time_out(self, side: SideName, still: timedelta) -> None:
        """Let a call fail by chance, by time-out or lost connection, if the process was stopped during it."""
        if self.clock.still > still and self.random.random() < 0.5:
            self._fail(side, self.random.choice(("lost", "slow")))

    def _between(self) -> None:
        if not self.calm and self.random.random() < self.rates.between:
            self.happen()

    def _fault(self, rate: float, faults: tuple[str, ...]) -> str | None:
        return self.random.choice(faults) if not self.calm and self.random.random() < rate else None

    def _is_late(self, request: requests.PreparedRequest) -> bool:
        if self.late_for is not None:
            return self.late_for.encode() in body_of(request)
        late = 0.0 if self.calm else self.rates.late
        return late > 0 and "composite/graph" in str(request.url) and self.random.random() < late

    def _fail(self, side: SideName, fault: str) -> NoReturn:
        if fault == "slow":
            self.clock.advance(MAGENTO_SECONDS if side == "magento" else SALESFORCE_SECONDS)
        raise Unreachable(f"{side} {fault}", side=side, sent=fault != "unsent", timed_out=fault == "slow")

    def _magento_reply(self, request: requests.PreparedRequest, fault: str | None) -> Reply:
        if fault == "503":
            return Reply(503, _HTML, _PAGE)
        if fault == "403":
            return Reply(403, _HTML, _PAGE)
        if fault == "500":
            return Reply(500, _JSON, b'{"message":"Internal Error. Report ID: webapi-1"}')
        reply = call(self.magento_app, request)
        if fault == "html":
            return Reply(200, {**_HTML, "Date": reply.headers["Date"]}, _PAGE)
        return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2]) if fault == "cut" else reply

    def _salesforce_reply(self, request: requests.PreparedRequest, fault: str | None) -> Reply:
        match fault:
            case "503":
                return Reply(503, _HTML, _PAGE)
            case "500":
                return refused("UNKNOWN_EXCEPTION", "An unexpected error occurred: 1-2 (3)", 500)
            case "429":
                return refused("REQUEST_LIMIT_EXCEEDED", "Too many requests", 429, **{"Retry-After": "40"})
            case "concurrent":
                message = "ConcurrentPerOrgLongTxn Limit exceeded."
                return refused("REQUEST_LIMIT_EXCEEDED", message, 403)
            case "401":
                self.options.expire_sessions()
        reply = call(self.salesforce_app, request)
        return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2]) if fault == "cut" else reply

    def _fly(self, request: requests.PreparedRequest) -> None:
        """Let Salesforce work on the call for minutes, then carry it out or give it up."""
        token = str(request.headers["Authorization"]).partition(" ")[2]
        traps = self._claim(request) if self.random.random() < 0.5 else []
        commits = self.random.random() < 0.8
        self.flying += 1
        self.on_flight([int(graph["graphId"]) for graph in json.loads(body_of(request))["graphs"]])

        def land() -> None:
            self.flying -= 1
            for trap in traps:
                trap.remove()
            if commits:
                options = self.options
                known, limit, refusing = dict(options.sessions), options.api_limit, options.refuse_calls
                options.sessions[token], options.api_limit, options.refuse_calls = float("inf"), 10**9, None
                call(self.salesforce_app, request)
                options.sessions, options.api_limit, options.refuse_calls = known, limit, refusing
            self.steps.note(f"landed {commits}")

        self.clock.at(self.clock.true + timedelta(seconds=self.random.uniform(1, _LATEST)), land)

    def _claim(self, request: requests.PreparedRequest) -> list[Trap]:
        """Hold the external IDs of the call's new records, as an open transaction does: no other call can use them."""
        org = self.options.org
        claimed = set(_external_ids(json.loads(body_of(request))))
        held = {key for key in claimed if not any(org.find(name, "Magento_Id__c", key) for name in _KEYED)}
        message = "duplicate value found: Magento_Id__c duplicates value on record with id: a005gX000000001"
        return [
            org.fail(name, lambda row: row["Magento_Id__c"] in held, "DUPLICATE_VALUE", message, operations=("create",))
            for name in _KEYED
        ]


def _external_ids(payload: dict[str, Any]) -> list[str]:
    """Return the external IDs in a call of graphs, from URLs (upserts) and bodies (creates)."""
    nodes = [node for graph in payload["graphs"] for node in graph["compositeRequest"] if node["method"] != "GET"]
    named = [node["url"].rsplit("/", 1)[-1] for node in nodes if "/Magento_Id__c/" in node["url"]]
    return named + [node["body"]["Magento_Id__c"] for node in nodes if "Magento_Id__c" in node.get("body", {})]
