"""What Magento's refusals mean: each as an error that says what to do, and where."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests

from daemon.errors import Busy, InvoiceSyncError, SideRefused
from daemon.log import redaction
from daemon.magento.entry import Way, account_refused, not_let_in, signature_refused
from daemon.transport import retry_after

# A gateway says so of a Magento that took too long.
_GAVE_UP = frozenset({503, 504})


class PageTooLarge(InvoiceSyncError):  # noqa: N818
    """The shop limits the page size; ``largest`` is what it takes."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"Magento takes at most {largest} a page")
        self.largest = largest


def sentence(body: Mapping[str, Any]) -> str:
    """Magento's message with its parameters put in: ``%1``, ``%fieldName``."""
    message = str(body.get("message", ""))
    parameters = body.get("parameters") or {}
    pairs = (
        {str(index): value for index, value in enumerate(parameters, 1)} if isinstance(parameters, list) else parameters
    )
    if isinstance(pairs, Mapping):
        for name in sorted(pairs, key=lambda name: -len(str(name))):  # the longest first: %1 is in %10
            message = message.replace(f"%{name}", str(pairs[name]))
    errors = body.get("errors")
    inner = [sentence(error) for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return " ".join([re.sub(r"\s+", " ", message).strip(), *inner]).strip()


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


def refuse_sign_in(response: requests.Response) -> NoReturn:
    """Raise what it means that an administrator was given no token."""
    words = words_of(response)
    if response.status_code in {400, 401} and words and "request cannot be processed" not in words:
        raise account_refused(words, response.status_code)
    refuse(response, "admin")


def words_of(response: requests.Response) -> str:
    """What Magento says in its own JSON, without a token that it may repeat; nothing when it is not its own."""
    body = _error_body(response)
    return redaction.clean(sentence(body)) if body else ""


def is_magentos_401(response: requests.Response) -> bool:
    """Whether it is Magento that does not know the caller, and not a proxy."""
    return response.status_code == 401 and bool(words_of(response))


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
    target = urlsplit(response.headers.get("Location", ""))
    to = f"{target.scheme}://{target.netloc}" if target.netloc else "elsewhere"
    return SideRefused(
        f"Magento at {_origin(response)} redirects to {to}; redirects are not followed",
        side="magento",
        hint=f"Set magento.base_url to {to if target.netloc else 'the URL of the shop itself'}.",
    )


def _unauthorized(response: requests.Response, words: str, way: Way) -> InvoiceSyncError:
    if not words:
        return Busy(f"{_origin(response)} answered 401, but not in Magento's words: a proxy?", side="magento")
    if "nonce is already being used" in words:  # ours are new with each call, and so is the next one's
        return Busy(
            f"Magento refused a call that it had seen already: {words}",
            side="magento",
            hint="A proxy in front of Magento sends calls twice; it must not repeat them.",
        )
    return not_let_in(words, way)


def _bad_request(response: requests.Response, words: str, _way: Way) -> InvoiceSyncError:
    limit = re.search(r"Maximum SearchCriteria pageSize is (\d+)", words)
    if limit:
        return PageTooLarge(max(1, int(limit[1])))  # 0 would ask for everything
    if "Specified request cannot be processed" in words:
        return SideRefused(
            f"Magento does not know this store in its URL: {urlsplit(str(response.url)).path}",
            side="magento",
            hint="Set magento.store_code to a store view's code, or to all.",
        )
    if "ignature method" in words:
        return signature_refused(words)
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
    return SideRefused(
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
