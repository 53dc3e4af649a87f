"""An error answer of Magento's, read once: its own words and their parameters."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from daemon.redaction import Redaction, beginning_of

_MOST_PARTS = 20
_LONGEST_PART = 500
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An answer with a status other than 200.

    ``words``: what Magento says in its own JSON, without a token that it may repeat; empty when the answer is not
    Magento's own. ``parameters``: the values for the places in Magento's message, which are the same in every
    language. ``ahead``: how many seconds the call's signature was ahead of the answer's clock, if that is known.
    """

    response: requests.Response
    words: str
    body: Mapping[str, Any]
    ahead: float | None

    @classmethod
    def of(cls, response: requests.Response, redaction: Redaction) -> Self:
        """Read the answer."""
        body = _error_body(response)
        words = redaction.heard(sentence(body)) if body else ""
        return cls(response, words, body or {}, _ahead(response))

    @property
    def status(self) -> int:
        """Return the status code."""
        return self.response.status_code

    @property
    def url(self) -> str:
        """Return the called URL."""
        return str(self.response.url)

    @property
    def origin(self) -> str:
        """Return the called scheme and host."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def parameters(self) -> dict[str, Any] | list[Any]:
        """Return the parameters of Magento's message; an empty dict without parameters."""
        found = self.body.get("parameters")
        return found if isinstance(found, dict | list) else {}

    @property
    def named(self) -> dict[str, Any]:
        """Return the parameters with a name."""
        return self.parameters if isinstance(self.parameters, dict) else {}

    @property
    def listed(self) -> list[Any]:
        """Return the parameters without a name, in order."""
        return self.parameters if isinstance(self.parameters, list) else []

    @property
    def is_magentos_401(self) -> bool:
        """Return whether Magento itself does not know the caller, and not a proxy."""
        return self.status == 401 and bool(self.words)

    @property
    def is_unexplained(self) -> bool:
        """Return whether this is Magento's 400 with words alone, its answer to an unknown store in the URL."""
        body = self.body
        return self.status == 400 and "message" in body and not body.get("parameters") and not body.get("errors")

    @property
    def page_kind(self) -> str:
        """Return the kind of an answer without words, to be put behind its status."""
        content = self.response.content
        if not content:
            return " with an empty page"
        return " with an HTML page" if b"<html" in content[:2000].lower() else ""

    def redirects_to(self) -> str | None:
        """Return the scheme and host of a redirect's target, if any."""
        try:
            target = urlsplit(self.response.headers.get("Location", "")[:_LONGEST_PART])
        except ValueError:  # not a URL
            return None
        return f"{target.scheme}://{target.netloc}" if target.netloc else None


def sentence(body: Mapping[str, Any]) -> str:
    """Return Magento's message, and those of its inner errors, with their parameters put in."""
    errors = body.get("errors")
    inner = errors[:_MOST_PARTS] if isinstance(errors, list) else []
    return " ".join(_phrase(part) for part in (body, *inner) if isinstance(part, Mapping)).strip()


def _phrase(body: Mapping[str, Any]) -> str:
    """Return one message with its parameters, ``%1`` or ``%fieldName``, put in once and not within one another."""
    message = beginning_of(str(body.get("message", "")))
    given = body.get("parameters")
    found = enumerate(given, 1) if isinstance(given, list) else given.items() if isinstance(given, Mapping) else ()
    values = {str(name): value for name, value in islice(found, _MOST_PARTS) if len(str(name)) <= _LONGEST_NAME}
    if values:
        longest_first = sorted(values, key=len, reverse=True)  # %1 is in %10
        names = re.compile(f"%({'|'.join(map(re.escape, longest_first))})")
        message = names.sub(lambda name: str(values[name[1]])[:_LONGEST_PART], message)
    return " ".join(beginning_of(message).split())


def _error_body(response: requests.Response) -> dict[str, Any] | None:
    """Return the JSON object with Magento's message, if the answer is Magento's own."""
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


def _signed_at(response: requests.Response) -> float | None:
    """Return when the call was signed, in seconds since 1970, as its signature says."""
    request = getattr(response, "request", None)
    header = request.headers.get("Authorization", "") if request is not None else ""
    text = header.decode("ascii", "replace") if isinstance(header, bytes) else str(header)
    found = re.search(r'oauth_timestamp="(\d+)"', text)
    return float(found[1]) if found else None


def _ahead(response: requests.Response) -> float | None:
    signed_at = _signed_at(response)
    try:
        answered_at = parsedate_to_datetime(response.headers["Date"]).timestamp()
        return None if signed_at is None else signed_at - answered_at
    except (KeyError, ValueError, OverflowError):
        return None
