"""Asks Salesforce for an access token, by client credentials or by a signed assertion."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests

from daemon.clock import Clock
from daemon.errors import Busy, InvoiceSyncError, SideDenied
from daemon.redaction import Redaction
from daemon.salesforce.hosts import host_of, my_domain_of
from daemon.salesforce.ids import to_18
from daemon.salesforce.sign_in_hints import sign_in_hint
from daemon.settings.schema import Salesforce
from daemon.transport import retry_after

# Salesforce takes an assertion that is good for five minutes at most; three leave room for two clocks to differ.
_TOKEN = re.compile("[!-~]{8,4096}")
_GOOD_FOR = timedelta(minutes=3)
_CLOCKS_AGREE = timedelta(minutes=1)
# OAuth's and Salesforce's codes for a sign-in that may work a moment later.
_PASSING = frozenset({"rate_limit_exceeded", "server_error", "temporarily_unavailable", "unknown_error"})


@dataclass(frozen=True, slots=True)
class Token:
    """The result of a sign-in: the token, the URL for calls, and the identity (a URL with the org's ID)."""

    access_token: str
    instance_url: str
    identity: str

    def __repr__(self) -> str:
        return f"Token({self.instance_url})"

    @property
    def organization_id(self) -> str | None:
        """Return the org's ID, if the identity names one."""
        found = re.search(r"/id/(00D\w{12,15})/", self.identity)
        return to_18(found[1]) if found else None

    @property
    def user_id(self) -> str | None:
        """Return the user's ID, if the identity names one."""
        found = re.search(r"/id/00D\w{12,15}/(005\w{12,15})", self.identity)
        return to_18(found[1]) if found else None


def request_token(
    session: requests.Session, settings: Salesforce, secrets: Mapping[str, str], clock: Clock, redaction: Redaction
) -> Token:
    """Return a token, or raise SideDenied or Busy."""
    response = session.post(f"{settings.login_url}/services/oauth2/token", data=_grant(settings, secrets, clock))
    body = _json(response)
    if response.status_code != 200 or "access_token" not in body:
        raise _denied(response, _said(body, redaction), settings, clock)
    token = body["access_token"]
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise Busy("Salesforce's answer to the sign-in has no usable token", side="salesforce")
    return Token(token, str(body.get("instance_url", "")), str(body.get("id", "")))


def date_of(response: requests.Response) -> datetime | None:
    """Return the side's clock at this answer, if told."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _grant(settings: Salesforce, secrets: Mapping[str, str], clock: Clock) -> dict[str, str]:
    if settings.auth == "client_credentials":
        return {
            "grant_type": "client_credentials",
            "client_id": secrets["salesforce_client_id"],
            "client_secret": secrets["salesforce_client_secret"],
        }
    claims = {
        "iss": secrets["salesforce_client_id"],
        "sub": settings.username,
        "aud": settings.login_url,  # an External Client App accepts only its own My Domain
        "exp": int((clock.now() + _GOOD_FOR).timestamp()),
    }
    return {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": jwt.encode(claims, secrets["salesforce_private_key"], algorithm="RS256"),
    }


def _json(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _said(body: Mapping[str, Any], redaction: Redaction) -> tuple[str, str]:
    """Return the code and the description of a sign-in's error."""
    error = redaction.heard(body.get("error"))[:200]
    return error, redaction.heard(body.get("error_description"))[:500] or "no reason"


def _denied(response: requests.Response, said: tuple[str, str], settings: Salesforce, clock: Clock) -> InvoiceSyncError:
    """Return the error that an answer without a token is. ``said``: the error's code and description."""
    if 300 <= response.status_code < 400:
        return _redirected(response, settings.login_url)
    error, description = said
    if not error or error in _PASSING or response.status_code >= 500 or response.status_code == 429:
        return Busy(
            f"Salesforce's sign-in answered {response.status_code}{f' {error}' if error else ''}",
            side="salesforce",
            retry_after=retry_after(response.headers),
            hint="Check that salesforce.login_url is the org's My Domain." if not error else None,
        )
    words = f"Salesforce denied the sign-in: {error} ({description})"
    if settings.auth == "jwt_bearer" and "expired authorization code" in description.lower():
        return _expired(words, date_of(response), clock)
    hint = sign_in_hint(error, description, settings.auth)
    return SideDenied(words, side="salesforce", hint=hint, about_secrets=True)


def _redirected(response: requests.Response, login_url: str) -> SideDenied:
    """Return the error for a host without a sign-in: a Lightning page, or a former address of the org."""
    to = host_of(response.headers.get("Location", ""))
    return SideDenied(
        f"Salesforce at {urlsplit(login_url).netloc} redirects the sign-in to {to}; redirects are not followed",
        side="salesforce",
        hint=my_domain_of(login_url),
    )


def _expired(words: str, theirs: datetime | None, clock: Clock) -> SideDenied:
    """Return the error for an assertion that Salesforce finds over, or good for too long: the two clocks differ."""
    ahead = clock.now() - theirs if theirs else None
    if ahead is None:
        hint = "This machine's clock is wrong by minutes: set it by NTP (timedatectl)."
    elif abs(ahead) > _CLOCKS_AGREE:
        hint = f"This machine's clock is {difference(ahead)} Salesforce's: set it by NTP (timedatectl)."
    else:
        hint = (
            "This machine's clock agrees with Salesforce's, so it is not the cause; the user's Login History names it "
            "(Setup > Users > the user)."
        )
    return SideDenied(words, side="salesforce", hint=hint, probe="calls")  # the error ends by itself once NTP works


def difference(ahead: timedelta) -> str:
    """Return how this machine's clock stands to another one: ``61 minutes ahead of``, ``90 seconds behind``."""
    seconds = round(abs(ahead).total_seconds())
    for name, unit in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 3 * unit:
            amount = f"{round(seconds / unit)} {name}s"
            break
    else:
        amount = f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{amount} {'ahead of' if ahead > timedelta(0) else 'behind'}"
