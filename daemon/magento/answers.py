"""What Magento's answers mean: JSON as Python values, and every refusal as an error that says what to do."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests

from daemon.errors import Busy, InvoiceSyncError, SideRefused, Unreachable
from daemon.transport import retry_after

_DEEPEST = 100
_INTEGRATION = "System > Extensions > Integrations"
# Magento tells a bad token, no token and a missing permission apart only for OAuth 1.0a, and only by these words.
_SIGN_IN = {
    "Access token has been revoked": f"Activate the integration again ({_INTEGRATION}) and use its new keys.",
    "The signature is invalid": "Check the two secrets; behind a proxy, base_url must be the URL that Magento sees.",
    "An error occurred validating the nonce": "This machine's clock is ahead of Magento's by more than ten minutes.",
    "Specified token does not exist": f"Copy the access token of the integration anew ({_INTEGRATION}).",
    "A consumer having the specified key": f"Copy the consumer key of the integration anew ({_INTEGRATION}).",
    "Consumer key is not the correct length": "The consumer key has 32 characters; copy it anew.",
}
_PERMISSION = (
    f"Either the access token is wrong or revoked, or the integration lacks the resource (Magento answers both alike): "
    f"{_INTEGRATION} > the integration > API > Sales > Operations > Invoices, and Orders > Actions > View. "
    "As Bearer, an integration's token is refused since Magento 2.4.4 unless it is allowed in Stores > "
    "Configuration > Services > OAuth; auth: oauth1 needs no such setting."
)


class PageTooLarge(InvoiceSyncError):  # noqa: N818
    """The shop limits the page size; ``largest`` is what it takes."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"Magento takes at most {largest} a page")
        self.largest = largest


def read(response: requests.Response) -> dict[str, Any]:
    """The JSON object of a good answer; our error for any other."""
    if response.status_code != 200:
        _refuse(response)
    body = _parse(response)
    if _is_deep(body):
        _refuse_page("is nested too deeply")
    if not isinstance(body, dict):
        _refuse_page(f"is JSON, but {_kind(body)} where an object was expected")
    return body


def _parse(response: requests.Response) -> Any:
    try:
        text = response.content.decode("utf-8")
        return json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse_page("is not UTF-8")
    except RecursionError:
        _refuse_page("is nested too deeply")
    except ValueError:
        start = response.content.lstrip()[:5]
        looks = (
            "is XML"
            if start == b"<?xml"
            else "is an HTML page"
            if start[:1] == b"<"
            else "is not JSON, or is cut short"
        )
        _refuse_page(f"{looks} ({len(response.content)} bytes)")


def _is_deep(body: Any) -> bool:
    """Whether it is nested beyond anything that Magento means, and that can be walked by recursion."""
    layer = [body]
    for _ in range(_DEEPEST):
        layer = [inner for node in layer if isinstance(node, dict | list) for inner in _inner(node)]
        if not layer:
            return False
    return True


def _inner(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity: no amount, and not JSON


def _refuse_page(why: str) -> NoReturn:
    raise Unreachable(
        f"Magento's answer {why}; it is refused whole",
        side="magento",
        sent=True,
        hint="A proxy, a cache or an error page stands in for Magento's REST answer.",
    )


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", type(None): "null"}.get(type(value), "a number")


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


def _refuse(response: requests.Response) -> NoReturn:
    status = response.status_code
    body = _error_body(response)
    words = sentence(body) if body else ""
    if 300 <= status < 400:
        raise _moved(response)
    explain = _BY_STATUS.get(status)
    if explain:
        raise explain(response, words)
    if status >= 500 or status == 429:
        raise Busy(
            f"Magento answered {status}{f': {words}' if words else _page_kind(response)}",
            side="magento",
            retry_after=retry_after(response.headers),
            broken=status == 500,
        )
    raise Busy(f"Magento answered {status}{f': {words}' if words else ''}", side="magento")


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


def _unauthorized(response: requests.Response, words: str) -> InvoiceSyncError:
    if not words:
        return Busy(f"{_origin(response)} answered 401, but not in Magento's words: a proxy?", side="magento")
    if "nonce is already being used" in words:  # ours are new with each call, and so is the next one's
        return Busy(
            f"Magento refused a call that it had seen already: {words}",
            side="magento",
            hint="A proxy in front of Magento sends calls twice; it must not repeat them.",
        )
    hint = next((hint for text, hint in _SIGN_IN.items() if text in words), _PERMISSION)
    return SideRefused(f"Magento refused: {words}", side="magento", hint=hint)


def _bad_request(response: requests.Response, words: str) -> InvoiceSyncError:
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
        return SideRefused(f"Magento refused: {words}", side="magento", hint="Use auth: oauth1 (HMAC-SHA256).")
    return Busy(f"Magento answered 400: {words or 'without a reason'}", side="magento")


def _forbidden(response: requests.Response, _words: str) -> InvoiceSyncError:
    return Busy(
        f"{_origin(response)} answered 403, which Magento never does",
        side="magento",
        hint="A proxy or firewall in front of Magento refuses this machine; let it read /rest.",
    )


def _not_found(response: requests.Response, words: str) -> InvoiceSyncError:
    tried = str(response.url).split("?")[0]
    return SideRefused(
        f"Magento has no REST API at {tried}{f' ({words})' if words else ''}",
        side="magento",
        hint="Set magento.base_url to the shop's base URL, without /rest (for some shops with /index.php).",
    )


def _origin(response: requests.Response) -> str:
    parts = urlsplit(str(response.url))
    return f"{parts.scheme}://{parts.netloc}"


_BY_STATUS: dict[int, Callable[[requests.Response, str], InvoiceSyncError]] = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
}
