"""The doctor: each fault has its line with what to do, none hides another, and nothing is written anywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.doctor import Line, Report, check_all
from daemon.sandbox.faults import drop, status
from state.store import Store
from tests.acceptance.faults.test_state import AS_A_USER, UNBOUND
from tests.keys import encrypted_key
from tests.world import SECRETS, World

PAGE = b"<!doctype html><html><body>Service Temporarily Unavailable</body></html>"
REST = r"/rest/"


def report_of(world: World) -> Report:
    return check_all(world.settings_path, {}, world.clock)


def line(report: Report, area: str, check: str) -> Line:
    found = [each for each in report.lines if (each.area, each.check) == (area, check)]
    assert found, f"no line {area}: {check} among {[(each.area, each.check) for each in report.lines]}"
    return found[0]


@dataclass(frozen=True)
class Fault:
    """What is wrong, which line says so, and in what words."""

    change: Callable[[World], object]
    area: str
    check: str
    result: str
    fix: str
    status: str = "error"
    code: int = 78


def closed(world: World) -> str:
    """A URL of this machine at which nobody answers: the port was this world's, and is given back."""
    world.magento_server.stop()
    return world.magento_server.url


def without_salesforce(world: World) -> None:
    world.salesforce_server.stop()


def wrong_key(name: str, value: str) -> Callable[[World], object]:
    return lambda world: world.write_secret(name, value)


def magento_as(**traits: object) -> Callable[[World], object]:
    def change(world: World) -> None:
        for name, value in traits.items():
            setattr(world.magento, name, value)

    return change


def salesforce_as(**traits: object) -> Callable[[World], object]:
    def change(world: World) -> None:
        for name, value in traits.items():
            setattr(world.salesforce, name, value)

    return change


def admin(**traits: object) -> Callable[[World], object]:
    def change(world: World) -> None:
        world.write_secret("magento_username", "admin")
        world.write_secret("magento_password", world.magento.admin_password)
        magento_as(**traits)(world)
        world.set("magento.auth", "admin")

    return change


def bearer(world: World) -> None:
    world.set("magento.auth", "bearer")


def rest_answers(code: int, body: bytes, kind: str = "text/html") -> Callable[[World], object]:
    return lambda world: world.magento_faults.add(status(code, body, kind), path=REST)


def magento_clock(**ahead: float) -> Callable[[World], object]:
    def change(world: World) -> None:
        world.magento.clock = lambda: world.clock.now() + timedelta(**ahead)

    return change


def seen_as(address: Callable[[int], str]) -> Callable[[World], object]:
    return lambda world: setattr(world.magento, "seen_as", address(world.magento_server.port))


def database_ahead(world: World) -> None:
    world.clock.ahead = timedelta(minutes=20)
    world.invoice()
    world.clock.ahead = timedelta(0)


def cannot_show_an_order(world: World) -> None:
    first, *_ = [world.invoice() for _ in range(3)]
    world.shop.break_order(first, "fatal")


def assertion_late(world: World) -> None:
    world.sign_in_by_assertion()
    world.clock.ahead = timedelta(minutes=-9)


def assertion_of_another(world: World) -> None:
    world.sign_in_by_assertion()
    world.set("salesforce.username", "nobody@sandbox.example")


def unreadable_key(world: World) -> None:
    world.sign_in_by_assertion()
    world.write_secret("salesforce_private_key", encrypted_key())


def exposed(world: World) -> None:
    (world.folder / "secrets" / "salesforce_client_secret").chmod(0o644)


def open_folder(world: World) -> None:
    (world.folder / "secrets").chmod(0o777)


def missing(world: World) -> None:
    (world.folder / "secrets" / "magento_access_token").unlink()


def state_below_a_file(world: World) -> None:
    (world.folder / "a-file").write_text("x")
    world.set("state.path", str(world.folder / "a-file" / "state.db"))


def state_of_another(world: World) -> None:
    world.state_path.parent.mkdir()
    world.state_path.write_text("not a database, but long enough to be looked at by one that wants to know")


def another_shop(world: World) -> None:
    world.run_once()
    world.set("magento.name", "other")


def another_org(world: World) -> None:
    world.run_once()
    with Store(world.state_path, lock=True) as store:
        store.facts.learn("organization_id", "00D000000000001AAA")


def live_org(world: World) -> None:
    change_org(world, IsSandbox=False)


def change_org(world: World, **values: object) -> None:
    with world.org.transaction():
        row = world.org.row("Organization", world.org.organization_id)
        world.org._put(world.org._tables["Organization"], world.org.organization_id, {**row, **values})  # type: ignore[dict-item]


FAULTS: dict[str, Fault] = {
    "a settings key that is not known": Fault(
        lambda world: world.set("schedule.pol_interval", 5),
        "settings", "settings", "did you mean poll_interval?", "the rest was checked",
    ),
    "a secret that others can read": Fault(
        exposed, "secrets", "salesforce_client_secret", "others can read this secret; run: chmod 600", "",
    ),
    "a secret that is missing": Fault(missing, "secrets", "magento_access_token", "is missing (auth: oauth1)", ""),
    "a private key with a passphrase": Fault(unreadable_key, "secrets", "salesforce_private_key", "is encrypted", ""),
    "a folder of secrets that others write": Fault(
        open_folder, "secrets", "folder", "others may put files there", "chmod 700", "warning", 0,
    ),
    "a state's folder that is none": Fault(
        state_below_a_file, "state", "folder", "is not a folder", "set state.path",
    ),
    "a state that is no database": Fault(state_of_another, "state", "file", "file is not a database", "left as it is"),
    "a state of another shop": Fault(another_shop, "state", "file", "magento.name: main", "name back to main"),
    "Magento is not there": Fault(closed, "magento", "reachable", "refused the connection", "Is magento.base", code=75),
    "HTML at /rest": Fault(rest_answers(200, PAGE), "magento", "REST API", "HTML page", "A proxy, a cache", code=75),
    "maintenance": Fault(rest_answers(503, PAGE), "magento", "REST API", "answered 503", "passes by itself", code=75),
    "a redirect": Fault(
        lambda world: world.set("magento.base_url", f"{world.magento_server.url}/moved"),
        "magento", "REST API", "has no REST API at", "Set magento.base_url",
    ),
    "a firewall": Fault(rest_answers(403, b"no"), "magento", "REST API", "answered 403", "proxy or firewall", code=75),
    "a store that is not there": Fault(
        lambda world: world.set("magento.store_code", "nowhere"),
        "magento", "REST API", "does not know this store", "magento.store_code",
    ),
    "a wrong consumer key": Fault(
        wrong_key("magento_consumer_key", "x" * 32), "magento", "sign-in", "consumer", "Copy the consumer key",
    ),
    "a bad token": Fault(
        wrong_key("magento_access_token", "x" * 32), "magento", "sign-in", "token does not exist", "Copy the access",
    ),
    "a revoked token": Fault(magento_as(revoked=True), "magento", "sign-in", "revoked", "Activate the integration"),
    "a wrong secret": Fault(
        wrong_key("magento_consumer_secret", "wrong"),
        "magento", "sign-in", "signature is invalid", "one of the two secrets is wrong",
    ),
    "a proxy that hands another host on": Fault(
        magento_as(seen_as="https://inner.example.com"),
        "magento", "sign-in", "signature is invalid", "Magento sees the host inner.example.com where 127.0.0.1",
    ),
    "a proxy that hands another scheme on": Fault(
        seen_as(lambda port: f"https://127.0.0.1:{port}"),
        "magento", "sign-in", "signature is invalid", "Magento sees https://127.0.0.1:",
    ),
    "a proxy that hands another port on": Fault(
        seen_as(lambda _: "http://127.0.0.1:8080"),
        "magento", "sign-in", "signature is invalid", "Magento sees http://127.0.0.1:8080 where http://127.0.0.1:",
    ),
    "a shop by another name": Fault(
        magento_as(base_url="https://www.shop.example.com"),
        "magento", "address", "leads to https://www.shop.example.com", "Set magento.base_url", "warning", 0,
    ),
    "an old way of signing": Fault(
        magento_as(signatures=frozenset({"HMAC-SHA1"})),
        "magento", "sign-in", "not supported", "Set magento.signature: hmac-sha1",
    ),
    "a Bearer token": Fault(bearer, "magento", "sign-in", "isn't authorized", "Since Magento 2.4.4"),
    "a wrong password": Fault(
        admin(admin_password="another"), "magento", "sign-in", "sign-in was incorrect", "Locked Users",
    ),
    "a disabled administrator": Fault(
        admin(admin_active=False), "magento", "sign-in", "sign-in was incorrect", "The account is inactive",
    ),
    "a second factor": Fault(admin(two_factor="google"), "magento", "sign-in", "2fa", "use an integration instead"),
    "a role without invoices": Fault(
        admin(admin_resources={"Magento_Sales::actions_view"}),
        "magento", "Magento_Sales::sales_invoice", "isn't authorized", "Role Resources: allow Sales > Operations > Inv",
    ),
    "no permission for invoices": Fault(
        magento_as(resources={"Magento_Sales::actions_view"}),
        "magento", "Magento_Sales::sales_invoice", "isn't authorized", "Sales > Operations > Invoices",
    ),
    "no permission for orders": Fault(
        magento_as(resources={"Magento_Sales::sales_invoice"}),
        "magento", "Magento_Sales::actions_view", "isn't authorized", "Orders > Actions > View",
    ),
    "an order that Magento cannot show": Fault(
        cannot_show_an_order, "magento", "newest page", "Magento", "delays no other", "warning", 0,
    ),
    "a limit of the page size": Fault(
        magento_as(page_limit=20), "magento", "page size", "at most 20 a page", "", "ok", 0,
    ),
    "Magento's clock is behind": Fault(
        magento_clock(minutes=-5), "clocks", "Magento", "clock is 5 minutes ahead of Magento's", "NTP", "warning", 0,
    ),
    "Magento's clock is far behind": Fault(
        magento_clock(minutes=-11), "magento", "sign-in", "validating the nonce", "ahead of Magento's by more than ten",
    ),
    "Magento's database is ahead": Fault(
        database_ahead, "clocks", "Magento's database", "20 minutes ahead of Magento's web server", "NTP", "warning", 0,
    ),
    "Salesforce is not there": Fault(
        without_salesforce, "salesforce", "reachable", "refused the connection", "Is salesforce.login_url", code=75,
    ),
    "a connection that is cut": Fault(
        lambda world: world.salesforce_faults.add(drop(), path="oauth2/token"),
        "salesforce", "sign-in", "closed the connection", "Is salesforce.login_url right", code=75,
    ),
    "a wrong client secret": Fault(
        wrong_key("salesforce_client_secret", "wrong"), "salesforce", "sign-in", "invalid_client", "copy it again",
    ),
    "a login URL that is not the org's": Fault(
        salesforce_as(sign_in_refused=("invalid_grant", "request not supported on this domain")),
        "salesforce", "sign-in", "not supported on this domain", "My Domain",
    ),
    "a disabled user": Fault(
        salesforce_as(sign_in_refused=("invalid_grant", "inactive user")),
        "salesforce", "sign-in", "inactive user", "Activate the integration user",
    ),
    "an assertion by a wrong clock": Fault(
        assertion_late, "salesforce", "sign-in", "expired authorization code", "9 minutes behind Salesforce's",
    ),
    "an assertion about nobody": Fault(
        assertion_of_another, "salesforce", "sign-in", "approved this consumer", "salesforce.username",
    ),
    "an API version that is not served": Fault(
        lambda world: world.set("salesforce.api_version", "99.0"),
        "salesforce", "API version", "99.0 is not served", "41.0 to 68.0",
    ),
    "out of calls": Fault(
        salesforce_as(api_limit=10, api_used=10), "salesforce", "org", "calls are used up", "given back", code=75,
    ),
    "only the reserve is left": Fault(
        salesforce_as(api_limit=1000, api_used=900),
        "salesforce", "API calls", "99 of 1,000 calls are left", "smaller reserve", "warning", 0,
    ),
    "a test shop beside a live org": Fault(
        live_org, "salesforce", "shop and org", "looks like a test shop, and the org Sandbox is production",
        "correct salesforce.login_url", "warning", 0,
    ),
    "a state of another org": Fault(
        another_org, "salesforce", "org of the state", "was made with the org 00D000000000001AAA", "state clear",
    ),
    "a field that is hidden": Fault(
        lambda world: world.org.remove_field("Magento_Invoice__c", "Tax__c"),
        "objects", "Magento_Invoice__c.Tax__c", "does not exist, or the integration user cannot see it", "Setup >",
    ),
    "an object that is not there": Fault(
        lambda world: world.org.hidden.add("Magento_Invoice_Item__c"),
        "objects", "Magento_Invoice_Item__c", "does not exist", "Run `invoice-sync salesforce setup`",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_fault_has_its_line_and_hides_no_other(world: World, fault: Fault) -> None:
    fault.change(world)
    before = files(world.folder)
    report = report_of(world)
    found = line(report, fault.area, fault.check)
    assert (found.status, report.exit_code) == (fault.status, fault.code), found
    assert fault.result in found.result
    assert fault.fix in (found.fix or "")
    for each in report.lines:  # a secret's own sentence says where it belongs
        assert each.fix or each.status not in {"warning", "error"} or each.area == "secrets", each
    if world.magento.admin_failures:  # a refused sign-in is counted, because six lock the account
        assert "state" in {Path(name).name for name in files(world.folder).keys() - before.keys()}
    else:
        assert files(world.folder) == before
    for secret in SECRETS.values():
        assert secret not in repr(report)
    # One side's fault does not keep the other from being tried.
    if fault.area in {"magento", "state", "clocks", "settings"}:
        assert line(report, "salesforce", "org").status == "ok"
    if fault.area in {"salesforce", "state", "settings", "objects"}:
        assert line(report, "magento", "Magento_Sales::sales_invoice").status == "ok"


def files(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file with all that a write would change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        known = path.stat()
        found[str(path)] = (known.st_mtime_ns, known.st_mode, path.read_bytes() if path.is_file() else b"")
    return found


@pytest.mark.parametrize("off", [False, True], ids=["on", "switched off"])
def test_a_world_in_order_is_ok_and_nothing_is_written_anywhere(world: World, off: bool) -> None:
    world.invoice(comment="hello")
    world.run_once()
    world.set("invoices.enable_synchronization", not off)
    before, records = files(world.folder), world.org.counts()
    world.magento_calls.clear()
    world.salesforce_calls.clear()
    report = report_of(world)
    assert [(each.area, each.check) for each in report.lines if each.status != "ok"] == []
    assert (report.outcome, report.exit_code) == ("ok", 0)
    assert report.org is not None
    assert report.org["name"] == "Sandbox"
    assert files(world.folder) == before
    assert world.org.counts() == records
    assert {call.method for call in world.magento_calls.matching()} == {"GET"}
    posts = [call.path for call in world.salesforce_calls.matching() if call.method != "GET"]
    assert posts == ["/services/oauth2/token"]


def test_without_a_state_none_is_made(world: World) -> None:
    report = report_of(world)
    assert report.outcome == "ok"
    assert "none yet" in line(report, "state", "file").result
    assert not world.state_path.parent.exists()


def test_beside_a_process_that_works_on_the_state_it_says_who_and_leaves_it_alone(world: World) -> None:
    world.invoice()
    with world.work():
        report = report_of(world)
    assert report.outcome == "ok"
    assert f"process {os.getpid()}: a daemon runs on it" in line(report, "state", "lock").result


@pytest.mark.parametrize("runs_first", [0, 1, 3])
def test_checks_and_runs_with_a_wrong_password_never_lock_the_account(world: World, runs_first: int) -> None:
    right = world.magento.admin_password
    admin(admin_password="another")(world)
    for _ in range(runs_first):
        world.command("run", "--once")
    for _ in range(5 - runs_first):
        found = line(report_of(world), "magento", "sign-in")
        assert found.status == "error"
        assert "four causes" in str(found.fix)
    assert world.magento.admin_failures == 5
    for _ in range(3):
        found = line(report_of(world), "magento", "sign-in")
        assert found.status == "error"
        assert "one more could lock the account, so it is not tried before" in found.result
        assert world.command("run", "--once").returncode == 78
        world.run_once()
    assert world.magento.admin_failures == 5
    world.clock.advance(minutes=32)
    world.magento.admin_password = right
    assert line(report_of(world), "magento", "sign-in").status == "ok", "Magento has forgotten them"


def test_a_corrected_password_is_tried_by_the_next_check_which_ends_the_count(world: World) -> None:
    right = world.magento.admin_password
    admin(admin_password="another")(world)
    world.run_once()
    assert line(report_of(world), "magento", "sign-in").status == "error"
    world.magento.admin_password = right
    for _ in range(3):
        assert line(report_of(world), "magento", "sign-in").status == "ok"
    world.magento.admin_password = "another"
    for _ in range(4):
        assert "four causes" in str(line(report_of(world), "magento", "sign-in").fix)
    assert world.magento.admin_failures == 4


def test_a_check_beside_the_daemon_counts_where_the_daemon_does(world: World) -> None:
    admin(admin_password="another")(world)
    with world.work() as work:
        work.poll()
        assert world.magento.admin_failures == 1
        for _ in range(4):
            report_of(world)
        assert work.magento.account_at_risk() is not None
        work.end_pauses()
        work.poll()
        report_of(world)
    assert world.magento.admin_failures == 5


def test_a_folder_that_cannot_be_written_is_found_without_writing(world: World) -> None:
    world.run_once()
    world.state_path.parent.chmod(0o500)
    try:
        done = world.command_under(AS_A_USER, "check", "--json")
    finally:
        world.state_path.parent.chmod(0o700)
    if UNBOUND in done.stderr:
        pytest.skip(UNBOUND)
    assert done.returncode == 78, done.stderr
    (found,) = [each for each in json.loads(done.stdout)["checks"] if each["check"] == "folder"]
    assert found["status"] == "error"
    assert "cannot be written" in found["result"]


def test_settings_that_are_no_yaml_leave_nothing_to_try_but_say_so(world: World) -> None:
    world.settings_path.write_text("magento: [\n")
    report = report_of(world)
    assert report.exit_code == 78
    assert [each.status for each in report.lines if each.area == "settings"] == ["error"]
    assert {each.status for each in report.lines if each.area != "settings"} == {"skipped"}


@pytest.mark.parametrize(
    ("section", "tried", "left"),
    [("magento", "salesforce", "magento"), ("salesforce", "magento", "salesforce")],
)
def test_a_section_that_is_missing_keeps_its_own_side_alone_from_being_tried(
    world: World, section: str, tried: str, left: str
) -> None:
    del world.values[section]
    world.write_settings()
    report = report_of(world)
    assert report.exit_code == 78
    assert line(report, tried, "sign-in").status == "ok"
    assert line(report, left, "sign-in").status == "skipped"


def test_everything_wrong_at_once_is_said_at_once(world: World) -> None:
    world.magento.revoked = True
    world.salesforce.sign_in_refused = ("invalid_grant", "inactive user")
    world.set("schedule.pol_interval", 5)
    world.set("magento.page_size", 1000)
    report = report_of(world)
    errors = [(each.area, each.check) for each in report.lines if each.status == "error"]
    assert errors == [
        ("settings", "settings"), ("settings", "settings"), ("magento", "sign-in"), ("salesforce", "sign-in")
    ]  # fmt: skip


def test_the_command_writes_plain_lines_in_a_pipe_with_both_hosts_and_the_org_on_top(world: World) -> None:
    world.magento.revoked = True
    done = world.command("check")
    assert done.returncode == 78, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"Magento: {world.magento_server.url}"
    assert lines[1] == f"Salesforce: {world.salesforce_server.url}"
    assert lines[2].startswith("Org: Sandbox (00D")
    (refused,) = [each for each in lines if each.startswith("error: ")]
    assert refused.startswith("error: magento: sign-in: Magento denied access: Access token has been revoked")
    assert "Activate the integration again" in refused
    assert lines[-1].startswith("1 error, 0 warnings, ")
    assert done.stderr == ""


def test_a_state_whose_process_was_killed_is_looked_at_and_left_as_it_is(world: World) -> None:
    world.invoice()
    world.run_once()
    killed = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from state.store import Store\n"
        "store = Store(Path(sys.argv[1]), lock=True)\n"
        "store.facts.learn('organization_id', '00D000000000001AAA')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(world.state_path)], timeout=60, check=False)
    assert world.state_path.with_name("state.db-wal").stat().st_size > 0
    before = files(world.folder)
    report = report_of(world)
    assert line(report, "state", "file").status == "ok"
    assert line(report, "state", "lock").result.startswith("no daemon runs on it")
    assert line(report, "salesforce", "org of the state").status == "error", "what was committed last is seen"
    index = str(world.state_path.with_name("state.db-shm"))  # where readers share memory; it is no part of the state
    after = files(world.folder)
    assert {name: kept for name, kept in after.items() if name != index} == {
        name: kept for name, kept in before.items() if name != index
    }
