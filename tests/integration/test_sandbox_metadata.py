"""The sandbox's org is set up by metadata as a real one is: later, whole or not at all, and unseen until granted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest

from daemon.sandbox.salesforce.org import STANDARD_OBJECTS, Field, Org
from tests.integration.org_client import OrgClient, client_of, error_of

NS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
TEXT = "<type>Text</type><length>20</length>"
THING = (
    f"<CustomObject {NS}><label>Thing</label><nameField><label>Name</label><type>Text</type></nameField>"
    f"<sharingModel>ReadWrite</sharingModel><fields><fullName>A__c</fullName><label>A</label>{TEXT}</fields>"
    f"<fields><fullName>Key__c</fullName><label>Key</label>{TEXT}<required>true</required></fields></CustomObject>"
)
GRANT = (
    "<fieldPermissions><editable>{}</editable><field>Thing__c.{}</field><readable>true</readable></fieldPermissions>"
)
OBJECT = (
    "<objectPermissions><allowCreate>true</allowCreate><allowRead>true</allowRead><object>Thing__c</object>"
    "</objectPermissions>"
)


@pytest.fixture
def client() -> Iterator[OrgClient]:
    with client_of(Org(STANDARD_OBJECTS)) as found:
        yield found


def manifest(**members: str) -> str:
    types = "".join(f"<types><members>{name}</members><name>{kind}</name></types>" for kind, name in members.items())
    return f"<Package {NS}>{types}<version>66.0</version></Package>"


def permission_set(content: str) -> str:
    return f"<PermissionSet {NS}>{content}<label>P</label></PermissionSet>"


def start(client: OrgClient, files: dict[str, str], **options: object) -> str:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, text in files.items():
            file.writestr(name, text)
    parts: dict[str, tuple[str, str | bytes, str]] = {
        "file": ("deploy.zip", packed.getvalue(), "application/zip"),
        "json": ("", json.dumps({"deployOptions": {"rollbackOnError": True, **options}}), "application/json"),
    }
    url = f"{client.url}/services/data/v66.0/metadata/deployRequest"
    answer = client.session.post(url, files=parts, timeout=10)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def ask(client: OrgClient, deployment: str) -> dict[str, object]:
    answer = client.call("GET", f"metadata/deployRequest/{deployment}?includeDetails=true")
    result: dict[str, object] = answer.json()["deployResult"]
    return result


def outcome(client: OrgClient, files: dict[str, str], **options: object) -> tuple[str, list[str]]:
    deployment = start(client, files, **options)
    for _ in range(3):
        result = ask(client, deployment)
    details = result["details"]
    assert isinstance(details, dict)
    return str(result["status"]), [one["problem"] for one in details["componentFailures"]]


def make_thing(client: OrgClient) -> None:
    files = {"package.xml": manifest(CustomObject="Thing__c"), "objects/Thing__c.object": THING}
    assert outcome(client, files) == ("Succeeded", [])


def grant(client: OrgClient, content: str) -> tuple[str, list[str]]:
    files = {"package.xml": manifest(PermissionSet="P"), "permissionsets/P.permissionset": permission_set(content)}
    return outcome(client, files)


def assign(client: OrgClient) -> None:
    org = client.options.org
    (found,) = client.query("SELECT Id FROM PermissionSet WHERE Name = 'P'")["records"]
    body = {"AssigneeId": org.user_id, "PermissionSetId": found["Id"]}
    assert client.call("POST", "sobjects/PermissionSetAssignment", body).status_code == 201


def test_a_deployment_is_over_later_and_only_then_there(client: OrgClient) -> None:
    files = {"package.xml": manifest(CustomObject="Thing__c"), "objects/Thing__c.object": THING}
    deployment = start(client, files)
    seen = []
    for _ in range(3):
        assert "Thing__c" not in client.options.org.objects
        seen.append(ask(client, deployment)["status"])
    assert seen == ["Pending", "InProgress", "Succeeded"]
    assert "Thing__c" in client.options.org.objects


def test_check_only_creates_nothing(client: OrgClient) -> None:
    files = {"package.xml": manifest(CustomObject="Thing__c"), "objects/Thing__c.object": THING}
    assert outcome(client, files, checkOnly=True) == ("Succeeded", [])
    assert "Thing__c" not in client.options.org.objects


def test_nobody_sees_a_new_object_or_field_before_it_is_granted_and_assigned(client: OrgClient) -> None:
    make_thing(client)
    assert error_of(client.call("GET", "sobjects/Thing__c/describe")) == (404, "NOT_FOUND")
    assert grant(client, OBJECT) == ("Succeeded", [])
    assert error_of(client.call("GET", "sobjects/Thing__c/describe")) == (404, "NOT_FOUND")
    assign(client)
    names = {one["name"] for one in client.call("GET", "sobjects/Thing__c/describe").json()["fields"]}
    assert "Key__c" in names  # required: everybody's
    assert "A__c" not in names
    assert error_of(client.call("POST", "sobjects/Thing__c", {"Key__c": "1", "A__c": "x"})) == (400, "INVALID_FIELD")
    assert client.call("GET", "query", params={"q": "SELECT A__c FROM Thing__c"}).status_code == 400
    assert grant(client, OBJECT + GRANT.format("true", "A__c")) == ("Succeeded", [])
    made = client.call("POST", "sobjects/Thing__c", {"Key__c": "1", "A__c": "x"})
    assert made.status_code == 201
    assert client.query("SELECT A__c FROM Thing__c")["records"][0]["A__c"] == "x"


def test_what_may_only_be_read_cannot_be_written(client: OrgClient) -> None:
    make_thing(client)
    grant(client, OBJECT + GRANT.format("false", "A__c"))
    assign(client)
    answer = client.call("POST", "sobjects/Thing__c", {"Key__c": "1", "A__c": "x"})
    assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    made = client.call("POST", "sobjects/Thing__c", {"Key__c": "1"}).json()["id"]
    edited = client.call("PATCH", f"sobjects/Thing__c/{made}", {"Key__c": "2"})  # no Edit on the object
    assert error_of(edited) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")


def test_a_permission_set_is_replaced_as_a_whole(client: OrgClient) -> None:
    make_thing(client)
    grant(client, OBJECT + GRANT.format("true", "A__c"))
    grant(client, OBJECT)
    assert [part.tag for part in client.options.org.permission_set("P").content] == ["objectPermissions", "label"]


def test_a_required_field_cannot_be_granted(client: OrgClient) -> None:
    make_thing(client)
    words = "You cannot deploy to a required field: Thing__c.Key__c"
    assert grant(client, GRANT.format("true", "Key__c")) == ("Failed", [words])
    assert not client.options.org.permission_sets


def test_one_refused_component_undoes_all(client: OrgClient) -> None:
    files = {
        "package.xml": manifest(CustomObject="Thing__c", Layout="Thing__c-Lost Layout", ApexClass="X"),
        "objects/Thing__c.object": THING,
    }
    status, problems = outcome(client, files)
    assert status == "Failed"
    assert len(problems) == 2
    assert "Unknown type name 'ApexClass'" in problems[0]
    assert "was not found in zipped directory" in problems[1]
    assert "Thing__c" not in client.options.org.objects


def test_documents_that_define_entities_are_refused(client: OrgClient) -> None:
    bomb = f'<!DOCTYPE a [<!ENTITY b "c">]>{manifest(CustomObject="Thing__c")}'
    status, problems = outcome(client, {"package.xml": bomb})
    assert (status, problems) == ("Failed", ["Error parsing file: DOCTYPE is disallowed"])


def test_an_existing_field_keeps_its_type_and_takes_other_traits(client: OrgClient) -> None:
    make_thing(client)
    client.options.org.add_field("Thing__c", Field(name="N__c", label="N", type="double", precision=5))
    field = f"<CustomObject {NS}><fields><fullName>{{}}</fullName><label>L</label>{TEXT}</fields></CustomObject>"
    files = {"package.xml": manifest(CustomField="Thing__c.N__c"), "objects/Thing__c.object": field.format("N__c")}
    assert outcome(client, files) == ("Failed", ["Cannot change the type of the field Thing__c.N__c"])
    files = {"package.xml": manifest(CustomField="Thing__c.A__c"), "objects/Thing__c.object": field.format("A__c")}
    assert outcome(client, files) == ("Succeeded", [])
    assert client.options.org.objects["Thing__c"].by_name["a__c"].label == "L"


def test_reading_metadata_tells_what_is_there_whoever_may_see_it(client: OrgClient) -> None:
    make_thing(client)
    token = str(client.session.headers["Authorization"]).removeprefix("Bearer ")
    call = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" {NS}><e:Header><SessionHeader><sessionId>{{}}'
        "</sessionId></SessionHeader></e:Header><e:Body><readMetadata><type>CustomObject</type>"
        "<fullNames>Thing__c</fullNames><fullNames>None__c</fullNames></readMetadata></e:Body></e:Envelope>"
    )
    url = f"{client.url}/services/Soap/m/66.0"
    answer = client.session.post(url, data=call.format(token), timeout=10)
    assert answer.status_code == 200
    assert "<fullName>A__c</fullName>" in answer.text
    assert '<records xsi:nil="true"/>' in answer.text
    ended = client.session.post(url, data=call.format("nobody's"), timeout=10)
    assert (ended.status_code, "sf:INVALID_SESSION_ID" in ended.text) == (500, True)
    client.options.org.may_deploy = False
    denied = client.session.post(url, data=call.format(token), timeout=10)
    assert (denied.status_code, "sf:INSUFFICIENT_ACCESS" in denied.text) == (500, True)


def test_a_test_hides_a_field_or_takes_its_edit(client: OrgClient) -> None:
    make_thing(client)
    grant(client, OBJECT + GRANT.format("true", "A__c"))
    assign(client)
    org = client.options.org
    org.read_only_fields.add("Thing__c.A__c")
    fields = {one["name"]: one for one in client.call("GET", "sobjects/Thing__c/describe").json()["fields"]}
    assert (fields["A__c"]["createable"], fields["A__c"]["updateable"]) == (False, False)
    org.hidden_fields.add("Thing__c.A__c")
    assert "A__c" not in {one["name"] for one in client.call("GET", "sobjects/Thing__c/describe").json()["fields"]}
