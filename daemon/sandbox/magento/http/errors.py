"""Magento's errors: a message in JSON, with the parameters for its places."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from daemon.sandbox.magento.shop import Wire


class ApiError(Exception):
    """An error that ends a call with this status and message."""

    def __init__(self, status: int, message: str, parameters: Any = None, errors: Sequence[Wire] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Wire = {"message": message}
        if errors is not None:
            self.body["errors"] = list(errors)
        if parameters is not None:
            self.body["parameters"] = parameters


def field_missing(name: str) -> ApiError:
    """Return the 400 for a missing required field."""
    return ApiError(400, *_missing(name))


def fields_missing(names: Sequence[str]) -> ApiError:
    """Return the 400 for one missing field, or a list for several."""
    if len(names) == 1:
        return field_missing(names[0])
    errors = [dict(zip(("message", "parameters"), _missing(name), strict=True)) for name in names]
    return ApiError(400, "One or more input exceptions have occurred.", errors=errors)


def _missing(name: str) -> tuple[str, Wire]:
    return '"%fieldName" is required. Enter and try again.', {"fieldName": name}


def not_authorized(resource: str) -> ApiError:
    """Return the 401, never 403, for a forbidden resource, and for an unknown token."""
    return ApiError(401, "The consumer isn't authorized to access %resources.", {"resources": resource})


def not_an_int(value: str, field: str | None = None) -> ApiError:
    """Return the 400 for a value other than a whole number."""
    message = f'The "{value}" value\'s type is invalid. The "int" type was expected. Verify and try again.'
    return ApiError(400, message if field is None else f'Error occurred during "{field}" processing. {message}')


def no_such_entity() -> ApiError:
    """Return the 404 for a record."""
    return ApiError(404, "The entity that was requested doesn't exist. Verify the entity and try again.")


def no_such_route() -> ApiError:
    """Return the 404 for an unknown path or method."""
    return ApiError(404, "Request does not match any route.")


def not_processed() -> ApiError:
    """Return the 400 for a call that does not look like a REST request."""
    return ApiError(400, "Specified request cannot be processed.")


def internal_error() -> ApiError:
    """Return the 500 for any unexpected exception: a deadlock, or a filter on an unknown field."""
    report = secrets.token_hex(7)[:13]
    return ApiError(500, f"Internal Error. Details are available in Magento log file. Report ID: webapi-{report}")
