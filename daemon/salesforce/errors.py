"""Turns Salesforce's error answer to a whole call into our error, with its reach and a hint."""

from collections.abc import Mapping
from typing import Any

from daemon.errors import Busy, InvoiceSyncError, OutOfCalls, SideDenied
from daemon.redaction import Redaction
from daemon.salesforce.error_codes import CATALOGUE
from daemon.salesforce.hosts import host_of
from daemon.salesforce.remedies import RecordError, remedy_for
from daemon.salesforce.remedy import Next, Reach
from daemon.salesforce.scrubbing import code_of
from daemon.transport import retry_after

MOVED = frozenset({301, 302, 303, 307, 308})
"""Statuses of a redirect. 300 is none: several records have one external ID then."""
_WRONG_PLACE = {
    404: "Check salesforce.login_url and salesforce.api_version.",
    410: "This API version is retired: set salesforce.api_version to a newer one.",
}
_LONGEST = 500


class CallRejected(InvoiceSyncError):  # noqa: N818
    """Salesforce rejected a call as a whole (400, 413, 414): the call is larger than allowed, or malformed."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def explain(
    status: int, content: Any, headers: Mapping[str, str], *, host: str, redaction: Redaction
) -> InvoiceSyncError:
    """Return the error that this answer is. ``host``: the host that was called."""
    if status in MOVED:
        return _redirected(status, headers, host)
    code, message = _first_error(content, redaction)
    if status == 401:
        return _session_denied(code, message)
    if code == "REQUEST_LIMIT_EXCEEDED" and "TotalRequests" in message:
        return OutOfCalls("Salesforce's daily API calls are used up", side="salesforce")
    words = f"Salesforce answered {status}{f' {code}: {message}' if code else ''}"
    if status in _WRONG_PLACE:
        return SideDenied(words, side="salesforce", hint=_WRONG_PLACE[status], missing=code == "NOT_FOUND")
    remedy = remedy_for(RecordError(code, message, status=status))
    if remedy.next is Next.PAUSE or (status == 403 and code and remedy.next is not Next.AGAIN):
        # A 403 with a code that is known for single records, or not at all, is about what the call may do.
        of_object = remedy.reach is not Reach.ORG
        return SideDenied(words, side="salesforce", hint=remedy.hint, probe=remedy.probe, of_object=of_object)
    if status in {400, 413, 414, 431} and remedy.next is not Next.AGAIN:
        return CallRejected(code or str(status), message or "the call is more than Salesforce takes", status)
    # Salesforce's own errors have a code. A gateway before it (its edge, a company's proxy) gives up sooner than
    # Salesforce ends a call, or passes on a call whose answer it then loses.
    return Busy(words, side="salesforce", retry_after=retry_after(headers), unanswered=not code)


def _redirected(status: int, headers: Mapping[str, str], host: str) -> SideDenied:
    """Return the error for a redirect after a new sign-in: even the new sign-in names the old host."""
    to = host_of(headers.get("Location", ""))
    return SideDenied(
        f"Salesforce at {host} answered {status}: it redirects calls to {to}; redirects are not followed",
        side="salesforce",
        hint="The org's host may have changed: set salesforce.login_url to the org's current My Domain URL "
        "(Setup > My Domain).",
    )


def _session_denied(code: str, message: str) -> SideDenied:
    known = CATALOGUE.get(code)
    said = f"{code}: {message}" if known and known.next is Next.PAUSE else message
    return SideDenied(
        f"Salesforce does not accept the session it has just given: {said or 'no reason'}",
        side="salesforce",
        hint=known.hint
        if known and known.next is Next.PAUSE
        else "Check the integration user's API access and the app's session policies.",
    )


def _first_error(content: Any, redaction: Redaction) -> tuple[str, str]:
    """Return code and message of an error answer; a page of HTML has neither."""
    first = content[0] if isinstance(content, list) and content else content
    if not isinstance(first, Mapping):
        return "", ""
    code = str(first.get("errorCode") or first.get("error") or "")
    message = str(first.get("message") or first.get("error_description") or "")
    return code and code_of(code), redaction.heard(message)[:_LONGEST]
