"""Signs in to Salesforce, makes one call at a time, and turns each failed call into an error of ours."""

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
from daemon.salesforce.sign_in import Token, date_of, request_token
from daemon.settings import Configuration
from daemon.transport import Transport

__all__ = ["CallRejected", "Connection"]

_USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})\b")


class Connection:
    """One signed-in connection. ``calls`` counts calls as the org's daily limit does: without sign-ins."""

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
        """Return the path of the API's resources, as graphs name them."""
        return f"/services/data/v{self._salesforce.api_version}"

    @property
    def version(self) -> str:
        """Return the version of the API that the settings choose."""
        return self._salesforce.api_version

    @property
    def reserve_reached(self) -> bool:
        """Return whether the rest of the org's daily calls is reserved for others."""
        if self.api_used is None or not self.api_limit:
            return False
        return self.api_used > self.api_limit * (1 - self._salesforce.api_reserve)

    def close(self) -> None:
        """Close the HTTP connections."""
        self._session.close()

    def expect_organization(self, organization_id: str | None) -> None:
        """Sign in to this org alone from now on; without an ID, to the org of the next sign-in, whichever it is.

        The org that the state was made with is expected: a sign-in to another one fails before anything is sent.
        """
        self._expected_organization = organization_id

    def versions(self) -> list[str]:
        """Ask which API versions login_url serves, without a sign-in; the call does not count."""
        response = self._session.get(f"{self._salesforce.login_url}/services/data/")
        try:
            return [str(version["version"]) for version in response.json()] if response.status_code == 200 else []
        except (ValueError, TypeError, KeyError, RecursionError):
            return []

    def sign_in(self) -> None:
        """Get an access token by the way in salesforce.auth, or raise SideDenied."""
        self.sign_ins += 1
        self._rest = None
        try:
            self._use(request_token(self._session, self._salesforce, self._secrets, self._clock, self.redaction))
        except Retriable as error:
            error.about = frozenset()  # nothing of what was to be sent has been sent
            raise

    def _use(self, token: Token) -> None:
        expected, organization = self._expected_organization, token.organization_id
        if None not in (expected, organization) and expected != organization:
            raise AnotherOrg(
                f"Salesforce signs in to the org {organization}, but this state was made with {expected}",
                hint="Set salesforce.login_url back, or run `invoice-sync state clear` to start over with this org.",
            )
        instance_url = require_trusted(token.instance_url, self._salesforce.login_url)
        self.organization_id = organization
        self.user_id = token.user_id
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
        """Return the JSON of a good answer; sign in again once if the session has ended or the org has moved."""
        if self._rest is None:
            self.sign_in()
        try:
            return self._call(path, method, params, body)
        except Unreachable as error:
            if not error.sent:  # the sign-in named this host for calls, and may name another one now
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
        """Make one call outside the REST API's JSON; sign in again once if the session has ended.

        ``body`` makes the content from the session's token, because SOAP carries the token inside. Return the answer,
        good or not.
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
        # simplejson writes a Decimal exactly; the standard library would raise, or make it a float.
        data = None if body is None else simplejson.dumps(body, use_decimal=True, allow_nan=False)
        self.calls += 1
        try:
            answer = self._rest.restful(path, params=dict(params or {}), method=method, data=data)
        except (ValueError, TypeError, RecursionError) as error:
            if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
                raise
            raise Unreachable(
                "Salesforce's answer is not JSON, or is cut short; none of it is used", side="salesforce", sent=True
            ) from error
        self._observer.answer_read("salesforce")
        return answer

    def _note_headers(self, response: requests.Response, **_options: Any) -> None:
        """Keep the headers of an answer, because the library's errors carry no headers."""
        self._headers = response.headers
        self.answered_at = date_of(response) or self.answered_at
        usage = [
            (int(used), int(limit)) for used, limit in _USAGE.findall(response.headers.get("Sforce-Limit-Info", ""))
        ]
        if usage:  # the org's own, and the app's where it has one: the fuller one counts
            self.api_used, self.api_limit = max(usage, key=lambda pair: pair[0] / max(pair[1], 1))

    def _explain(self, error: SalesforceError) -> InvoiceSyncError:
        host = urlsplit(self.instance_url or self._salesforce.login_url).netloc
        return explain(int(error.status), error.content, self._headers, host=host, redaction=self.redaction)


def _wants_sign_in(error: SalesforceError) -> bool:
    """Return whether a new sign-in may help: the session is over, or the org's host has changed."""
    return int(error.status) == 401 or int(error.status) in MOVED
