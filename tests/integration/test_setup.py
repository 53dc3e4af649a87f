"""`invoice-sync salesforce setup`: from an empty org to the first invoice, and what it never undoes."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from click.testing import CliRunner, Result

from daemon import mapping, notes
from daemon.cli import cli
from daemon.clock import SystemClock
from daemon.errors import Busy, InvoiceSyncError
from daemon.mapping import INVOICE_FIELDS, ITEM_FIELDS
from daemon.redaction import Redaction
from daemon.salesforce.connection import Connection
from daemon.salesforce.setup import DeploymentRejected, Pace, deploy, package, plan_of
from daemon.salesforce.setup.components import OBJECTS, PERMISSION_SET, shipped
from daemon.sandbox.faults import status
from daemon.sandbox.salesforce.org import STANDARD_OBJECTS, Field, Org
from daemon.sandbox.salesforce.org.objects import COMMENT, INVOICE, ITEM
from daemon.settings import SettingsFile
from daemon.transport import Transport
from tests.world import TestClock, World

INVOICE_NAME, ITEM_NAME, COMMENT_NAME = OBJECTS


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[World]:
    """A world whose org has nothing of Magento's yet."""
    world = World(tmp_path, org=Org(STANDARD_OBJECTS)).start()
    world.org.polls_until_done = 1
    yield world
    world.stop()


@pytest.fixture
def ready(empty: World) -> World:
    """A world whose org was set up."""
    assert setup(empty).return_value == 0
    return empty


def setup(world: World, *arguments: str) -> Result:
    words = ["salesforce", "setup", *arguments, "--settings", str(world.settings_path)]
    return CliRunner().invoke(cli, words, standalone_mode=False)


def refused(result: Result) -> InvoiceSyncError:
    assert isinstance(result.exception, InvoiceSyncError), result.output
    return result.exception


def shape(org: Org) -> Any:
    """All that a deployment could have changed."""
    sets = {name: sorted(_texts(one.content)) for name, one in org.permission_sets.items()}
    return dict(org.objects), sorted(org.components), sets, org.counts()["PermissionSetAssignment"]


def _texts(content: Any) -> list[str]:
    return ["|".join(f"{part.tag}={part.text}" for part in one.iter()) for one in content]


def take_grant(org: Org, name: str) -> None:
    content = org.permission_set(PERMISSION_SET).content
    content[:] = [one for one in content if name not in {part.text for part in one}]


def test_from_an_empty_org_to_the_first_invoice(tmp_path: Path) -> None:
    world = World(tmp_path, org=Org(STANDARD_OBJECTS)).start()
    try:
        world.invoice(comment="a word")
        before = world.command("check")
        assert before.returncode == 78
        assert "invoice-sync salesforce setup" in before.stdout
        done = world.command("salesforce", "setup")
        assert done.returncode == 0, done.stderr
        assert "create the object Magento_Invoice__c with its 21 fields" in done.stdout
        assert "now has the permission set" in done.stdout
        assert re.findall(r"Salesforce: (\w+)", done.stderr) == ["Pending", "InProgress", "Succeeded"]
        after = world.command("check")
        assert after.returncode == 0, after.stdout
        assert world.command("run", "--once").returncode == 0
        assert world.compared().equal, world.compared()
        assert world.org.counts()[INVOICE_NAME] == 1
        assert world.org.counts()[COMMENT_NAME] == 1
    finally:
        world.stop()


def test_what_is_deployed_is_what_the_daemon_was_tried_with(ready: World) -> None:
    for ours in (INVOICE, ITEM, COMMENT):
        made = ready.org.objects[ours.name]
        assert {one.name: replace(one, label="") for one in made.fields} == {
            one.name: replace(one, label="") for one in ours.fields
        }


def test_there_is_room_for_what_is_sent() -> None:
    fields = {one.name: one for one in shipped() if one.type == "CustomField"}
    for name, room in mapping.ROOM.items():
        for owner, sent in ((INVOICE_NAME, INVOICE_FIELDS), (ITEM_NAME, ITEM_FIELDS)):
            if name in sent and name != "Name":  # a Name has 80 characters in every object
                assert int(fields[f"{owner}.{name}"].text("length") or 0) >= room
    assert int(fields[f"{COMMENT_NAME}.Body__c"].text("length") or 0) >= notes.ROOM["content_note"]
    for one in fields.values():
        if one.text("type") == "Number" and not one.name.endswith("Store_Id__c"):
            assert (one.text("precision"), one.text("scale")) == ("18", "4")


def test_every_field_that_is_sent_is_shipped() -> None:
    names = {one.name for one in shipped() if one.type == "CustomField"}
    record = {"Body__c", "Commented_At__c", "Customer_Notified__c", "Visible_On_Storefront__c", "Note_Id__c"}
    wanted = {
        INVOICE_NAME: set(INVOICE_FIELDS) | {"Magento_Id__c"},
        ITEM_NAME: set(ITEM_FIELDS) | {"Magento_Id__c", "Invoice__c"},
        COMMENT_NAME: record | {"Magento_Id__c", "Invoice__c", "Sync_Fingerprint__c"},
    }
    assert names == {f"{owner}.{name}" for owner, fields in wanted.items() for name in fields if name != "Name"}
    for one in shipped():
        if one.name.endswith(".Magento_Id__c"):
            assert [one.text(trait) for trait in ("unique", "externalId", "required")] == ["true"] * 3
        if one.name.endswith(".Invoice__c"):
            assert one.text("reparentableMasterDetail") == "true"


def test_the_permission_set_grants_every_field_that_can_be_granted_and_no_delete() -> None:
    (permission_set,) = [one for one in shipped() if one.type == "PermissionSet"]
    granted = {part.findtext("field") for part in permission_set.content if part.tag == "fieldPermissions"}
    fields = [one for one in shipped() if one.type == "CustomField"]
    assert granted == {
        one.name for one in fields if one.text("required") != "true" and one.text("type") != "MasterDetail"
    }
    objects = [part for part in permission_set.content if part.tag == "objectPermissions"]
    assert {part.findtext("object") for part in objects} == set(OBJECTS)
    assert {part.findtext("allowDelete") for part in objects} == {"false"}


def test_without_the_permission_set_nothing_of_it_is_seen(ready: World) -> None:
    (assignment,) = ready.org.records("PermissionSetAssignment")
    ready.org.delete("PermissionSetAssignment", str(assignment["Id"]))
    assert INVOICE_NAME not in [one["name"] for one in _connection(ready).call("sobjects")["sobjects"]]


def test_a_second_time_changes_nothing(ready: World) -> None:
    before, deployments = shape(ready.org), len(ready.org.deployments)
    again = setup(ready)
    assert again.return_value == 0
    assert "Magento_Invoice_Sync exist." in again.output
    assert "already" not in again.output
    assert (shape(ready.org), len(ready.org.deployments)) == (before, deployments)


def _drop(kind: str, name: str) -> Callable[[Org], object]:
    return lambda org: org.components.pop((kind, name))


def _read_only(org: Org) -> None:
    name = f"{INVOICE_NAME}.Tax__c"
    take_grant(org, name)
    grant = (
        f"<fieldPermissions><editable>false</editable><field>{name}</field><readable>true</readable></fieldPermissions>"
    )
    org.permission_set(PERMISSION_SET).content.append(fromstring(grant))


def _drop_permission_set(org: Org) -> None:
    del org.permission_sets[PERMISSION_SET]
    for kind in ("PermissionSetAssignment", "PermissionSet"):
        for row in org.records(kind):
            org.delete(kind, str(row["Id"]))


def _drop_object(org: Org) -> None:
    org.remove_object(ITEM_NAME)


MISSING: dict[str, tuple[Callable[[Org], object], str]] = {
    "field": (lambda org: org.remove_field(INVOICE_NAME, "Tax__c"), "create the field Magento_Invoice__c.Tax__c"),
    "object": (_drop_object, f"create the object {ITEM_NAME} with its 9 fields"),
    "unique": (
        lambda org: org.change_field(INVOICE_NAME, "Magento_Id__c", unique=False),
        "make the field Magento_Invoice__c.Magento_Id__c unique again",
    ),
    "external id": (
        lambda org: org.change_field(COMMENT_NAME, "Magento_Id__c", external_id=False, unique=False),
        "make the field Magento_Invoice_Comment__c.Magento_Id__c an external ID and unique again",
    ),
    "reparenting": (
        lambda org: org.change_field(ITEM_NAME, "Invoice__c", reparentable=False),
        "make the field Magento_Invoice_Item__c.Invoice__c reparentable again",
    ),
    "grant of a field": (lambda org: take_grant(org, f"{ITEM_NAME}.SKU__c"), f"grant {ITEM_NAME}.SKU__c in"),
    "grant of an object": (lambda org: take_grant(org, ITEM_NAME), f"grant {ITEM_NAME} in the permission set"),
    "grant to edit": (_read_only, f"grant {INVOICE_NAME}.Tax__c in"),
    "list view": (_drop("ListView", f"{INVOICE_NAME}.Open"), f"create the list view {INVOICE_NAME}.Open"),
    "layout": (
        _drop("Layout", f"{INVOICE_NAME}-Magento Invoice Layout"),
        f"create the page layout {INVOICE_NAME}-Magento Invoice Layout",
    ),
    "tab": (_drop("CustomTab", INVOICE_NAME), f"create the tab of {INVOICE_NAME}"),
    "permission set": (_drop_permission_set, f"create the permission set {PERMISSION_SET}"),
}


@pytest.mark.parametrize("name", MISSING)
def test_each_missing_piece_is_said_and_mended_and_no_other_is_deployed(ready: World, name: str) -> None:
    whole = shape(ready.org)
    take, words = MISSING[name]
    take(ready.org)
    broken = shape(ready.org)
    checked = setup(ready, "--dry-run")
    assert f"would {words}" in checked.output
    assert shape(ready.org) == broken
    mended = setup(ready)
    assert mended.return_value == 0, mended.output
    assert [line for line in mended.output.splitlines() if words in line]
    said = re.findall(r"^(?:create|make|grant) .*", mended.output, re.MULTILINE)
    assert len([line for line in said if name != "object" or ITEM_NAME not in line or "create" in line]) == 1
    after = shape(ready.org)
    assert _sorted(after) == _sorted(whole)
    ready.invoice(comment="a word")
    ready.run_once()
    assert ready.compared().equal


def _sorted(found: Any) -> Any:
    objects, *rest = found
    return {name: sorted(one.fields, key=lambda field: field.name) for name, one in objects.items()}, rest


def check(world: World) -> Result:
    return CliRunner().invoke(cli, ["check", "--settings", str(world.settings_path)], standalone_mode=False)


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("field", f"{INVOICE_NAME}.Tax__c"),
        ("unique", f"{INVOICE_NAME}.Magento_Id__c"),
        ("external id", f"{COMMENT_NAME}.Magento_Id__c"),
        ("grant of a field", f"{ITEM_NAME}.SKU__c"),
        ("grant of an object", ITEM_NAME),
        ("grant to edit", f"{INVOICE_NAME}.Tax__c"),
        ("permission set", INVOICE_NAME),
    ],
)
def test_check_names_what_setup_then_mends(ready: World, name: str, field: str) -> None:
    assert check(ready).return_value == 0, check(ready).output
    MISSING[name][0](ready.org)
    broken = check(ready)
    assert broken.return_value == 78
    assert field in broken.output
    assert setup(ready).return_value == 0
    assert check(ready).return_value == 0


def test_check_warns_of_a_parent_that_cannot_be_changed_until_setup_mends_it(ready: World) -> None:
    MISSING["reparenting"][0](ready.org)
    assert f"warning: objects: {ITEM_NAME}.Invoice__c" in check(ready).output
    assert setup(ready).return_value == 0
    assert "warning: objects" not in check(ready).output


def test_progress_is_a_bar_on_a_terminal(empty: World) -> None:
    empty.org.polls_until_done = 3
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "daemon", "salesforce", "setup", "--settings", str(empty.settings_path)]
    with subprocess.Popen(words, stderr=theirs, stdout=subprocess.PIPE) as running:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the terminal's end
            while data := os.read(ours, 65_536):
                shown += data
        assert running.wait(30) == 0
    os.close(ours)
    assert b"InProgress" in shown
    assert b"\x1b[" in shown
    assert b"Salesforce: InProgress" not in shown


def test_what_the_org_has_changed_or_added_stays(ready: World) -> None:
    org = ready.org
    org.change_field(INVOICE_NAME, "Store_Name__c", length=200, label="Boutique")
    org.change_field(INVOICE_NAME, "Magento_Id__c", length=120, label="Shop key", unique=False)
    org.add_field(INVOICE_NAME, Field(name="Region__c", label="Region", length=40))
    org.components["Layout", f"{INVOICE_NAME}-Magento Invoice Layout"].clear()
    extra = fromstring("<userPermissions><enabled>true</enabled><name>ViewSetup</name></userPermissions>")
    org.permission_set(PERMISSION_SET).content.append(extra)
    take_grant(org, f"{INVOICE_NAME}.Tax__c")
    org.remove_field(INVOICE_NAME, "Shipping__c")
    done = setup(ready)
    assert done.return_value == 0, done.output
    invoice = org.objects[INVOICE_NAME]
    store, key = invoice.by_name["store_name__c"], invoice.by_name["magento_id__c"]
    assert (store.length, store.label) == (200, "Boutique")
    assert (key.length, key.label, key.unique) == (120, "Shop key", True)
    assert {"region__c", "shipping__c"} <= set(invoice.by_name)
    assert not list(org.components["Layout", f"{INVOICE_NAME}-Magento Invoice Layout"])
    content = org.permission_set(PERMISSION_SET).content
    assert "ViewSetup" in {part.findtext("name") for part in content}
    assert f"{INVOICE_NAME}.Tax__c" in {part.findtext("field") for part in content}
    assert "Store_Name__c is left as the org has it: length 200, by default 255" in done.output


def test_a_field_that_the_user_may_not_see_is_not_taken_for_missing(ready: World) -> None:
    ready.org.hidden_fields.add(f"{INVOICE_NAME}.Tax__c")
    deployments = len(ready.org.deployments)
    assert setup(ready).return_value == 0
    assert len(ready.org.deployments) == deployments


def test_a_field_that_the_org_has_made_required_is_not_granted(ready: World) -> None:
    ready.org.change_field(INVOICE_NAME, "Order_Number__c", required=True)
    take_grant(ready.org, f"{INVOICE_NAME}.Order_Number__c")
    take_grant(ready.org, f"{INVOICE_NAME}.Tax__c")
    done = setup(ready)
    assert done.return_value == 0, done.output


def test_what_the_org_refuses_is_said_line_by_line_and_nothing_is_changed(empty: World) -> None:
    problems = {
        f"{INVOICE_NAME}.Tax__c": "You have reached the maximum number of custom fields",
        INVOICE_NAME: "Magento Invoices: Plural Label is already in use: duplicate",
    }
    empty.org.reject_component = lambda _type, name: problems.get(name)
    before = shape(empty.org)
    done = empty.command("salesforce", "setup")
    assert done.returncode == 1
    assert shape(empty.org) == before
    for name, problem in problems.items():
        line = done.stderr.index(f"  {name}: {problem}\n    ")
        assert done.stderr[line:].splitlines()[1].strip()
    assert "nothing was changed" in done.stderr


def test_an_external_id_that_is_there_twice_is_not_made_unique(ready: World) -> None:
    ready.invoice()
    ready.run_once()
    ready.org.change_field(INVOICE_NAME, "Magento_Id__c", unique=False)
    key = str(ready.org.records(INVOICE_NAME)[0]["Magento_Id__c"])
    ready.org.make_duplicate_external_id(INVOICE_NAME, key)
    error = refused(setup(ready))
    assert isinstance(error, DeploymentRejected)
    assert [one.name for one in error.failures] == [f"{INVOICE_NAME}.Magento_Id__c"]
    assert "remove the duplicates" in error.failures[0].hint


def test_it_says_first_which_org_it_is_and_last_what_comes_next(empty: World) -> None:
    tried = setup(empty, "--dry-run").output.splitlines()
    assert re.fullmatch(
        r"Salesforce: http://\S+, org Sandbox \(00D\w{15}\), Enterprise Edition, not production", tried[0]
    )
    assert tried[-1] == f"Next: `invoice-sync salesforce setup --settings {empty.settings_path}`"
    refusal = b'[{"message": "not for you", "errorCode": "INVALID_TYPE"}]'
    empty.salesforce_faults.add(status(400, refusal, "application/json"), path="FROM Organization")
    done = setup(empty).output.splitlines()
    assert re.fullmatch(r"Salesforce: http://\S+, org 00D\w{15}", done[0]), "a user who may not ask is told its id"
    assert done[-1].startswith(f"Next: `invoice-sync check --settings {empty.settings_path}`")


def test_a_dry_run_says_all_and_writes_nothing(empty: World) -> None:
    before = shape(empty.org)
    done = setup(empty, "--dry-run")
    assert done.return_value == 0, done.output
    for name in OBJECTS:
        assert f"would create the object {name}" in done.output
    assert "would assign the permission set" in done.output
    assert shape(empty.org) == before
    assert {one.check_only for one in empty.org.deployments.values()} == {True}


def test_a_user_who_may_not_deploy_is_told_who_may(empty: World) -> None:
    empty.org.may_deploy = False
    done = empty.command("salesforce", "setup")
    assert done.returncode == 78
    assert "ModifyMetadata" in done.stderr
    assert "Modify Metadata Through Metadata API Functions" in done.stderr
    assert "sf project deploy start" in done.stderr


def test_who_can_assign_the_permission_set_is_said_when_the_user_may_not(empty: World) -> None:
    words = "user license doesn't allow permission: Read Magento_Invoice__c"
    empty.org.fail("PermissionSetAssignment", lambda _: True, "FIELD_INTEGRITY_EXCEPTION", words)
    done = setup(empty)
    assert done.return_value == 3
    assert words in done.output
    assert "Manage Assignments" in done.output


def test_an_org_that_cannot_be_reached_is_tried_again_later(empty: World) -> None:
    empty.salesforce_server.stop()
    assert refused(setup(empty)).exit_code == 75


def test_it_waits_for_a_deployment_within_bounds(empty: World) -> None:
    empty.org.polls_until_done = 10**9
    clock = TestClock()
    connection = _connection(empty)
    packed = package(plan_of(connection).deploy, "66.0")
    pace = Pace(clock, lambda seconds: clock.advance(seconds=seconds), seconds=60)
    with pytest.raises(Busy, match="still working on the deployment 0Af") as caught:
        deploy(connection, packed, check_only=False, pace=pace, report=lambda _: None)
    assert caught.value.exit_code == 75
    assert max(one.polls for one in empty.org.deployments.values()) < 30


def test_a_lost_answer_about_a_deployment_is_asked_for_again(empty: World) -> None:
    empty.org.polls_until_done = 3
    connection = _connection(empty)
    packed = package(plan_of(connection).deploy, "66.0")
    broken = iter([(503, "SERVER_UNAVAILABLE", "later"), None])

    def sleep(_: float) -> None:
        empty.salesforce.refuse_calls = next(broken, None)

    seen: list[str] = []
    report = lambda progress: seen.append(progress.status)  # noqa: E731
    deploy(connection, packed, check_only=False, pace=Pace(TestClock(), sleep), report=report)
    assert seen == ["Pending", "Pending", "InProgress", "Succeeded"]


def test_an_external_id_that_records_have_lost_is_not_made_anew(ready: World) -> None:
    ready.invoice()
    ready.run_once()
    ready.org.remove_field(INVOICE_NAME, "Magento_Id__c")
    before = shape(ready.org)
    error = refused(setup(ready))
    assert error.exit_code == 78
    assert "(1 records)" in str(error)
    assert "Undelete" in str(error.hint)
    assert shape(ready.org) == before


def test_an_external_id_that_no_record_has_lost_is_made_anew(ready: World) -> None:
    ready.org.remove_field(INVOICE_NAME, "Magento_Id__c")
    assert setup(ready).return_value == 0
    ready.invoice()
    ready.run_once()
    assert ready.compared().equal


def test_a_session_that_ends_in_between_is_begun_anew_once(empty: World) -> None:
    connection = _connection(empty)
    plan_of(connection)
    empty.salesforce.expire_sessions()
    assert plan_of(connection).deploy
    assert connection.sign_ins == 2
    empty.salesforce.session_seconds = 0
    empty.salesforce.expire_sessions()
    with pytest.raises(InvoiceSyncError) as caught:
        plan_of(connection)
    assert caught.value.exit_code == 78
    assert connection.sign_ins == 3


def test_it_works_while_synchronization_is_off(empty: World) -> None:
    empty.set("invoices.enable_synchronization", False)
    assert setup(empty).return_value == 0
    assert INVOICE_NAME in empty.org.objects


def test_other_objects_that_the_settings_name_are_left_alone(empty: World) -> None:
    empty.set("salesforce.invoice.object", "tnw_invoice__Invoice__c")
    done = setup(empty)
    assert "settings.yaml names tnw_invoice__Invoice__c: setup leaves it alone" in done.output
    assert set(OBJECTS) <= set(empty.org.objects)
    assert "tnw_invoice__Invoice__c" not in empty.org.objects


def test_an_org_without_notes_gets_a_layout_without_their_list(empty: World) -> None:
    empty.salesforce.notes_enabled = False
    done = setup(empty)
    assert done.return_value == 0, done.output
    assert "Notes are switched off in this org" in done.output


def test_an_org_that_is_not_the_states_is_refused(ready: World) -> None:
    ready.invoice()
    ready.run_once()
    ready.org.organization_id = "00D5gX000000999EAA"
    assert "this state was made with" in str(refused(setup(ready)))


def _connection(world: World) -> Connection:
    configuration = SettingsFile(world.settings_path, {}).current
    return Connection(configuration, SystemClock(), Redaction(configuration.secrets), Transport())
