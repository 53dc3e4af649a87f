"""What Magento's refusals mean: each as an error that says what to do, and where."""

import json
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests

from daemon.errors import Busy, InvoiceSyncError, SideDenied
from daemon.magento.sign_in_errors import Way, access_denied, account_denied, signature_denied, tells_cause
from daemon.redaction import beginning_of, heard
from daemon.transport import retry_after

# A gateway says so of a Magento that took too long.
_GAVE_UP = frozenset({503, 504})
_MOST_PARTS = 20
_LONGEST_PART = 500
_LONGEST_NAME = 100
# What nginx and Apache say to plain http at a port of https; web servers have no translations.
_WANTS_TLS = (b"sent to HTTPS port", b"to an SSL-enabled server port")


class PageTooLarge(InvoiceSyncError):  # noqa: N818
    """The shop limits the page size; ``largest`` is what it takes."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"Magento takes at most {largest} a page")
        self.largest = largest


def sentence(body: Mapping[str, Any]) -> str:
    """Return Magento's message, and those of its inner errors, with their parameters put in."""
    errors = body.get("errors")
    inner = errors[:_MOST_PARTS] if isinstance(errors, list) else []
    return " ".join(_phrase(part) for part in (body, *inner) if isinstance(part, Mapping)).strip()


def _phrase(body: Mapping[str, Any]) -> str:
    """Return one message with its parameters, ``%1`` or ``%fieldName``, put in once: none is looked for in another."""
    message = beginning_of(str(body.get("message", "")))
    given = body.get("parameters")
    found = enumerate(given, 1) if isinstance(given, list) else given.items() if isinstance(given, Mapping) else ()
    values = {str(name): value for name, value in islice(found, _MOST_PARTS) if len(str(name)) <= _LONGEST_NAME}
    if values:
        longest_first = sorted(values, key=len, reverse=True)  # %1 is in %10
        names = re.compile(f"%({'|'.join(map(re.escape, longest_first))})")
        message = names.sub(lambda name: str(values[name[1]])[:_LONGEST_PART], message)
    return " ".join(beginning_of(message).split())


def refuse(response: requests.Response, way: Way) -> NoReturn:
    """Raise what the refusal means. ``way``: how we sign in."""
    status = response.status_code
    words = words_of(response)
    if 300 <= status < 400:
        raise _moved(response)
    explain = _BY_STATUS.get(status)
    if explain:
        raise explain(response, words, way)
    if status >= 500 or status == 429:
        raise Busy(
            f"Magento answered {status}{f': {words}' if words else _page_kind(response)}",
            side="magento",
            retry_after=retry_after(response.headers),
            too_much=status in _GAVE_UP,
        )
    raise Busy(f"Magento answered {status}{f': {words}' if words else ''}", side="magento")


def raise_sign_in_error(response: requests.Response) -> NoReturn:
    """Raise what it means that an administrator was given no token."""
    words = words_of(response)
    if response.status_code in {400, 401} and words and "request cannot be processed" not in words:
        providers = "active_providers" in _names(response)
        raise account_denied(words, response.status_code, second_factor=providers)
    refuse(response, "admin")


def words_of(response: requests.Response) -> str:
    """What Magento says in its own JSON, without a token that it may repeat; nothing when it is not its own."""
    body = _error_body(response)
    return heard(sentence(body)) if body else ""


def is_magentos_401(response: requests.Response) -> bool:
    """Whether it is Magento that does not know the caller, and not a proxy."""
    return response.status_code == 401 and bool(words_of(response))


def parameters_of(response: requests.Response) -> dict[str, Any] | list[Any]:
    """What stands beside Magento's message for the places in it; the same in every language."""
    found = (_error_body(response) or {}).get("parameters")
    return found if isinstance(found, dict | list) else {}


def _names(response: requests.Response) -> dict[str, Any]:
    found = parameters_of(response)
    return found if isinstance(found, dict) else {}


def is_worth_signing_again(response: requests.Response) -> bool:
    """Return whether a refused call may pass when it is signed anew: its nonce was seen already, or nobody can say.

    Magento names the consumer of a nonce that was seen (a list of one parameter), and nothing with a key that is wrong.
    """
    return is_magentos_401(response) and "resources" not in _names(response) and not tells_cause(words_of(response))


def is_unexplained(response: requests.Response) -> bool:
    """Return whether it is Magento's 400 that has nothing but words: of a store in the URL that it does not know."""
    body = _error_body(response) or {}
    return response.status_code == 400 and "message" in body and not body.get("parameters") and not body.get("errors")


def place_unknown(response: requests.Response) -> SideDenied:
    """For a URL below which Magento processes nothing."""
    return SideDenied(
        f"Magento does not know this store in its URL: {urlsplit(str(response.url)).path} ({words_of(response)})",
        side="magento",
        hint="Set magento.store_code to a store view's code, or to all.",
    )


def _signed_at(response: requests.Response) -> float | None:
    """When the call was signed, in seconds since 1970, as its signature says."""
    request = getattr(response, "request", None)
    header = request.headers.get("Authorization", "") if request is not None else ""
    text = header.decode("ascii", "replace") if isinstance(header, bytes) else str(header)
    found = re.search(r'oauth_timestamp="(\d+)"', text)
    return float(found[1]) if found else None


def _ahead(response: requests.Response) -> float | None:
    """How many seconds the call's signature was ahead of the answer's clock; None where that is not known."""
    signed_at = _signed_at(response)
    try:
        answered_at = parsedate_to_datetime(response.headers["Date"]).timestamp()
        return None if signed_at is None else signed_at - answered_at
    except (KeyError, ValueError, OverflowError):
        return None


def _error_body(response: requests.Response) -> dict[str, Any] | None:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return body
    fatal = body.get("messages", {}) if isinstance(body, dict) else {}
    errors = fatal.get("error") if isinstance(fatal, dict) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return {"message": str(errors[0].get("message", ""))}
    return None


def _page_kind(response: requests.Response) -> str:
    if not response.content:
        return " with an empty page"
    return " with an HTML page" if b"<html" in response.content[:2000].lower() else ""


def _moved(response: requests.Response) -> InvoiceSyncError:
    try:
        target = urlsplit(response.headers.get("Location", "")[:_LONGEST_PART])
    except ValueError:  # it is none
        target = urlsplit("")
    to = f"{target.scheme}://{target.netloc}" if target.netloc else "elsewhere"
    return SideDenied(
        f"Magento at {_origin(response)} redirects to {to}; redirects are not followed",
        side="magento",
        hint=f"Set magento.base_url to {to if target.netloc else 'the URL of the shop itself'}.",
    )


def _unauthorized(response: requests.Response, words: str, way: Way) -> InvoiceSyncError:
    if not words and re.match(r"basic\b", response.headers.get("WWW-Authenticate", ""), re.IGNORECASE):
        return SideDenied(
            f"{_origin(response)} asks for a user name and password of its own (basic auth) before Magento is reached",
            side="magento",
            hint="Let /rest pass without it (nginx: `auth_basic off;` in its location), or for this machine's address: "
            "the header that it asks for carries Magento's own sign-in.",
        )
    if not words:
        return Busy(f"{_origin(response)} answered 401, but not in Magento's words: a proxy?", side="magento")
    parameters = parameters_of(response)
    seen_already = way == "oauth1" and isinstance(parameters, list) and len(parameters) == 1
    if seen_already or "nonce is already being used" in words:  # ours are new with each call, and so is the next one's
        return Busy(
            f"Magento refused a call that it had seen already: {words}",
            side="magento",
            hint="A proxy in front of Magento sends calls twice; it must not repeat them.",
        )
    resources = _names(response).get("resources")
    resources = resources if isinstance(resources, str) else None
    return access_denied(words, way, resources=resources, ahead=_ahead(response))


def _bad_request(response: requests.Response, words: str, way: Way) -> InvoiceSyncError:
    parameters = parameters_of(response)
    limit = parameters.get("max") if isinstance(parameters, dict) and len(parameters) == 1 else None
    if isinstance(limit, int | str) and re.fullmatch(r"\d{1,9}", str(limit)):
        return PageTooLarge(max(1, int(limit)))  # 0 would ask for everything
    if "Specified request cannot be processed" in words:
        return place_unknown(response)
    method = parameters[0] if isinstance(parameters, list) and len(parameters) == 1 else None
    if way == "oauth1" and isinstance(method, str) and method in {"HMAC-SHA1", "HMAC-SHA256"}:
        return signature_denied(words, method)
    if not words and any(text in response.content[:4000] for text in _WANTS_TLS):
        address = urlsplit(str(response.url))
        return SideDenied(
            f"{address.netloc} was called by {address.scheme}, and that port takes https alone",
            side="magento",
            hint="Set magento.base_url to the same address with https://.",
        )
    return Busy(f"Magento answered 400: {words or 'without a reason'}", side="magento")


def _forbidden(response: requests.Response, _words: str, _way: Way) -> InvoiceSyncError:
    return Busy(
        f"{_origin(response)} answered 403, which Magento never does",
        side="magento",
        hint="A proxy or firewall in front of Magento refuses this machine; let it read /rest.",
    )


def _not_found(response: requests.Response, words: str, _way: Way) -> InvoiceSyncError:
    """A wrong URL, or, as nothing tells from outside, a record that Magento finds only in part."""
    tried = str(response.url).split("?")[0]
    said = f"Magento answered 404 at {tried}: {words}" if words else f"Magento has no REST API at {tried}"
    return SideDenied(
        said,
        side="magento",
        hint="Set magento.base_url to the shop's base URL, without /rest (for some shops with /index.php).",
        missing=True,
    )


def _origin(response: requests.Response) -> str:
    parts = urlsplit(str(response.url))
    return f"{parts.scheme}://{parts.netloc}"


_BY_STATUS: dict[int, Callable[[requests.Response, str, Way], InvoiceSyncError]] = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
}
