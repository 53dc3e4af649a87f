"""JSON and instants as the REST API spells them, and an answer before it is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import simplejson

from daemon.sandbox.salesforce.org import ApiError, Value


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, what the body says (None: nothing) and headers; bytes are sent as they are.

    A node of a graph is answered like a call of its own.
    """

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it did what was asked; 300 lists what it could not choose from."""
        return self.status < 300

    @classmethod
    def with_error(cls, error: ApiError) -> "Answer":
        """The answer that carries this error."""
        return cls(error.status, error.body())


def encode(body: object) -> bytes:
    """JSON bytes; numbers keep every digit they were stored with."""
    return simplejson.dumps(body, use_decimal=True, separators=(",", ":")).encode()


def decode(data: bytes) -> object:
    """The value of a JSON body, with numbers exact."""
    try:
        return json.loads(data, parse_float=Decimal, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise ApiError("JSON_PARSER_ERROR", f"{error} at [line:1, column:1]", fields=None) from None


def decode_object(data: bytes) -> dict[str, object]:
    """The JSON object that a body must be."""
    body = decode(data)
    if not isinstance(body, dict):
        raise ApiError("JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object", fields=None)
    return body


def wire_value(value: Value) -> object:
    """A stored value as JSON has it. The offset of an instant carries no colon."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.000+0000") if isinstance(value, datetime) else value


def _reject_constant(name: str) -> object:
    raise ValueError(f"Non-standard token '{name}'")
