"""Magento lets us in, or says why not: it pauses, says what mends it, is probed rarely, and then everything is in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import pytest
from werkzeug.wrappers import Response

from daemon.errors import SideDenied
from daemon.sandbox.faults import Fault, lost, status
from daemon.sandbox.magento.http.access import LOCKED_AFTER
from daemon.scheduler import run_once
from daemon.sync import Process
from state.sides import Side
from state.sign_ins import FACT, keep_count
from state.store import Store
from tests.acceptance.faults.outage import finish
from tests.faults import case
from tests.promises import assert_promises
from tests.world import SECRETS, World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

PASSWORD = "admin-password-canary"
WRONG = "wrong-password-canary"
SIGN_IN = r"/V1/integration/admin/token$"
INVOICES, ORDERS = "Magento_Sales::sales_invoice", "Magento_Sales::actions_view"
EVER_MORE_RARELY = (1, 5, 15, 60, 60)
HOURLY = (60, 60)
Change = Callable[[World], object]


def write_secret(world: World, name: str, value: str) -> None:
    path = world.folder / "secrets" / name
    path.write_text(value)
    path.chmod(0o600)


@pytest.fixture
def admin(world: World) -> Iterator[World]:
    """The world with an administrator's account in place of the integration."""
    world.magento.admin_password = PASSWORD
    as_admin(world)
    yield world
    kept = repr(world.events) + world.state_path.read_bytes().decode("latin-1")
    for word in (PASSWORD, WRONG, *world.magento.admin_tokens):
        assert word not in kept, "I11: neither password nor token is kept or logged"


def as_admin(world: World) -> None:
    write_secret(world, "magento_username", "admin")
    write_secret(world, "magento_password", PASSWORD)
    world.set("magento.auth", "admin")


def as_bearer(world: World) -> None:
    world.magento.bearer_enabled = True
    world.set("magento.auth", "bearer")


def sign_ins(world: World) -> int:
    return len(world.magento_calls.matching(method="POST", path=SIGN_IN))


def magento(work: Process) -> Side:
    return work.tools.store.sides.get("magento")


def refuse(
    world: World, break_it: Change, mend_it: Change, *, words: Sequence[str], steps: Sequence[int] = EVER_MORE_RARELY
) -> None:
    """Break the sign-in with an invoice to read, see how it is probed and what is said, mend it, and all is in."""
    world.invoice(comment="before")
    with world.work() as work:
        run_once(work)
        break_it(world)
        world.invoice(comment="meanwhile")
        world.clock.advance(minutes=2)
        run_once(work)
        side = magento(work)
        assert side.status == "paused"
        assert all(word in str(side.reason) for word in words), side.reason
        for minutes in steps:
            probe(world, work, minutes)
        assert len(world.named("magento.failing")) == 1, "it is said once"
        mend_it(world)
        finish(world, work)
        assert magento(work).status == "ok"
        assert len(world.named("magento.recovered")) == 1
    assert_promises(world)
    assert_read_only(world)


def probe(world: World, work: Process, minutes: int) -> None:
    """Nothing is asked of Magento before the time is over, and then it is."""
    made = len(world.magento_calls)
    world.clock.advance(minutes=minutes, seconds=-10)
    run_once(work)
    assert len(world.magento_calls) == made, f"it is left alone for {minutes} minutes"
    world.clock.advance(seconds=11)
    run_once(work)
    assert len(world.magento_calls) > made, f"it is probed after {minutes} minutes"
    assert magento(work).status == "paused"


def assert_read_only(world: World) -> None:
    """No call to Magento but GET, and an administrator's sign-in."""
    writes = [call for call in world.magento_calls if call.method != "GET"]
    assert all(call.method == "POST" and call.path.endswith("/V1/integration/admin/token") for call in writes)


# --- as an integration


def test_an_integrations_wrong_token_has_words_of_its_own(world: World) -> None:
    # The plain case of `Magento: 401 bad token` follows; here it is mended by the secret, which ends the pause at once.
    world.invoice(comment="hello")
    write_secret(world, "magento_access_token", "x" * 32)
    with world.work() as work:
        run_once(work)
        assert "Specified token does not exist" in str(magento(work).reason)
        assert "System > Extensions > Integrations" in str(magento(work).reason)
        write_secret(world, "magento_access_token", SECRETS["magento_access_token"])
        run_once(work)
        assert magento(work).status == "ok"
    assert_promises(world)


@pytest.mark.parametrize(
    ("sign_in", "break_it", "mend_it", "words"),
    [
        case(
            "Magento: 401 bad token",
            lambda _: None,
            lambda world: setattr(world.magento, "access_token", "n" * 32),
            lambda world: setattr(world.magento, "access_token", SECRETS["magento_access_token"]),
            ["Specified token does not exist", "Copy the access token of the integration again (System > Extensions"],
            id="oauth1, replaced",
        ),
        case(
            "Magento: 401 bad token",
            lambda _: None,
            lambda world: setattr(world.magento, "revoked", True),
            lambda world: setattr(world.magento, "revoked", False),
            ["Access token has been revoked", "Activate the integration again (System > Extensions > Integrations)"],
            id="oauth1, revoked",
        ),
        case(
            "Magento: 401 bad token",
            lambda _: None,
            lambda world: setattr(world.magento, "active", False),
            lambda world: setattr(world.magento, "active", True),
            ["isn't authorized to access Magento_Sales::sales_invoice", "lacks the resource, or is inactive"],
            id="oauth1, inactive",
        ),
        case(
            "Magento: 401 bad token",
            as_bearer,
            lambda world: setattr(world.magento, "access_token", "n" * 32),
            lambda world: setattr(world.magento, "access_token", SECRETS["magento_access_token"]),
            ["Magento gives this answer for three causes", "copy the access token again (System > Extensions"],
            id="bearer",
        ),
        case(
            "Magento: no access to `Magento_Sales::sales_invoice` or `actions_view`",
            lambda _: None,
            lambda world: setattr(world.magento, "resources", {ORDERS}),
            lambda world: setattr(world.magento, "resources", {INVOICES, ORDERS}),
            ["The keys are good", "Integrations > the integration > API: allow Sales > Operations > Invoices."],
            id="oauth1, sales_invoice",
        ),
        case(
            "Magento: no access to `Magento_Sales::sales_invoice` or `actions_view`",
            lambda _: None,
            lambda world: setattr(world.magento, "resources", {INVOICES}),
            lambda world: setattr(world.magento, "resources", {INVOICES, ORDERS}),
            ["Magento_Sales::actions_view", "API: allow Sales > Operations > Orders > Actions > View."],
            id="oauth1, actions_view",
        ),
        case(
            "Magento: no access to `Magento_Sales::sales_invoice` or `actions_view`",
            as_bearer,
            lambda world: setattr(world.magento, "resources", {INVOICES}),
            lambda world: setattr(world.magento, "resources", {INVOICES, ORDERS}),
            ["Magento gives this answer for three causes", "API: allow Sales > Operations > Orders > Actions > View."],
            id="bearer, actions_view",
        ),
        case(
            "Magento: integration token as Bearer on 2.4.4+",
            as_bearer,
            lambda world: setattr(world.magento, "bearer_enabled", False),
            lambda world: setattr(world.magento, "bearer_enabled", True),
            ["denied as Bearer, unless Stores > Configuration > Services > OAuth > Consumer Settings > Allow OAuth"],
            id="allowed again",
        ),
        case(
            "Magento: integration token as Bearer on 2.4.4+",
            as_bearer,
            lambda world: setattr(world.magento, "bearer_enabled", False),
            lambda world: world.set("magento.auth", "oauth1"),
            ["magento.auth: oauth1 needs no such setting"],
            id="signed instead",
        ),
    ],
)  # fmt: skip
def test_an_integration_that_is_refused(
    world: World, sign_in: Change, break_it: Change, mend_it: Change, words: Sequence[str]
) -> None:
    sign_in(world)
    refuse(world, break_it, mend_it, words=words)


def test_an_edit_ends_a_pause_at_once(world: World) -> None:
    world.invoice(comment="hello")
    world.set("magento.auth", "bearer")
    with world.work() as work:
        run_once(work)
        assert magento(work).status == "paused"
        world.set("magento.auth", "oauth1")
        run_once(work)
        assert magento(work).status == "ok"
    assert_promises(world)


@pytest.mark.parametrize(("taken", "wanted"), [("HMAC-SHA1", "hmac-sha1"), ("HMAC-SHA256", "hmac-sha256")])
def test_a_signature_that_this_magento_does_not_take_names_the_key_to_set(
    world: World, taken: str, wanted: str
) -> None:
    world.magento.signatures = frozenset({taken})
    world.set("magento.signature", "hmac-sha256" if wanted == "hmac-sha1" else "hmac-sha1")
    world.invoice(comment="hello")
    with world.work() as work:
        run_once(work)
        assert "is not supported" in str(magento(work).reason)
        assert f"Set magento.signature: {wanted}" in str(magento(work).reason)
        world.set("magento.signature", wanted)
        run_once(work)
    assert_promises(world)


def test_a_magento_2_3_is_synced_whole_and_nothing_of_it_twice(world: World) -> None:
    old = world.magento
    old.version, old.repeats_last_page, old.signatures = "2.4.6", True, frozenset({"HMAC-SHA1"})
    world.set("magento.signature", "hmac-sha1")
    world.set("magento.page_size", 2)
    for number in range(6):  # three full pages: the next one is the last again, to who asks by its number
        world.invoice(comment=f"comment {number}")
    world.run_once()
    world.invoice(comment="later")
    world.clock.advance(minutes=2)
    world.run_once()
    assert_promises(world)
    assert len(world.org.records("Magento_Invoice__c")) == 7


# --- as an administrator


def test_an_administrator_signs_in_once_for_each_token(admin: World) -> None:
    with admin.work() as work:
        for _ in range(25):  # four hours
            admin.invoice(comment="hello")
            run_once(work)
            assert magento(work).status == "ok"
            admin.clock.advance(minutes=10)
        assert sign_ins(admin) == work.session.magento.sign_ins == 5  # at 0, 60, 120, 180 and 240 minutes
    assert_promises(admin)
    assert_read_only(admin)
    for call in admin.magento_calls.matching(method="POST"):
        assert json.loads(call.body) == {"username": "admin", "password": PASSWORD}
        assert "authorization" not in call.headers
    assert PASSWORD not in "".join(call.target for call in admin.magento_calls)


def test_a_token_that_ended_before_its_time_is_replaced_once_and_the_call_made_again(admin: World) -> None:
    admin.invoice(comment="before")
    with admin.work() as work:
        run_once(work)
        admin.magento.admin_tokens.clear()  # revoked in the Admin
        admin.invoice(comment="after")
        admin.clock.advance(minutes=2)
        run_once(work)
        assert sign_ins(admin) == 2
        assert work.failure is None
    assert not admin.named("magento.failing")
    assert_promises(admin)


@pytest.mark.parametrize(
    ("allowed", "where"),
    [
        case(
            "Magento: no access to `Magento_Sales::sales_invoice` or `actions_view`",
            {ORDERS},
            "the role > Role Resources: allow Sales > Operations > Invoices.",
            id="admin, sales_invoice",
        ),
        case(
            "Magento: no access to `Magento_Sales::sales_invoice` or `actions_view`",
            {INVOICES},
            "the role > Role Resources: allow Sales > Operations > Orders > Actions > View.",
            id="admin, actions_view",
        ),
    ],
)
def test_an_administrator_whose_role_lacks_a_resource(admin: World, allowed: set[str], where: str) -> None:
    refuse(
        admin,
        lambda world: setattr(world.magento, "admin_resources", allowed),
        lambda world: setattr(world.magento, "admin_resources", {INVOICES, ORDERS}),
        words=["The sign-in is good", "System > Permissions > User Roles", where],
        steps=HOURLY,
    )
    assert sign_ins(admin) <= 2 + len(HOURLY) + 1, "one for each token, none for a refusal that a new one does not end"


def end_tokens(world: World) -> None:
    world.magento.admin_tokens.clear()


def lock(world: World) -> None:
    """Somebody else's wrong passwords; a lock lasts half an hour, so it is renewed while the test wants it."""
    end_tokens(world)
    world.magento.admin_failures, world.magento.admin_failures_until = LOCKED_AFTER, None


def unlock(world: World) -> None:
    world.magento.admin_failures = 0


def deactivate(world: World) -> None:
    end_tokens(world)
    world.magento.admin_active = False


def change_password(world: World) -> None:
    end_tokens(world)
    world.magento.admin_password = "another password"


def with_second_factor(provider: str) -> Change:
    def turn_on(world: World) -> None:
        end_tokens(world)
        world.magento.two_factor = provider

    return turn_on


FOUR_CAUSES = [
    "Magento gives this answer for four causes", "magento_username and magento_password",
    "System > Permissions > All Users", "System > Permissions > Locked Users", "after 30 minutes",
]  # fmt: skip
NO_SECOND_FACTOR = [
    "two-factor authentication is on", "A daemon cannot answer a second factor",
    "System > Extensions > Integrations > Add New Integration; magento.auth: oauth1",
]  # fmt: skip


@pytest.mark.parametrize(
    ("break_it", "mend_it", "words"),
    [
        case("Magento: account locked", lock, unlock, FOUR_CAUSES, id="locked"),
        case(
            "Magento: 401 bad token",
            change_password,
            lambda world: write_secret(world, "magento_password", "another password"),
            FOUR_CAUSES,
            id="admin, another password",
        ),
        case(
            "Magento: 401 bad token",
            deactivate,
            lambda world: setattr(world.magento, "admin_active", True),
            FOUR_CAUSES,
            id="admin, inactive",
        ),
        case(
            "Magento: 2FA on",
            with_second_factor("google"),
            lambda world: world.set("magento.auth", "oauth1"),
            ["use the 2fa provider-specific endpoints", "The password is right", *NO_SECOND_FACTOR],
            id="asked for; mended by an integration",
        ),
        case(
            "Magento: 2FA on",
            with_second_factor(""),
            lambda world: setattr(world.magento, "two_factor", None),
            ["configure 2FA first", *NO_SECOND_FACTOR],
            id="not set up; mended by turning it off",
        ),
    ],
)
def test_an_administrator_who_gets_no_token(
    admin: World, break_it: Change, mend_it: Change, words: Sequence[str]
) -> None:
    refuse(admin, break_it, mend_it, words=words, steps=HOURLY)
    # One at first, one that begins the pause, one for each probe and one once it is mended, if not by an integration.
    assert sign_ins(admin) in {2 + len(HOURLY), 2 + len(HOURLY) + 1}


@pytest.mark.fault("Magento: account locked")
def test_a_wrong_password_never_locks_the_account_however_long_it_stays(admin: World) -> None:
    admin.invoice(comment="hello")
    write_secret(admin, "magento_password", WRONG)
    most = 0
    with admin.work() as work:
        for _ in range(6 * 24 - 1):  # a day
            run_once(work)
            most = max(most, admin.magento.admin_failures)
            admin.clock.advance(minutes=10)
    assert sign_ins(admin) == 24, "one an hour"
    assert most == 1, "of six that lock it"
    write_secret(admin, "magento_password", PASSWORD)
    admin.run_once()
    assert sign_ins(admin) == 24, "another process keeps to the pause"
    admin.clock.advance(minutes=11)
    admin.run_once()
    assert sign_ins(admin) == 25
    assert_promises(admin)


@pytest.mark.fault("Magento: account locked")
def test_runs_by_hand_end_the_pause_but_leave_the_account_its_last_try(admin: World) -> None:
    admin.invoice(comment="hello")
    write_secret(admin, "magento_password", WRONG)

    def run_by_hand() -> Process:
        with admin.work() as work:
            work.resume()
            run_once(work)
        return work

    for number in range(1, LOCKED_AFTER):
        assert isinstance(run_by_hand().failure, SideDenied)
        assert sign_ins(admin) == admin.magento.admin_failures == number
        admin.clock.advance(minutes=1)
    for _ in range(3):
        with pytest.raises(SideDenied, match="refused 5 times in a row; one more could lock the account") as caught:
            run_by_hand()
        assert "System > Permissions > Locked Users" in str(caught.value.hint)
        admin.clock.advance(minutes=5)
    assert sign_ins(admin) == LOCKED_AFTER - 1
    write_secret(admin, "magento_password", PASSWORD)
    admin.clock.advance(minutes=31)
    run_by_hand()
    assert_promises(admin)


def test_a_secret_that_changes_with_a_restart_alone_is_said_to_and_a_restart_ends_the_pause(admin: World) -> None:
    admin.invoice(comment="hello")
    (admin.folder / "secrets" / "magento_password").unlink()
    daemon = admin.spawn("run", environ={"INVOICE_SYNC_MAGENTO_PASSWORD": WRONG})
    try:
        wait_for(lambda: magento_of(admin).status == "paused")
    finally:
        daemon.terminate()
        daemon.communicate(timeout=20)
    assert "A change of magento_password takes effect with a restart." in str(magento_of(admin).reason)
    daemon = admin.spawn("run", environ={"INVOICE_SYNC_MAGENTO_PASSWORD": PASSWORD})
    try:
        wait_for(lambda: [row.sync_status for row in admin.rows().values()] == ["synced"])
    finally:
        daemon.terminate()
        daemon.communicate(timeout=20)
    assert sign_ins(admin) == 2


@pytest.mark.parametrize("name", ["magento", "refused", "Magento"])
def test_a_user_who_is_called_by_a_word_of_ours_is_kept_from_being_locked_out_too(admin: World, name: str) -> None:
    admin.invoice(comment="hello")
    admin.magento.admin_username = name
    write_secret(admin, "magento_username", name)
    write_secret(admin, "magento_password", WRONG)
    with admin.work() as work:
        for _ in range(3):
            run_once(work)
            admin.clock.advance(minutes=61)
        assert len(admin.named("magento.failing")) == 1
    assert sign_ins(admin) == 3
    for number in range(1, LOCKED_AFTER + 1):
        with admin.work() as work:
            if number < LOCKED_AFTER:
                work.resume()
                run_once(work)
            else:
                with pytest.raises(SideDenied, match="could lock the account"):
                    work.resume()
        admin.clock.advance(minutes=1)
    assert admin.magento.admin_failures == LOCKED_AFTER - 1
    made = sign_ins(admin)
    done = admin.command("explain", "000000999")
    assert done.returncode == 78, done.stderr
    assert sign_ins(admin) == made


def test_a_reason_that_holds_a_secret_is_logged_once(admin: World) -> None:
    """What is known of a side is kept without it, and what it says now is compared with that."""
    name = "integration-user"
    body = json.dumps({"message": f"The account {name} is disabled"}).encode()
    write_secret(admin, "magento_username", name)
    admin.magento_faults.add(status(401, body, "application/json"), method="POST", path=SIGN_IN, times=None)
    with admin.work() as work:
        for _ in range(4):
            run_once(work)
            admin.clock.advance(minutes=61)
    assert [event["reason"] for event in admin.named("magento.failing")] == [
        "Magento denied the sign-in of magento_username: The account [secret] is disabled"
    ]
    assert sign_ins(admin) == 4


@pytest.mark.fault("Magento: account locked")
@pytest.mark.parametrize("there", [True, False], ids=["a state", "no state"])
def test_commands_count_their_sign_ins_and_leave_the_account_its_last_try(admin: World, there: bool) -> None:
    admin.invoice(comment="hello")
    if there:
        admin.run_once()
    before = sign_ins(admin)
    write_secret(admin, "magento_password", WRONG)
    asked = (
        ["explain", "000000999"], ["sync", "000000999"], ["sync", "--order", "000000999"],
        ["sync", "000000999", "--dry-run"],
    )  # fmt: skip
    for arguments in (*asked, *asked):
        done = admin.command(*arguments)
        assert done.returncode == 78, done.stderr
    assert "one more could lock the account" in done.stderr
    assert sign_ins(admin) - before == admin.magento.admin_failures == LOCKED_AFTER - 1


def test_a_sign_in_that_a_command_made_ends_the_count(admin: World) -> None:
    write_secret(admin, "magento_password", WRONG)
    admin.command("explain", "000000999")
    with Store(admin.state_path, lock=False) as store:
        assert str(store.facts.get(FACT)).startswith("1 ")
    write_secret(admin, "magento_password", PASSWORD)
    assert admin.command("explain", "000000999").returncode == 2
    with Store(admin.state_path, lock=False) as store:
        assert store.facts.get(FACT) is None


@pytest.mark.fault("Magento: account locked")
def test_the_probe_of_a_running_daemon_heeds_the_sign_ins_that_others_made_meanwhile(admin: World) -> None:
    admin.invoice(comment="hello")
    write_secret(admin, "magento_password", WRONG)
    with admin.work() as work:
        run_once(work)
        admin.clock.advance(minutes=55)
        for _ in range(LOCKED_AFTER - 1):  # what as many checks leave
            keep_count(admin.state_path, admin.clock.now, taken=False)
        admin.clock.advance(minutes=6)
        run_once(work)
        assert sign_ins(admin) == 1
        assert "one more could lock the account" in str(magento(work).reason)
        admin.clock.advance(minutes=61)
        run_once(work)
        assert sign_ins(admin) == 2


def magento_of(world: World) -> Side:
    if not world.state_path.exists():
        return Side("magento")
    with Store(world.state_path, lock=False) as store:
        return store.sides.get("magento")


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < until, "it did not happen within 30 seconds"
        time.sleep(0.05)


def test_a_request_while_magento_is_paused_signs_in_to_nothing_and_puts_no_probe_off(admin: World) -> None:
    entity_id = admin.invoice(comment="hello")
    with admin.work() as work:
        run_once(work)
        change_password(admin)
        admin.clock.advance(minutes=2)
        run_once(work)
        paused = magento(work)
        for _ in range(7):
            admin.clock.advance(minutes=5)
            done = work.sync([entity_id])
            assert done.error is not None
            assert "denied the sign-in" in done.error
        assert sign_ins(admin) == 2
        assert magento(work).next_try_at == paused.next_try_at
        assert magento(work).failures == paused.failures


def test_what_is_owed_waits_for_a_paused_magento_without_a_call(admin: World) -> None:
    admin.invoice(comment="hello")
    with admin.work() as work:
        admin.salesforce_faults.add(status(503), path="graph", times=None)
        run_once(work)
        admin.salesforce_faults.clear()
        change_password(admin)
        admin.clock.advance(minutes=20)
        run_once(work)
        assert magento(work).status == "paused"
        made = len(admin.magento_calls)
        for _ in range(5):
            admin.clock.advance(minutes=10)
            run_once(work)
            assert work.last is not None
            assert (work.last.due, work.last.pending) == (1, 1)
        assert len(admin.magento_calls) == made
        write_secret(admin, "magento_password", "another password")
        finish(admin, work)
    assert_promises(admin)


def test_commands_that_ask_magento_try_no_password_while_it_is_refused(admin: World) -> None:
    write_secret(admin, "magento_password", WRONG)
    admin.run_once()
    assert sign_ins(admin) == 1
    for arguments in (["explain", "000000999"], ["sync", "000000999"]):
        done = admin.command(*arguments)
        assert done.returncode == 78, done.stderr
        assert "Magento denied the sign-in" in done.stderr
        assert "run --once" in done.stderr
        assert WRONG not in done.stderr
    assert sign_ins(admin) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lost(), "closed the connection"),
        (status(503, b"<html>Maintenance</html>"), "answered 503 with an HTML page"),
        (status(403, b"<html>Forbidden</html>"), "answered 403, which Magento never does"),
        (status(401, b"<html>Who are you?</html>"), "answered 401, but not in Magento's words"),
        (status(200, b"<html>Welcome</html>"), "answer to the sign-in is no token"),
        (status(200, b'"two words"', "application/json"), "answer to the sign-in is no token"),
        (status(200, b'{"token": "abcdefgh"}', "application/json"), "answer to the sign-in is no token"),
    ],
)
def test_a_sign_in_that_magento_did_not_answer_is_tried_again_at_the_next_poll(
    admin: World, fault: Fault, words: str
) -> None:
    admin.invoice(comment="hello")
    admin.magento_faults.add(fault, method="POST", path=SIGN_IN, times=2)
    with admin.work() as work:
        for _ in range(2):
            run_once(work)
            assert magento(work).status == "failing"
            assert words in str(magento(work).reason)
            admin.clock.advance(minutes=1)
        run_once(work)
        assert magento(work).status == "ok"
        assert sign_ins(admin) == 3
    assert_promises(admin)


def test_a_token_that_magento_repeats_in_its_words_is_in_no_log_and_no_state(admin: World) -> None:
    def echo(_app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        body = json.dumps({"message": f"Cannot serve {environ.get('HTTP_AUTHORIZATION')}"})
        return Response(body, 503, content_type="application/json")

    admin.invoice(comment="hello")
    admin.magento_faults.add(Fault("echo", echo), method="GET", times=2)
    with admin.work() as work:
        run_once(work)
        assert "Cannot serve Bearer [secret]" in str(magento(work).reason)
        assert len(admin.named("magento.failing")) == 1
        run_once(work)
    assert_promises(admin)  # and the fixture looks for the token
