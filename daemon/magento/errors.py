"""Turns an error answer of Magento's into our error: what happened, where, and what to do."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from daemon.errors import Busy, InvoiceSyncError, SideDenied
from daemon.magento.error_answer import ErrorAnswer
from daemon.magento.sign_in_errors import Way, access_denied, account_denied, signature_denied, tells_cause
from daemon.transport import retry_after

# A gateway answers so in place of a Magento that took too long.
_GAVE_UP = frozenset({503, 504})
# Words of nginx and Apache for plain http at a port of https; web servers have no translations.
_WANTS_TLS = (b"sent to HTTPS port", b"to an SSL-enabled server port")


class PageTooLarge(InvoiceSyncError):  # noqa: N818
    """The page is larger than the shop's limit, which is ``largest``."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"Magento takes at most {largest} a page")
        self.largest = largest


def error_of(answer: ErrorAnswer, way: Way) -> InvoiceSyncError:
    """Return the error that this answer is. ``way``: how the daemon signs in."""
    if 300 <= answer.status < 400:
        return _redirected(answer)
    explain = _BY_STATUS.get(answer.status)
    if explain:
        return explain(answer, way)
    said = f"Magento answered {answer.status}"
    if answer.status >= 500 or answer.status == 429:
        return Busy(
            f"{said}: {answer.words}" if answer.words else said + answer.page_kind,
            side="magento",
            retry_after=retry_after(answer.response.headers),
            too_much=answer.status in _GAVE_UP,
        )
    return Busy(f"{said}: {answer.words}" if answer.words else said, side="magento")


def sign_in_error_of(answer: ErrorAnswer) -> InvoiceSyncError:
    """Return the error that an answer without an administrator's token is."""
    if answer.status in {400, 401} and answer.words and "request cannot be processed" not in answer.words:
        return account_denied(answer.words, answer.status, second_factor="active_providers" in answer.named)
    return error_of(answer, "admin")


def is_worth_signing_again(answer: ErrorAnswer) -> bool:
    """Return whether a denied call may pass with a new signature: Magento has seen its nonce, or names no cause.

    For a nonce that it has seen, Magento names the consumer (a list of one parameter); for a wrong key, nothing.
    """
    return answer.is_magentos_401 and "resources" not in answer.named and not tells_cause(answer.words)


def place_unknown(answer: ErrorAnswer) -> SideDenied:
    """Return the error for a URL without any resources of Magento's below."""
    return SideDenied(
        f"Magento does not know this store in its URL: {urlsplit(answer.url).path} ({answer.words})",
        side="magento",
        hint="Set magento.store_code to a store view's code, or to all.",
    )


def _redirected(answer: ErrorAnswer) -> InvoiceSyncError:
    to = answer.redirects_to()
    return SideDenied(
        f"Magento at {answer.origin} redirects to {to or 'elsewhere'}; redirects are not followed",
        side="magento",
        hint=f"Set magento.base_url to {to or 'the URL of the shop itself'}.",
    )


def _unauthorized(answer: ErrorAnswer, way: Way) -> InvoiceSyncError:
    words = answer.words
    if not words and re.match(r"basic\b", answer.response.headers.get("WWW-Authenticate", ""), re.IGNORECASE):
        return SideDenied(
            f"{answer.origin} asks for a user name and password of its own (basic auth) before Magento is reached",
            side="magento",
            hint="Let /rest pass without it (nginx: `auth_basic off;` in its location), or for this machine's address: "
            "the header that it asks for carries Magento's own sign-in.",
        )
    if not words:
        return Busy(f"{answer.origin} answered 401, but not in Magento's words: a proxy?", side="magento")
    seen_already = way == "oauth1" and len(answer.listed) == 1
    if seen_already or "nonce is already being used" in words:  # each call has a new nonce, and so has the next one
        return Busy(
            f"Magento denied a call that it had seen already: {words}",
            side="magento",
            hint="A proxy in front of Magento sends calls twice; it must not repeat them.",
        )
    resources = answer.named.get("resources")
    resources = resources if isinstance(resources, str) else None
    return access_denied(words, way, resources=resources, ahead=answer.ahead)


def _bad_request(answer: ErrorAnswer, way: Way) -> InvoiceSyncError:
    limit = answer.named.get("max") if len(answer.named) == 1 else None
    if isinstance(limit, int | str) and re.fullmatch(r"\d{1,9}", str(limit)):
        return PageTooLarge(max(1, int(limit)))  # 0 would ask for everything
    if "Specified request cannot be processed" in answer.words:
        return place_unknown(answer)
    method = answer.listed[0] if len(answer.listed) == 1 else None
    if way == "oauth1" and isinstance(method, str) and method in {"HMAC-SHA1", "HMAC-SHA256"}:
        return signature_denied(answer.words, method)
    if not answer.words and any(text in answer.response.content[:4000] for text in _WANTS_TLS):
        address = urlsplit(answer.url)
        return SideDenied(
            f"{address.netloc} was called by {address.scheme}, and that port takes https alone",
            side="magento",
            hint="Set magento.base_url to the same address with https://.",
        )
    return Busy(f"Magento answered 400: {answer.words or 'without a reason'}", side="magento")


def _forbidden(answer: ErrorAnswer, _way: Way) -> InvoiceSyncError:
    return Busy(
        f"{answer.origin} answered 403, which Magento never does",
        side="magento",
        hint="A proxy or firewall in front of Magento denies this machine; let the machine read /rest.",
    )


def _not_found(answer: ErrorAnswer, _way: Way) -> InvoiceSyncError:
    """Return the error for a wrong URL. A record that Magento finds only in part looks the same from outside."""
    tried = answer.url.split("?", maxsplit=1)[0]
    said = f"Magento answered 404 at {tried}: {answer.words}" if answer.words else f"Magento has no REST API at {tried}"
    return SideDenied(
        said,
        side="magento",
        hint="Set magento.base_url to the shop's base URL, without /rest (for some shops with /index.php).",
        missing=True,
    )


_BY_STATUS: dict[int, Callable[[ErrorAnswer, Way], InvoiceSyncError]] = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
}
