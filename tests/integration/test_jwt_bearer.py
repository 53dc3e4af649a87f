"""Signing in to Salesforce by an assertion: it works, it is renewed, and each refusal says what mends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs

import jwt
import pytest

from daemon.scheduler import run_once
from state.store import Store
from tests.keys import key_pair
from tests.promises import assert_promises
from tests.world import SECRETS, World

TOKEN = "/services/oauth2/token"
PRIVATE = key_pair()[0]


def sign_in_calls(world: World) -> list[dict[str, list[str]]]:
    return [parse_qs(call.body.decode()) for call in world.salesforce_calls.matching(path=TOKEN)]


def said(world: World) -> str:
    """Why Salesforce is paused, with what to do."""
    world.run_once()
    with Store(world.state_path, lock=False) as store:
        side = store.sides.get("salesforce")
    assert side.status == "paused"
    assert world.salesforce_calls.matching(path="composite/graph") == []
    kept = repr(world.events) + world.state_path.read_bytes().decode("latin-1")
    assert PRIVATE[40:100] not in kept
    assert SECRETS["salesforce_client_id"] not in kept
    return str(side.reason)


def test_the_assertion_names_app_user_and_org_and_lives_three_minutes(world: World) -> None:
    world.sign_in_by_assertion()
    (world.folder / "secrets" / "salesforce_client_secret").unlink()
    entity_id = world.invoice(comment="hello")
    world.run_once()
    assert world.rows()[entity_id].sync_status == "synced"
    assert_promises(world)
    (form,) = sign_in_calls(world)
    assert set(form) == {"grant_type", "assertion"}, "a client secret is no part of it"
    assertion = form["assertion"][0]
    assert jwt.get_unverified_header(assertion)["alg"] == "RS256"
    claims = jwt.decode(assertion, options={"verify_signature": False})
    lives = claims.pop("exp") - world.clock.now().timestamp()
    assert 100 < lives <= 180
    assert claims == {
        "iss": SECRETS["salesforce_client_id"],
        "sub": "integration@sandbox.example",
        "aud": world.salesforce_server.url,
    }


def test_a_session_that_ends_is_renewed_by_an_assertion_of_its_own(world: World) -> None:
    world.sign_in_by_assertion()
    first, second = world.invoice(), None
    with world.work() as work:
        run_once(work)
        world.salesforce.expire_sessions()
        world.clock.advance(minutes=2)
        second = world.invoice()
        run_once(work)
    assert {world.rows()[entity_id].sync_status for entity_id in (first, second)} == {"synced"}
    old, new = (form["assertion"][0] for form in sign_in_calls(world))
    assert old != new
    assert_promises(world)


def with_another_key(world: World) -> None:
    world.write_secret("salesforce_private_key", key_pair(1)[0])


def as_somebody_else(world: World) -> None:
    world.set("salesforce.username", "nobody@sandbox.example")


def refused(error: str, description: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.salesforce.sign_in_refused = (error, description)

    return change


def under_another_name(world: World) -> None:
    world.salesforce.instance_url = "https://acme.my.salesforce.com"


REFUSALS = {
    "another key": (with_another_key, "another certificate than salesforce_private_key belongs to"),
    "a user that is not there": (as_somebody_else, "Set salesforce.username to the name"),
    "a user that may not use the app": (
        refused("invalid_app_access", "user is not admin approved to access this app"),
        "Policies > Permitted Users",
    ),
    "a user that was switched off": (refused("invalid_grant", "inactive user"), "name another in salesforce.username"),
    "a login URL that is not the org's": (under_another_name, "Set login_url to the org's My Domain"),
    "an app without the flow": (
        refused("unsupported_grant_type", "grant type not supported"),
        "Enable the JWT bearer flow",
    ),
    "an app that nobody knows": (refused("app_not_found", "External client app not found"), "My Domain"),
    "a reason that nobody knows": (refused("invalid_grant", "something new"), "Enable the JWT bearer flow of the app"),
}


@pytest.mark.parametrize(("change", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_assertion_pauses_salesforce_and_says_what_mends_it(
    world: World, change: Callable[[World], None], words: str
) -> None:
    world.invoice()
    world.sign_in_by_assertion()
    change(world)
    reason = said(world)
    assert reason.startswith("Salesforce denied the sign-in: ")
    assert words in reason
    assert "client credentials" not in reason


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(minutes=61), "This machine's clock is 61 minutes ahead of Salesforce's: set it by NTP"),
        (timedelta(minutes=-10), "This machine's clock is 10 minutes behind Salesforce's: set it by NTP"),
    ],
    ids=["ahead", "behind"],
)
def test_a_clock_that_is_wrong_is_told_with_how_much(world: World, ahead: timedelta, words: str) -> None:
    world.invoice()
    world.sign_in_by_assertion()
    world.clock.ahead = ahead
    assert words in said(world)


def test_a_clock_that_is_right_is_not_blamed(world: World) -> None:
    world.invoice()
    world.sign_in_by_assertion()
    world.salesforce.sign_in_refused = ("invalid_grant", "expired authorization code")
    reason = said(world)
    assert "agrees with Salesforce's, so it is not the cause" in reason
    assert "Login History" in reason


def test_once_the_clock_is_set_everything_is_in(world: World) -> None:
    world.invoice()
    world.sign_in_by_assertion()
    world.clock.ahead = timedelta(minutes=-9)
    said(world)
    world.clock.ahead = timedelta(0)
    world.run_once()
    assert [row.sync_status for row in world.rows().values()] == ["synced"]
    assert_promises(world)
