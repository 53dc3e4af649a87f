"""Checks the caller and the caller's rights."""

from __future__ import annotations

import secrets

from flask import Request

from daemon.sandbox.magento.http.errors import ApiError, field_missing, fields_missing, not_authorized
from daemon.sandbox.magento.http.oauth import check_oauth
from daemon.sandbox.magento.http.options import Magento
from daemon.sandbox.magento.shop import Wire

LOCKED_AFTER = 6
"""The number of wrong passwords in a row, as shipped (`oauth/authentication_lock`)."""
LOCKED_SECONDS = 1800
"""The time after the last of them until all are forgotten."""


def check_access(magento: Magento, request: Request, resource: str) -> None:
    """Refuse an unknown caller, and one without the resource: both get the same 401."""
    authorization = request.headers.get("Authorization", "")
    scheme, _, token = authorization.partition(" ")
    match scheme.lower():
        case "oauth":
            url = f"{seen_address(magento, request)}{request.environ['REQUEST_URI'].partition('?')[0]}"
            check_oauth(magento, authorization, request.method, url, request.query_string.decode())
            allowed = magento.active and resource in magento.resources
        case "bearer":
            allowed = _bears(magento, token.strip(), resource)
        case _:
            allowed = False
    if not allowed:
        raise not_authorized(resource)


def seen_address(magento: Magento, request: Request) -> str:
    """Return scheme and host as PHP sees them."""
    return magento.seen_as or f"{request.scheme}://{request.host}"


def _bears(magento: Magento, token: str, resource: str) -> bool:
    """Return whether a token grants the resource: an administrator's by the role, the integration's where enabled."""
    if token in magento.admin_tokens:
        return magento.now() < magento.admin_tokens[token] and resource in magento.admin_resources
    known = magento.bearer_enabled and token == magento.access_token and not magento.revoked
    return known and resource in magento.resources


def give_admin_token(magento: Magento, credentials: Wire) -> str:
    """Return a token for an administrator's name and password, unless a second factor is required."""
    _check_password(magento, credentials)
    match magento.two_factor:
        case None:
            return _new_token(magento)
        case "":
            raise ApiError(400, "Please ask an administrator with sufficient access to configure 2FA first")
        case provider:
            message = "Please use the 2fa provider-specific endpoints to obtain a token."
            raise ApiError(400, message, {"active_providers": [provider]})


def give_admin_token_by_otp(magento: Magento, credentials: Wire) -> str:
    """Return a token for name, password and one-time password."""
    _check_password(magento, credentials)
    if "otp" not in credentials:
        raise field_missing("otp")
    if credentials["otp"] != magento.one_time_password:
        raise ApiError(401, "Invalid code.")
    return _new_token(magento)


def _check_password(magento: Magento, credentials: Wire) -> None:
    missing = [name for name in ("username", "password") if not credentials.get(name)]
    if missing:
        raise fields_missing(missing)
    given = (credentials["username"], credentials["password"])
    if magento.admin_failures_until is not None and magento.now() >= magento.admin_failures_until:
        magento.admin_failures, magento.admin_failures_until = 0, None
    if magento.admin_failures >= LOCKED_AFTER:  # the password is not checked, and the lock grows no longer
        raise _signed_in_wrongly()
    right = given == (magento.admin_username, magento.admin_password)
    if not right or not magento.admin_active:
        if given[0] == magento.admin_username:
            magento.admin_failures += 1
            magento.admin_failures_until = magento.now() + LOCKED_SECONDS
        raise _signed_in_wrongly()
    magento.admin_failures, magento.admin_failures_until = 0, None


def _signed_in_wrongly() -> ApiError:
    """Return the same error for an unknown name, a wrong password, an inactive account and a locked one."""
    return ApiError(
        401,
        "The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.",
    )


def _new_token(magento: Magento) -> str:
    """Return a new token, as long as Magento's JWT and as opaque to its bearer."""
    token = f"eyJraWQiOiIxIiwiYWxnIjoiSFMyNTYifQ.{secrets.token_hex(36)}.{secrets.token_urlsafe(32)}"
    magento.admin_tokens[token] = magento.now() + 60 * magento.admin_token_minutes
    return token
