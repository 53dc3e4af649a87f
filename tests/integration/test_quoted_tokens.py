"""A side that repeats a token or a secret in what it says: state, log and commands stay without it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault
from daemon.sandbox.salesforce.org import ApiError, Trap
from daemon.scheduler import run_once
from tests.faults import case
from tests.integration.checks import everything_kept
from tests.world import SECRETS, World

GRAPH = "composite/graph"


def quoting(http_status: int, body: Callable[[str], Any]) -> Fault:
    """Answer with what the call was signed with."""

    def answer(_app: Any, environ: dict[str, Any]) -> Response:
        said = body(environ.get("HTTP_AUTHORIZATION", "") + environ.get("QUERY_STRING", ""))
        return Response(json.dumps(said), http_status, content_type="application/json")

    return Fault("quoting", answer)


def of_salesforce(code: str) -> Callable[[str], Any]:
    secret = SECRETS["salesforce_client_secret"]
    return lambda said: [{"errorCode": code, "message": f"not with\n{said}, which is {secret}"}]


def a_record(world: World) -> None:
    def error(_row: Any) -> ApiError:
        tokens = " ".join(world.salesforce.sessions)
        return ApiError("FIELD_CUSTOM_VALIDATION_EXCEPTION", f"no: {tokens} {SECRETS['magento_consumer_secret']}")

    for name in ("Magento_Invoice__c", "ContentNote"):
        world.org._traps.append(Trap(name, lambda _row: True, error))


def a_note(world: World) -> None:
    a_record(world)
    world.org._traps[-2].remove()


def a_call(http_status: int, code: str) -> Callable[[World], None]:
    return lambda world: void(
        world.salesforce_faults.add(quoting(http_status, of_salesforce(code)), path=GRAPH, times=None)
    )


def the_sign_in(world: World) -> None:
    secrets = f"{SECRETS['salesforce_client_secret']} {SECRETS['salesforce_client_id']}"
    world.salesforce.sign_in_refused = ("invalid_grant", f"no\nwith {secrets}")


def magento(http_status: int) -> Callable[[World], None]:
    def body(said: str) -> Any:
        return {"message": "no %1: " + said, "parameters": [SECRETS["magento_access_token"]]}

    return lambda world: void(world.magento_faults.add(quoting(http_status, body), path="/V1/invoices", times=None))


def void(_value: object) -> None:
    return None


QUOTING = [
    case("Salesforce: a token repeated in an error", a_record, id="of a record"),
    case("Salesforce: a token repeated in an error", a_note, id="of a note"),
    *[
        case("Salesforce: a token repeated in an error", a_call(http_status, code), id=f"{http_status} {code}")
        for http_status, code in (
            (400, "JSON_PARSER_ERROR"), (401, "INVALID_SESSION_ID"), (403, "FORBIDDEN"), (403, "API_DISABLED_FOR_ORG"),
            (403, "STORAGE_LIMIT_EXCEEDED"), (404, "NOT_FOUND"), (500, "UNKNOWN_EXCEPTION"), (502, ""),
        )
    ],
    case("Salesforce: a token repeated in an error", the_sign_in, id="of the sign-in"),
    *[
        case("Magento: a token repeated in an error", magento(http_status), id=str(http_status))
        for http_status in (400, 401, 403, 404, 500, 503)
    ],
]  # fmt: skip


def assert_without_secrets(world: World, text: str) -> None:
    for secret in [*SECRETS.values(), *world.salesforce.sessions]:
        assert secret[:16] not in text, secret


@pytest.mark.parametrize("break_it", QUOTING)
def test_what_a_side_repeats_is_kept_nowhere(world: World, break_it: Callable[[World], None]) -> None:
    world.invoice(comment="waits")
    with world.work() as work:
        work.session.salesforce.connection.sign_in()  # there is a token to repeat
        break_it(world)
        for _ in range(2):
            run_once(work)
            world.clock.advance(minutes=61)
        assert_without_secrets(world, everything_kept(world))
        assert_without_secrets(world, str(work.failure))


def test_a_token_that_was_replaced_is_kept_nowhere_either(world: World) -> None:
    world.invoice()
    with world.work() as work:
        work.session.salesforce.connection.sign_in()
        former = list(world.salesforce.sessions)
        world.salesforce.expire_sessions()
        world.org.fail("Magento_Invoice__c", lambda _row: True, "APEX_ERROR", f"logged in as {former[0]}")
        run_once(work)
        assert former[0] not in everything_kept(world)
        assert "logged in as" in everything_kept(world)


@pytest.mark.parametrize("break_it", [magento(401), the_sign_in])
def test_what_a_side_repeats_is_shown_by_no_command(world: World, break_it: Callable[[World], None]) -> None:
    entity_id = world.invoice(comment="never seen")
    break_it(world)
    for arguments in (["explain", "--id", str(entity_id)], ["run", "--once"], ["check"]):
        done = world.command(*arguments)
        assert_without_secrets(world, done.stdout + done.stderr)
