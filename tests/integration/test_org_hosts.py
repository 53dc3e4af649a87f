"""Where calls to Salesforce go: an org whose host has changed, and a sign-in that names another one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.sandbox.faults import Fault, status
from daemon.scheduler import run_once
from tests.faults import case
from tests.integration.checks import assert_equal, state_of
from tests.promises import assert_promises
from tests.world import World

NEW = "https://renamed.my.salesforce.com/services/data/v66.0/composite/graph?token=hush"


def moved(code: int, location: str = NEW) -> Fault:
    return status(code, headers=[("Location", location)])


def side(work: Any) -> Any:
    return work.tools.store.sides.get("salesforce")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.fault("Salesforce: the org's host has changed")
def test_a_redirected_call_is_signed_in_again_once_and_nobody_notices(world: World, code: int) -> None:
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        sign_ins = world.salesforce.sign_ins
        world.salesforce_faults.add(moved(code), path="composite/graph")
        world.invoice(comment="meanwhile")
        run_once(work)
        assert world.salesforce.sign_ins == sign_ins + 1
        assert not world.named("salesforce.failing")
    assert_promises(world)


@pytest.mark.parametrize("code", [301, 307, 308])
@pytest.mark.fault("Salesforce: the org's host has changed")
def test_calls_that_are_redirected_for_ever_pause_and_name_both_hosts(world: World, code: int) -> None:
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        sign_ins = world.salesforce.sign_ins
        world.salesforce_faults.add(moved(code), path="/services/data/", times=None)
        late = world.invoice(comment="meanwhile")
        calls = world.salesforce_calls.count(path="/services/data/")
        for _ in range(20):
            run_once(work)
            world.clock.advance(seconds=1)
        assert world.salesforce_calls.count(path="/services/data/") == calls + 2
        assert world.salesforce.sign_ins == sign_ins + 1
        known = side(work)
        assert known.status == "paused"
        assert world.salesforce_server.url.removeprefix("http://") in known.reason
        assert "renamed.my.salesforce.com" in known.reason
        assert "hush" not in known.reason
        assert "salesforce.login_url" in known.reason
        assert state_of(world, late)[0] == "pending"
        world.salesforce_faults.clear()
        world.clock.advance(minutes=61)
        run_once(work)
        world.clock.advance(minutes=16)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize("code", [301, 302, 308])
@pytest.mark.fault("Salesforce: a login_url that redirects")
def test_a_login_url_that_redirects_pauses_with_the_url_to_set(world: World, code: int) -> None:
    world.invoice(comment="waits")
    world.salesforce_faults.add(moved(code, "/secur/frontdoor.jsp?sid=hush"), path="oauth2/token", times=None)
    with world.work() as work:
        for _ in range(20):
            run_once(work)
            world.clock.advance(seconds=1)
        assert world.salesforce_calls.count(path="oauth2/token") == 1
        known = side(work)
        assert known.status == "paused"
        assert "redirects the sign-in" in known.reason
        assert "My Domain" in known.reason
        assert "hush" not in known.reason
        world.salesforce_faults.clear()
        world.clock.advance(minutes=61)
        run_once(work)
    assert_promises(world)


ELSEWHERE = [
    "https://evil.example",
    "https://acme.my.salesforce.com",  # a sandbox on this machine stays on this machine
    "http://acme.my.salesforce.com",
    "https://me@127.0.0.1",
    "gopher://127.0.0.1",
    "file:///etc/passwd",
    "//evil.example",
    "",
]


@pytest.mark.parametrize(
    "url",
    [case("Salesforce: a sign-in that sends calls to another host", url, id=url or "nowhere") for url in ELSEWHERE],
)
def test_a_sign_in_that_names_another_host_is_refused_and_nothing_is_sent_there(world: World, url: str) -> None:
    entity_id = world.invoice(comment="stays here")
    token = {"access_token": "canary-token-of-the-org", "instance_url": url, "id": "https://login/id/x/y"}
    world.salesforce_faults.add(
        status(200, json.dumps(token).encode(), "application/json"), path="oauth2/token", times=None
    )
    with world.work() as work:
        run_once(work)
        known = side(work)
        assert known.status == "paused"
        assert "salesforce.login_url" in known.reason
        assert world.salesforce_server.url.removeprefix("http://") in known.reason
        assert world.salesforce_calls.count(path="/services/data/") == 0
        assert state_of(world, entity_id)[0] == "pending"
        world.salesforce_faults.clear()
        world.clock.advance(minutes=61)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize(
    "following",
    [
        "https://evil.example/services/data/v66.0/query/01g-2000",
        "//evil.example/query",
        "/services/data/v66.0/sobjects/../../../secur/logout.jsp",
        "/services/data/v66.0/query/../sobjects/Account",
        "/services/data/v66.0/query/01g?x=1",
    ],
)
@pytest.mark.fault("Salesforce: a query that goes on at another address")
def test_a_query_goes_on_at_the_querys_own_address_only(world: World, following: str) -> None:
    entity_id = world.invoice(comment="asked for")
    with world.work() as work:
        run_once(work)
        body = {"totalSize": 9, "done": False, "records": [], "nextRecordsUrl": following}
        world.salesforce_faults.add(
            status(200, json.dumps(body).encode(), "application/json"), path="/query/", times=None
        )
        work.passes.deliveries.notes.existing.asks_first = True
        late = world.invoice(comment="meanwhile")
        run_once(work)
        assert not [call for call in world.salesforce_calls if following.partition("?")[0] in call.path]
        assert state_of(world, entity_id)[0] == state_of(world, late)[0] == "synced"
        world.salesforce_faults.clear()
        world.clock.advance(minutes=16)
        run_once(work)
    assert_equal(world)
