"""How far a refusal of Salesforce reaches: one record, the notes alone, the whole org, or a moment."""

from __future__ import annotations

import json
import re

import pytest

from daemon.reports.story import story_of
from daemon.sandbox.faults import Fault, status
from daemon.scheduler import run_once
from state.store import Store
from state.waiting import NOTES
from tests.faults import case
from tests.integration.checks import assert_equal, note_rows, state_of
from tests.promises import assert_promises
from tests.world import World

INVOICE, COMMENT = "Magento_Invoice__c", "Magento_Invoice_Comment__c"
NO_ACCESS = ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
FULL = ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")


def refusal(http_status: int, code: str, message: str) -> Fault:
    return status(http_status, json.dumps([{"errorCode": code, "message": message}]).encode(), "application/json")


NOTES_ALONE = [
    case("Salesforce: file storage full", "ContentNote", *FULL, id="note"),
    case("Salesforce: no access to notes", "ContentNote", *NO_ACCESS, id="note"),
    case("Salesforce: no access to notes", "ContentDocumentLink", *NO_ACCESS, id="link"),
    case("Salesforce: no access to notes", "ContentDocumentLink", "FEED_NOT_ENABLED_FOR_OBJECT", "no feed", id="feed"),
    case("Salesforce: no access to comment records", COMMENT, *NO_ACCESS, id="refused"),
    case("Salesforce: no access to comment records", COMMENT, *FULL, id="full"),
    case("Salesforce: no access to comment records", COMMENT, "LICENSE_LIMIT_EXCEEDED", "no licence", id="licence"),
    case("Salesforce: no access to notes", "ContentNote", "TXN_SECURITY_NO_ACCESS", "blocked", id="policy"),
]


def reasons(store: Store, entity_id: int) -> list[str]:
    """Why the invoice's notes wait, as `explain` tells it."""
    story = story_of(store, entity_id)
    assert story is not None
    return [str(note.reason) for note in story.notes]


@pytest.mark.parametrize(("refused", "code", "message"), NOTES_ALONE)
def test_what_is_refused_of_notes_alone_keeps_no_invoice_back(
    world: World, refused: str, code: str, message: str
) -> None:
    trap = world.org.fail(refused, lambda _: True, code, message, operations=("create",))
    ids = [world.invoice(comment=f"number {number}") for number in range(20)]
    with world.work() as work:
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        assert work.tools.store.sides.get("salesforce").status == "ok"
        pause = work.tools.store.sides.get(NOTES)
        assert pause.status == "paused"
        assert code in str(pause.reason)
        notes = note_rows(world, *ids)
        assert {note.sync_status for note in notes} == {"pending"}
        assert all(code in reason for key in ids for reason in reasons(work.tools.store, key)), "each says why it waits"
        calls = len(world.salesforce_calls)
        late = world.invoice(comment="later")
        for _ in range(4):  # 20 seconds: no further note is tried
            run_once(work)
            world.clock.advance(seconds=5)
        assert state_of(world, late)[0] == "synced"
        assert all(code in reason for reason in reasons(work.tools.store, late))
        assert len(world.salesforce_calls) == calls + 1, "the invoice went, and nothing else"
        world.clock.advance(seconds=61)
        calls = len(world.salesforce_calls)
        run_once(work)
        assert len(world.salesforce_calls) - calls <= 2, "one probe"
        assert len(world.named("notes.waiting")) == 1
        trap.remove()
        world.clock.advance(minutes=16)
        run_once(work)
        world.clock.advance(minutes=16)
        run_once(work)
        assert len(world.named("notes.recovered")) == 1
        assert work.tools.store.sides.get(NOTES).status == "ok"
    assert_promises(world)


def test_status_says_that_notes_wait_and_why(world: World) -> None:
    world.org.fail("ContentNote", lambda _: True, *FULL)
    entity_id = world.invoice(comment="waits")
    done = world.command("run", "--once")
    assert done.returncode == 3
    told = world.command("status")
    assert "kept back since" in told.stdout
    assert "Setup > Storage Usage" in told.stdout
    report = json.loads(world.command("status", "--json").stdout)
    assert "STORAGE_LIMIT_EXCEEDED" in report["notes_wait"]["reason"]
    assert report["salesforce"]["status"] == "ok"
    assert "STORAGE_LIMIT_EXCEEDED" in world.command("explain", "--id", str(entity_id)).stdout


def test_status_does_not_say_that_nothing_waits_while_magento_cannot_be_read(world: World) -> None:
    assert "Lag:             not known: nothing was read yet" in world.command("status").stdout
    world.invoice()
    world.run_once()
    assert "Lag:             none: nothing waits" in world.command("status").stdout
    world.magento_server.stop()
    assert world.command("run", "--once").returncode == 75
    report = json.loads(world.command("status", "--json").stdout)
    assert report["lag_seconds"] is None
    told = world.command("status").stdout
    assert f"Lag:             not known: Magento has not been read since {report['magento']['since']}" in told


def test_what_waits_is_at_least_so_old_while_magento_cannot_be_read(world: World) -> None:
    world.invoice()
    world.salesforce_server.stop()
    assert world.command("run", "--once").returncode == 75
    world.magento_server.stop()
    assert world.command("run", "--once").returncode == 75
    told = world.command("status").stdout
    assert re.search(r"^Lag: +at least \d+ s: Magento has not been read since \d", told, re.MULTILINE), told


def test_a_person_who_asks_for_an_invoice_ends_the_pause_of_notes(world: World) -> None:
    trap = world.org.fail("ContentNote", lambda _: True, *FULL)
    entity_id = world.invoice(comment="asked for")
    with world.work() as work:
        run_once(work)
        trap.remove()
        work.sync([entity_id])
        assert work.tools.store.sides.get(NOTES).status == "ok"
    assert_equal(world)


def test_one_note_out_of_reach_among_others_is_its_own(world: World) -> None:
    ids = [world.invoice(comment=f"number {number}") for number in range(20)]
    comment_id = world.wire_invoices()[3]["comments"][0]["entity_id"]
    external_id = f"main-comment-{comment_id}"
    trap = world.org.fail(COMMENT, lambda row: row["Magento_Id__c"] == external_id, *NO_ACCESS)
    with world.work() as work:
        run_once(work)
        assert work.tools.store.sides.get(NOTES).status == "ok"
    rows = {note.comment_id: note for note in note_rows(world, *ids)}
    assert rows.pop(comment_id).sync_status == "failed"
    assert {note.sync_status for note in rows.values()} == {"synced"}
    trap.remove()
    assert_promises(world, failed_notes=[comment_id])


def test_one_invoice_that_finds_storage_full_while_others_go_waits_alone(world: World) -> None:
    ids = [world.invoice() for _ in range(20)]
    number = world.wire_invoices()[4]["increment_id"]
    trap = world.org.fail(INVOICE, lambda row: row["Name"] == number, *FULL)
    with world.work() as work:
        run_once(work)
        assert work.tools.store.sides.get("salesforce").status == "ok"
        late = world.invoice()
        run_once(work)
        assert {state_of(world, key)[0] for key in (*ids, late) if key != ids[4]} == {"synced"}
        assert state_of(world, ids[4])[0] == "pending"
        trap.remove()
        world.clock.advance(minutes=16)
        run_once(work)
    assert_equal(world)


def test_a_query_about_comments_that_is_refused_keeps_no_invoice_back(world: World) -> None:
    said = refusal(400, "INVALID_FIELD", "No such column 'Note_Id__c' on entity 'Magento_Invoice_Comment__c'")
    plan = world.salesforce_faults.add(said, path="query/.*Magento_Invoice_Comment__c", times=None)
    ids = [world.invoice(comment=f"number {number}") for number in range(80)]
    with world.work() as work:
        work.passes.deliveries.notes.existing.asks_first = True
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        assert work.tools.store.sides.get("salesforce").status == "ok"
        assert work.tools.store.sides.get(NOTES).status == "paused"
        plan.remove()
        world.clock.advance(minutes=16)
        run_once(work)
    assert_equal(world)


EXPIRED = "Your password has expired. Please reset your password."
WHOLE_ORG = [
    case("Salesforce: expired password", 403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", EXPIRED, 60, id="403"),
    case("Salesforce: expired password", 400, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", EXPIRED, 60, id="400"),
    case("Salesforce: locked or frozen user", 403, "PASSWORD_LOCKOUT", "locked", 60, id="lockout"),
    case("Salesforce: locked or frozen user", 403, "INVALID_LOGIN", "Invalid username", 60, id="login"),
    case("Salesforce: login hours or addresses", 403, "LOGIN_DURING_RESTRICTED_TIME", "not now", 60),
    case("Salesforce: licence limits", 403, "LICENSE_LIMIT_EXCEEDED", "license limit exceeded", 60, id="licence"),
    case("Salesforce: licence limits", 400, "EXCEEDED_QUOTA", "quota exceeded", 60, id="quota"),
    case("Salesforce: a 403 with an unknown code", 403, "BRAND_NEW_RULE", "not for you", 60),
    case("Salesforce: a 403 with an unknown code", 403, "FORBIDDEN", "You do not have access", 60, id="forbidden"),
]


@pytest.mark.parametrize(("http_status", "code", "message", "first_step"), WHOLE_ORG)
def test_what_the_whole_org_refuses_pauses_at_the_steps_of_a_pause(
    world: World, http_status: int, code: str, message: str, first_step: int
) -> None:
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        world.salesforce.refuse_calls = (http_status, code, message)
        late = world.invoice(comment="meanwhile")
        calls, sign_ins = len(world.salesforce_calls), world.salesforce.sign_ins
        for _ in range(20):
            run_once(work)
            world.clock.advance(seconds=1)
        assert len(world.salesforce_calls) - calls == 1, "one call in 20 seconds"
        assert world.salesforce.sign_ins - sign_ins <= 1
        side = work.tools.store.sides.get("salesforce")
        assert side.status == "paused"
        assert code in str(side.reason)
        assert message in str(side.reason)
        assert "Setup >" in str(side.reason) or "administrator" in str(side.reason) or "proxy" in str(side.reason)
        assert side.next_try_at is not None
        assert (side.next_try_at - work.tools.now()).total_seconds() <= first_step
        assert len(world.named("salesforce.failing")) == 1
        assert state_of(world, late)[0] == "pending"
        world.salesforce.refuse_calls = None
        world.clock.advance(minutes=61)
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Salesforce: expired password")
def test_an_expired_password_as_a_401_costs_two_calls_a_probe(world: World) -> None:
    world.invoice()
    world.salesforce.refuse_calls = (401, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", EXPIRED)
    with world.work() as work:
        for _ in range(20):
            run_once(work)
            world.clock.advance(seconds=1)
        assert world.salesforce_calls.count(path="services/data") == 2
        assert world.salesforce.sign_ins == 2
        side = work.tools.store.sides.get("salesforce")
        assert side.status == "paused"
        assert "Password Policies" in str(side.reason)
        world.salesforce.refuse_calls = None
        world.clock.advance(minutes=61)
        run_once(work)
    assert_promises(world)


@pytest.mark.parametrize(
    ("description", "place"),
    [
        case("Salesforce: expired password", "expired password", "Password Policies", id="at the sign-in"),
        case("Salesforce: locked or frozen user", "user is frozen", "unfreeze", id="at the sign-in"),
        case("Salesforce: login hours or addresses", "ip restricted", "Login IP Ranges", id="at the sign-in"),
    ],
)
def test_a_sign_in_that_is_refused_is_tried_at_the_steps_of_a_pause(world: World, description: str, place: str) -> None:
    world.invoice()
    world.salesforce.sign_in_refused = ("invalid_grant", description)
    with world.work() as work:
        for _ in range(20):
            run_once(work)
            world.clock.advance(seconds=1)
        assert len(world.salesforce_calls) == 1, "one call in 20 seconds"
        assert place in str(work.tools.store.sides.get("salesforce").reason)
        world.salesforce.sign_in_refused = None
        world.clock.advance(minutes=61)
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Salesforce: no access to notes")
def test_notes_that_may_not_even_be_described_keep_no_invoice_back(world: World) -> None:
    world.salesforce_faults.add(refusal(403, *NO_ACCESS), path="sobjects/ContentNote/describe", times=None)
    ids = [world.invoice(comment="waits") for _ in range(3)]
    with world.work() as work:
        run_once(work)
        assert {state_of(world, key)[0] for key in ids} == {"synced"}
        assert all("ContentNote" in reason for key in ids for reason in reasons(work.tools.store, key))
        world.salesforce_faults.clear()
        for _ in range(2):
            world.clock.advance(minutes=31)
            run_once(work)
    assert_equal(world)


CPU = "InvoiceTrigger: System.LimitException: {} : "
PASSING = [
    case(
        "Salesforce: Apex CPU limit",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        CPU.format("Apex CPU time limit exceeded"),
        id="English",
    ),
    case(
        "Salesforce: Apex CPU limit",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        CPU.format("Limite de temps CPU Apex dépassée"),
        id="French",
    ),
    case("Salesforce: too many Apex requests", "TOO_MANY_APEX_REQUESTS", "too many"),
    case("Salesforce: record in process", "ALREADY_IN_PROCESS", "already in process"),
]


@pytest.mark.parametrize(("code", "message"), PASSING)
def test_what_passes_by_itself_keeps_a_record_pending(world: World, code: str, message: str) -> None:
    number = "000000001"
    world.org.fail(INVOICE, lambda row: row["Name"] == number, code, message, times=2)
    ids = [world.invoice(comment="waits") for _ in range(3)]
    with world.work() as work:
        run_once(work)
        assert state_of(world, ids[0])[0] == "pending"
        assert {state_of(world, key)[0] for key in ids[1:]} == {"synced"}
        assert work.tools.store.sides.get("salesforce").status == "ok"
        for _ in range(3):
            world.clock.advance(minutes=16)
            run_once(work)
        assert not world.named("invoice.failed")
    assert_promises(world)


def test_apex_that_fails_for_another_reason_sets_the_invoice_aside(world: World) -> None:
    world.org.fail(INVOICE, lambda _: True, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", CPU.format("Too many SOQL: 101"))
    entity_id = world.invoice()
    with world.work() as work:
        run_once(work)
    assert state_of(world, entity_id)[0] == "failed"


@pytest.mark.parametrize("error", ["unknown_error", "temporarily_unavailable", "server_error"])
def test_a_sign_in_that_fails_for_a_moment_pauses_nothing(world: World, error: str) -> None:
    world.invoice()
    world.salesforce.sign_in_refused = (error, "retry your request")
    with world.work() as work:
        run_once(work)
        with Store(world.state_path, lock=False) as store:
            assert store.sides.get("salesforce").status == "failing"
        world.salesforce.sign_in_refused = None
        run_once(work)
    assert_equal(world)
