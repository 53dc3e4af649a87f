"""The sandbox's Salesforce answers, and refuses, over HTTP like the real one: sign-in, sessions, limits, pages."""

import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceMoreThanOneRecord

from daemon.sandbox.salesforce.http.sign_in import JWT_BEARER
from daemon.sandbox.salesforce.org import Org
from tests.integration.org_client import DATA, INVOICE, OrgClient, client_of, error_of


@pytest.fixture
def org() -> Org:
    return Org()


@pytest.fixture
def client(org: Org) -> Iterator[OrgClient]:
    with client_of(org) as client:
        yield client


def test_sign_in_names_the_host_and_the_org_but_not_how_long_it_lasts(client: OrgClient, org: Org) -> None:
    body = client.sign_in().json()
    assert body["instance_url"] == client.url
    assert body["id"].endswith(f"/id/{org.organization_id}/{org.user_id}")
    assert isinstance(body["issued_at"], str)
    assert "expires_in" not in body


def test_sign_in_with_http_basic(client: OrgClient) -> None:
    url = f"{client.url}/services/oauth2/token"
    answer = requests.post(url, data={"grant_type": "client_credentials"}, auth=("key", "secret"), timeout=10)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client_id"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_refused_sign_in_answers_400_with_an_object(client: OrgClient, changes: dict[str, str], error: str) -> None:
    answer = client.sign_in(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_sign_in_may_be_refused_with_the_right_secret(client: OrgClient) -> None:
    client.options.sign_in_refused = ("invalid_grant", "no client credentials user enabled")
    assert client.sign_in().json() == {
        "error": "invalid_grant",
        "error_description": "no client credentials user enabled",
    }


def _assertion(client: OrgClient, key: RSAPrivateKey, **changes: object) -> str:
    claims = {"iss": "key", "sub": "integration@sandbox.example", "aud": client.url, "exp": time.time() + 180}
    return jwt.encode(claims | changes, key, algorithm="RS256")


def test_sign_in_by_an_assertion_checks_what_it_says_and_who_signed_it(client: OrgClient) -> None:
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = _assertion(client, key)
    assert client.sign_in(grant_type=JWT_BEARER, assertion=good).status_code == 400, "no key is on file"
    client.options.public_key = pem.decode()
    assert client.sign_in(grant_type=JWT_BEARER, assertion=good).status_code == 200
    for assertion, error in (
        (_assertion(client, other), "invalid_grant"),
        (_assertion(client, key, exp=time.time() - 60), "invalid_grant"),
        (_assertion(client, key, exp=time.time() + 3600), "invalid_grant"),
        (_assertion(client, key, aud="https://example.com"), "invalid_grant"),
        (_assertion(client, key, sub="nobody@example.com"), "invalid_grant"),
        (_assertion(client, key, iss="another app"), "invalid_client_id"),
        ("", "invalid_grant"),
    ):
        answer = client.sign_in(grant_type=JWT_BEARER, assertion=assertion)
        assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_record_s_link_shows_it_to_a_person(client: OrgClient) -> None:
    record_id = client.upsert("main-1", Name="<script>alert(1)</script>").json()["id"]
    page = client.session.get(f"{client.url}/{record_id}", timeout=10)
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>" not in page.text


def test_a_session_that_ended_is_refused_until_the_next_sign_in(client: OrgClient) -> None:
    client.options.expire_sessions()
    answer = client.call("GET", "limits")
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]
    assert "Sforce-Limit-Info" not in answer.headers
    client.sign_in()
    assert client.call("GET", "limits").status_code == 200
    client.options.session_seconds = 0
    client.sign_in()
    assert error_of(client.call("GET", "limits")) == (401, "INVALID_SESSION_ID")


def test_each_call_is_counted_and_the_day_s_limit_holds(client: OrgClient) -> None:
    client.options.api_limit = 2
    assert client.call("GET", "sobjects").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert client.upsert("main-1").headers["Sforce-Limit-Info"] == "api-usage=2/2"
    refused = client.call("GET", "sobjects")
    assert error_of(refused) == (403, "REQUEST_LIMIT_EXCEEDED")
    assert refused.json()[0]["message"] == "TotalRequests Limit exceeded."
    versions = client.call("GET", "/services/data")
    assert versions.status_code == 200
    assert "Sforce-Limit-Info" not in versions.headers
    assert versions.json()[-1] == {"label": "Winter '27", "url": "/services/data/v68.0", "version": "68.0"}


def test_the_app_s_own_usage_and_the_org_s_limits_are_told(client: OrgClient) -> None:
    client.options.app_usage = (17, 250, "invoice-sync")
    answer = client.call("GET", "limits")
    assert answer.headers["Sforce-Limit-Info"] == ("api-usage=1/100000; per-app-api-usage=17/250(appName=invoice-sync)")
    assert answer.json()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}
    client.options.limits_visible = False
    assert client.call("GET", "limits").status_code == 403


def test_whole_calls_may_be_refused(client: OrgClient) -> None:
    client.options.refuse_calls = (403, "API_DISABLED_FOR_ORG", "API is disabled for this Organization")
    assert error_of(client.call("GET", "sobjects")) == (403, "API_DISABLED_FOR_ORG")


def test_what_is_switched_off_or_hidden_does_not_exist(client: OrgClient, org: Org) -> None:
    client.options.notes_enabled = False
    assert error_of(client.call("GET", "sobjects/ContentNote/describe")) == (404, "NOT_FOUND")
    assert error_of(client.call("POST", "sobjects/ContentNote", {"Title": "t"})) == (404, "NOT_FOUND")
    org.remove_field(INVOICE, "Tax__c")
    described = client.call("GET", f"sobjects/{INVOICE}/describe").json()
    assert "Tax__c" not in {field["name"] for field in described["fields"]}
    assert error_of(client.upsert("main-1", Tax__c=1)) == (400, "INVALID_FIELD")
    client.options.maintenance = True
    code = "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE"
    assert error_of(client.upsert("main-1", Name="x")) == (400, code)
    assert client.query(f"SELECT Id FROM {INVOICE}")["totalSize"] == 0


def test_results_come_in_pages_by_an_address_to_follow(client: OrgClient) -> None:
    client.options.query_batch = 2
    for number in range(5):
        client.upsert(f"main-{number}", Name=str(number))
    page = client.query(f"SELECT Name FROM {INVOICE} ORDER BY Name")
    seen = [record["Name"] for record in page["records"]]
    while not page["done"]:
        assert page["totalSize"] == 5
        page = client.call("GET", page["nextRecordsUrl"]).json()
        seen += [record["Name"] for record in page["records"]]
    assert seen == ["0", "1", "2", "3", "4"]
    assert error_of(client.call("GET", "query/01g000000000000-2000")) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"sobjects/{INVOICE}/Magento_Id__c/main-9", 404),
        ("PATCH", f"sobjects/{INVOICE}/Nothing__c/1", 404),
        ("GET", "sobjects/Nothing__c/describe", 404),
        ("GET", f"sobjects/{INVOICE}/nothing", 404),
        ("POST", f"sobjects/{INVOICE}/Magento_Id__c/main-1", 405),
        ("GET", "/services/data/v30.0/sobjects", 410),
        ("GET", "/services/data/v99.0/sobjects", 404),
        ("GET", "query?q=" + "x" * 17_000, 414),
    ],
)
def test_wrong_addresses(client: OrgClient, method: str, path: str, status: int) -> None:
    body: dict[str, object] | None = None if method == "GET" else {}
    assert client.call(method, path, body).status_code == status


def test_a_body_that_is_no_json_object_is_refused(client: OrgClient) -> None:
    url = f"{client.url}{DATA}/sobjects/{INVOICE}"
    for data in (b"{", b"[]", b'{"Tax__c": NaN}', b"[" * 5000):
        answer = client.session.post(url, data=data, headers={"Content-Type": "application/json"}, timeout=10)
        assert error_of(answer) == (400, "JSON_PARSER_ERROR")
    answer = client.session.post(url, data=b"x", headers={"Content-Type": "text/plain"}, timeout=10)
    assert error_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_slash_in_an_external_id_stays_in_it(client: OrgClient, org: Org) -> None:
    assert client.upsert("main%2F1%3F").status_code == 201
    assert [record["Magento_Id__c"] for record in org.records(INVOICE)] == ["main/1?"]


class _Loopback(HTTPAdapter):
    """simple-salesforce knows no address but https; this leads it to the sandbox."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self._url + request.path_url
        return super().send(request, *args, **kwargs)


def test_simple_salesforce_works_with_it(client: OrgClient, org: Org) -> None:
    token = str(client.session.headers["Authorization"]).removeprefix("Bearer ")
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _Loopback(client.url))
        salesforce = Salesforce(
            session_id=token, instance_url="https://example.my.salesforce.com", session=session, version="66.0"
        )
        path = f"sobjects/{INVOICE}/Magento_Id__c/main-1"
        created: Any = salesforce.restful(path, method="PATCH", json={"Name": "000000001"}, timeout=10)
        assert created["created"] is True
        found: Any = salesforce.query(f"SELECT Id, Name FROM {INVOICE}")
        assert found["records"][0]["Id"] == created["id"]
        assert salesforce.api_usage["api-usage"].used == 2
        org.make_duplicate_external_id(INVOICE, "main-1")
        with pytest.raises(SalesforceMoreThanOneRecord):
            salesforce.restful(path, method="PATCH", json={"Name": "000000001"}, timeout=10)
