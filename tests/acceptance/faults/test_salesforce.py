"""Salesforce as a whole cannot, or will not: what is owed waits, and what was answered or not is done once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from daemon.sandbox.faults import Fault, big, status, truncate
from daemon.scheduler import run_once
from tests.acceptance.faults.outage import BUDGET, survive
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

INVOICE = "Magento_Invoice__c"


def refusal(http_status: int, code: str, message: str) -> Fault:
    return status(http_status, json.dumps([{"errorCode": code, "message": message}]).encode(), "application/json")


CONCURRENT = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
ERROR_ID = "An unexpected error occurred. Please include this ErrorId if you contact support: 1234-56 (-789)"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        case("Salesforce: limits", refusal(403, "REQUEST_LIMIT_EXCEEDED", CONCURRENT), CONCURRENT, id="at once"),
        case("Salesforce: 429 + Retry-After", status(429, headers=[("Retry-After", "120")]), "answered 429"),
        case("Salesforce: 500 + error id", refusal(500, "UNKNOWN_EXCEPTION", ERROR_ID), "1234-56 (-789)"),
        case("Salesforce: 502", status(502, b"<html>Bad Gateway</html>"), "answered 502"),
        case("Salesforce: 503 HTML", status(503, b"<html>Down for maintenance</html>"), "answered 503"),
    ],
)
def test_what_passes_by_itself(world: World, fault: Fault, words: str) -> None:
    survive(
        world,
        "salesforce",
        lambda world: world.salesforce_faults.add(fault, path="/services/data/", times=None),
        lambda world: world.salesforce_faults.clear(),
        words=[words],
    )


DEEP = b'{"graphs":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
WRONG_TYPES = b'{"graphs":[{"graphId":5,"graphResponse":null,"isSuccessful":"yes"}]}'
UNBELIEVABLE = {
    "HTML": status(200, b"<html>Log in</html>"),
    "cut short": truncate(0.5),
    "nothing": status(200),
    "null": status(200, b"null", "application/json"),
    "an empty object": status(200, b"{}", "application/json"),
    "wrong types": status(200, WRONG_TYPES, "application/json"),
    "deep nesting": status(200, DEEP, "application/json"),
    "300 MB": big(300_000_000),
}


@pytest.mark.parametrize("name", UNBELIEVABLE)
@pytest.mark.parametrize("path", ["composite/graph", "oauth2/token"], ids=["a call", "the sign-in"])
def test_an_answer_that_cannot_be_believed(world: World, path: str, name: str) -> None:
    def break_it(world: World) -> None:
        world.salesforce.expire_sessions()
        world.salesforce_faults.add(UNBELIEVABLE[name], path=path, times=None)

    survive(world, "salesforce", break_it, lambda world: world.salesforce_faults.clear(), polls=2)


@pytest.mark.fault("Salesforce: 429 + Retry-After")
def test_a_retry_after_is_kept_to_and_never_slept_through(world: World) -> None:
    world.salesforce_faults.add(status(429, headers=[("Retry-After", "120")]), path="composite/graph")
    world.invoice(comment="in two minutes")
    with world.work() as work:
        for seconds in (0, 100, 25):
            world.clock.advance(seconds=seconds)
            run_once(work)
            assert len(world.org.records(INVOICE)) == (1 if seconds == 25 else 0)
    assert_promises(world)


def out_of_calls(world: World) -> None:
    world.salesforce.api_limit = world.salesforce.api_used


def calls_given_back(world: World) -> None:
    world.salesforce.api_used, world.salesforce.api_limit = 100, 100_000


@pytest.mark.fault("Salesforce: limits")
def test_out_of_calls(world: World) -> None:
    words = ["daily API calls"]
    survive(world, "salesforce", out_of_calls, calls_given_back, pauses=True, words=words, said=BUDGET)


@pytest.mark.fault("Salesforce: session expired once")
def test_a_session_that_expires(world: World) -> None:
    with world.work() as work:
        for number in range(3):
            world.invoice(comment=f"number {number}")
            world.salesforce.expire_sessions()
            run_once(work)
    assert world.salesforce.sign_ins == 3
    assert not world.named("salesforce.failing"), "nobody notices"
    assert_promises(world)


def sessions_never_accepted(world: World) -> None:
    world.salesforce.session_seconds = 0
    world.salesforce.expire_sessions()


def sessions_accepted(world: World) -> None:
    world.salesforce.session_seconds = 7200


@pytest.mark.fault("Salesforce: for ever")
def test_sessions_that_are_never_accepted(world: World) -> None:
    words = ["does not accept the session it has just given", "Check the integration user's API access"]
    survive(world, "salesforce", sessions_never_accepted, sessions_accepted, pauses=True, words=words)
    assert world.salesforce.sign_ins <= 4


def storage_full(world: World) -> None:
    world.org.fail(INVOICE, lambda _: True, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def no_rights(world: World) -> None:
    message = "insufficient access rights on object id"
    world.org.fail(INVOICE, lambda _: True, "INSUFFICIENT_ACCESS_OR_READONLY", message)


def hidden(world: World) -> None:
    world.org.hidden.add(INVOICE)


def api_disabled(world: World) -> None:
    world.salesforce.refuse_calls = (403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization or Partner")


def mended(world: World) -> None:
    world.org.hidden.clear()
    world.salesforce.refuse_calls = None
    for trap in world.org._traps:
        trap.remove()


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        case("Salesforce: storage full", storage_full, ["STORAGE_LIMIT_EXCEEDED", "Setup > Storage Usage"]),
        case(
            "Salesforce: no access to the object", no_rights, ["INSUFFICIENT_ACCESS", "permission set"], id="to write"
        ),
        case("Salesforce: no access to the object", hidden, ["cannot see it", "Permission Sets"], id="to see it"),
        case("Salesforce: API disabled", api_disabled, ["API_DISABLED_FOR_ORG", "API Enabled"]),
    ],
)
def test_what_every_record_would_meet(world: World, break_it: Callable[[World], None], words: list[str]) -> None:
    survive(world, "salesforce", break_it, mended, pauses=True, words=words)
