"""The OAuth token endpoint."""

import hmac
import time
from collections.abc import Mapping

import jwt
from werkzeug.datastructures import Authorization

from daemon.sandbox.salesforce.http.options import Options
from daemon.sandbox.salesforce.http.wire import Answer

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
# An assertion may be valid for five minutes at most.
LONGEST_ASSERTION = 300


class _SignInError(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.answer = Answer(400, {"error": error, "error_description": description})


def sign_in(
    options: Options, form: Mapping[str, str], authorization: Authorization | None, instance_url: str
) -> Answer:
    """Answer a client-credentials or JWT-bearer grant; errors are objects, not the arrays of the rest of the API.

    The answer does not tell how long the session lasts: a client learns of its end by a 401.
    """
    try:
        if options.sign_in_refused:
            raise _SignInError(*options.sign_in_refused)
        match form.get("grant_type"):
            case "client_credentials":
                _check_secret(options, form, authorization)
            case grant if grant == JWT_BEARER:
                _check_assertion(options, form.get("assertion", ""), (*LOGIN_HOSTS, instance_url))
            case _:
                raise _SignInError("unsupported_grant_type", "grant type not supported")
    except _SignInError as error:
        return error.answer
    org = options.org
    return Answer(
        200,
        {
            "access_token": options.open_session(),
            "signature": "c2lnbmF0dXJlIG9mIHRoZSBzYW5kYm94",
            "scope": "api",
            "instance_url": instance_url,
            "id": f"https://login.salesforce.com/id/{org.organization_id}/{org.user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(time.time() * 1000)),
        },
    )


def _check_secret(options: Options, form: Mapping[str, str], authorization: Authorization | None) -> None:
    basic = authorization.parameters if authorization and authorization.type == "basic" else {}
    client_id = form.get("client_id") or basic.get("username") or ""
    secret = form.get("client_secret") or basic.get("password") or ""
    if client_id != options.client_id:
        raise _SignInError("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(secret.encode(), options.client_secret.encode()):
        raise _SignInError("invalid_client", "invalid client credentials")


def _check_assertion(options: Options, assertion: str, audiences: tuple[str, ...]) -> None:
    """Check an assertion: it names the app, its user and the host, and is signed with the app's registered key."""
    try:
        claims = jwt.decode(
            assertion, options.public_key or "", algorithms=["RS256"], audience=audiences, options={"require": ["exp"]}
        )
    except (jwt.ExpiredSignatureError, jwt.MissingRequiredClaimError):
        raise _SignInError("invalid_grant", "expired authorization code") from None
    except jwt.InvalidAudienceError:
        raise _SignInError("invalid_grant", "Audience validation failed") from None
    except (jwt.PyJWTError, ValueError):  # a broken token, another key's signature, no registered key
        raise _SignInError("invalid_grant", "invalid assertion") from None
    if claims.get("iss") != options.client_id:
        raise _SignInError("invalid_client_id", "client identifier invalid")
    if claims["exp"] > time.time() + LONGEST_ASSERTION:
        raise _SignInError("invalid_grant", "expired authorization code")
    user = options.org.find("User", "Username", claims.get("sub"))
    if user is None:
        raise _SignInError("invalid_grant", "user hasn't approved this consumer")
