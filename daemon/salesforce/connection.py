"""Signs in, makes one call at a time, and turns every refusal of a whole call into an error that says what next."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import simplejson
from simple_salesforce.api import Salesforce as Rest
from simple_salesforce.exceptions import SalesforceError

from daemon.clock import Clock
from daemon.errors import AnotherOrg, InvoiceSyncError, Retriable, Unreachable
from daemon.redaction import Redaction
from daemon.salesforce.errors import MOVED, CallRejected, explain
from daemon.salesforce.hosts import require_trusted
from daemon.salesforce.ids import to_18
from daemon.salesforce.sign_in import Token, date_of, request_token
from daemon.settings import Configuration
from daemon.transport import Transport

__all__ = ["CallRejected", "Connection"]


class Connection:
    """One signed-in connection. ``calls`` counts what the org's daily limit counts; sign-ins do not."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        expected_organization: str | None = None,
    ) -> None:
        self._salesforce = configuration.settings.salesforce
        self._clock = clock
        self._secrets = configuration.secrets
        self.redaction = redaction
        self._observer = transport.observer
        seconds = self._salesforce.timeout.total_seconds()
        self._session = transport.open_session("salesforce", seconds=seconds, ca_bundle=self._salesforce.ca_bundle)
        self._session.hooks["response"].append(self._note_headers)
        self._rest: Rest | None = None
        self._headers: Mapping[str, str] = {}
        self.calls = 0
        self.sign_ins = 0
        self.answered_at: datetime | None = None  # Salesforce's clock at its last answer
        self.api_used: int | None = None
        self.api_limit: int | None = None
        self.organization_id: str | None = None
        self.user_id: str | None = None  # whose session it is
        self.instance_url: str | None = None
        self._expected_organization = expected_organization

    @property
    def root(self) -> str:
        """The path below which the API's resources stand, as graphs name them."""
        return f"/services/data/v{self._salesforce.api_version}"

    @property
    def version(self) -> str:
        """The version of the API that the settings choose."""
        return self._salesforce.api_version

    @property
    def reserve_reached(self) -> bool:
        """Whether what is left of the org's daily calls is to be left to others."""
        if self.api_used is None or not self.api_limit:
            return False
        return self.api_used > self.api_limit * (1 - self._salesforce.api_reserve)

    def close(self) -> None:
        """Close the HTTP connections."""
        self._session.close()

    def expect_organization(self, organization_id: str | None) -> None:
        """Sign in to this org alone from now on; None: to whichever org the next sign-in leads to, and then that one.

        The org that the state was made with is expected: a sign-in to another one fails before anything is sent.
        """
        self._expected_organization = organization_id

    def versions(self) -> list[str]:
        """The API versions that are served where we sign in; asked without a sign-in, and not counted."""
        response = self._session.get(f"{self._salesforce.login_url}/services/data/")
        try:
            return [str(version["version"]) for version in response.json()] if response.status_code == 200 else []
        except (ValueError, TypeError, KeyError, RecursionError):
            return []

    def sign_in(self) -> None:
        """Get an access token, as salesforce.auth says. SideDenied when it is not given."""
        self.sign_ins += 1
        self._rest = None
        try:
            self._use(request_token(self._session, self._salesforce, self._secrets, self._clock, self.redaction))
        except Retriable as error:
            error.about = frozenset()  # whatever was to be sent has not been
            raise

    def _use(self, token: Token) -> None:
        found = re.search(r"/id/(00D\w{12,15})/", token.identity)
        organization = to_18(found[1]) if found else None
        expected = self._expected_organization
        if None not in (expected, organization) and expected != organization:
            raise AnotherOrg(
                f"Salesforce signs in to the org {organization}, but this state was made with {expected}",
                hint="Set salesforce.login_url back, or run `invoice-sync state clear` to begin anew with this org.",
            )
        instance_url = require_trusted(token.instance_url, self._salesforce.login_url)
        self.organization_id = organization
        user = re.search(r"/id/00D\w{12,15}/(005\w{12,15})", token.identity)
        self.user_id = to_18(user[1]) if user else None
        self._expected_organization = expected or organization  # also for the next sign-in
        self.redaction.learn_token("salesforce", token.access_token)
        self._rest = Rest(
            session_id=token.access_token,
            instance_url=instance_url,
            session=self._session,
            version=self._salesforce.api_version,
        )
        # The library takes https for granted; on loopback the sandbox speaks plain http.
        self._rest.base_url = f"{instance_url}{self.root}/"
        self.instance_url = instance_url

    def call(self, path: str, *, method: str = "GET", params: Mapping[str, str] | None = None, body: Any = None) -> Any:
        """Return the JSON of a good answer; signed in again once if the session has ended or the org has moved."""
        if self._rest is None:
            self.sign_in()
        try:
            return self._call(path, method, params, body)
        except Unreachable as error:
            if not error.sent:  # where the sign-in said that calls go: perhaps it says so no more
                self._rest = None
            raise
        except SalesforceError as error:
            if not _wants_sign_in(error):
                raise self._explain(error) from error
        self.sign_in()
        try:
            return self._call(path, method, params, body)
        except SalesforceError as error:
            self._rest = None
            raise self._explain(error) from error

    def exchange(
        self, method: str, path: str, body: Callable[[str], bytes | None], headers: Mapping[str, str]
    ) -> requests.Response:
        """One call beside the REST API's JSON, signed in again once if the session has ended.

        ``body`` is made of the session's token: SOAP carries it inside. The answer is whatever it is otherwise.
        """
        for last in (False, True):
            if self._rest is None:
                self.sign_in()
            assert self._rest is not None
            token = self._rest.session_id
            sent = {**headers, "Authorization": f"Bearer {token}"}
            self.calls += 1
            response = self._session.request(method, f"{self.instance_url}{path}", data=body(token), headers=sent)
            moved = response.status_code in MOVED
            ended = response.status_code == 401 or (
                response.status_code == 500 and b"INVALID_SESSION_ID" in response.content[:2000]
            )
            if not (ended or moved):
                break
            self._rest = None
            if last and moved:
                raise self.error_of(response, [])
            if last:
                raise self.error_of(response, [{"errorCode": "INVALID_SESSION_ID", "message": "no reason"}], status=401)
        return response

    def error_of(self, response: requests.Response, content: Any, *, status: int | None = None) -> InvoiceSyncError:
        """Return the error that an answer to ``exchange`` is."""
        return self._explain(SalesforceError(response.url, status or response.status_code, "", content))

    def _call(self, path: str, method: str, params: Mapping[str, str] | None, body: Any) -> Any:
        assert self._rest is not None
        # simplejson writes a Decimal as the number it is; the standard library would refuse it or make it a float.
        data = None if body is None else simplejson.dumps(body, use_decimal=True, allow_nan=False)
        self.calls += 1
        try:
            answer = self._rest.restful(path, params=dict(params or {}), method=method, data=data)
        except (ValueError, TypeError, RecursionError) as error:
            if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
                raise
            raise Unreachable(
                "Salesforce's answer is not JSON, or is cut short; it is refused whole", side="salesforce", sent=True
            ) from error
        self._observer.answer_read("salesforce")
        return answer

    def _note_headers(self, response: requests.Response, **_options: Any) -> None:
        """The library's errors carry no headers, so what they say is kept as they come in."""
        self._headers = response.headers
        self.answered_at = date_of(response) or self.answered_at
        usage = [
            (int(used), int(limit))
            for used, limit in re.findall(
                r"api-usage=(\d{1,12})/(\d{1,12})\b", response.headers.get("Sforce-Limit-Info", "")
            )
        ]
        if usage:  # the org's own, and the app's where it has one: what is fuller counts
            self.api_used, self.api_limit = max(usage, key=lambda pair: pair[0] / max(pair[1], 1))

    def _explain(self, error: SalesforceError) -> InvoiceSyncError:
        host = urlsplit(self.instance_url or self._salesforce.login_url).netloc
        return explain(int(error.status), error.content, self._headers, host=host, redaction=self.redaction)


def _wants_sign_in(error: SalesforceError) -> bool:
    """Return whether a new sign-in may help: the session is over, or the org's host has changed."""
    return int(error.status) == 401 or int(error.status) in MOVED
