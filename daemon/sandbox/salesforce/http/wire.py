"""JSON and instants in the spelling of the REST API, and an answer before sending."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import simplejson

from daemon.sandbox.salesforce.org import ApiError, Value


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a body (None: no body) and headers; bytes are sent unchanged.

    A node of a graph has the same answer as a call of its own.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether the call succeeded; 300 lists several matches, and is no success."""
        return self.status < 300

    @classmethod
    def with_error(cls, error: ApiError) -> "Answer":
        """Return the answer with this error."""
        return cls(error.status, error.body())


def encode(body: object) -> bytes:
    """Return JSON bytes; numbers keep every stored digit."""
    return simplejson.dumps(body, use_decimal=True, separators=(",", ":")).encode()


def decode(data: bytes) -> object:
    """Return the value of a JSON body, with exact numbers."""
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError("JSON_PARSER_ERROR", f"{error} at [line:1, column:1]", fields=None) from None


def decode_object(data: bytes) -> dict[str, object]:
    """Return the JSON object of a body; an error for any other value."""
    body = decode(data)
    if not isinstance(body, dict):
        raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object", fields=None)
    return body


def wire_value(value: Value) -> object:
    """Return a stored value as JSON. The offset of an instant carries no colon."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000") if isinstance(value, datetime) else value


def _reject_constant(name: str) -> object:
    raise ValueError(f"Non-standard token '{name}'")
