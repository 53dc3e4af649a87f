"""The OAuth token endpoint."""

import hmac
import time
from collections.abc import Mapping

from werkzeug.datastructures import Authorization

from daemon.sandbox.salesforce.options import Options
from daemon.sandbox.salesforce.wire import Answer


def sign_in(
    options: Options, form: Mapping[str, str], authorization: Authorization | None, instance_url: str
) -> Answer:
    """Answer a client-credentials grant; errors are objects, not the arrays of the rest of the API.

    The answer does not say how long the session lasts: a client learns of its end by a 401.
    """
    if options.sign_in_refused:
        return _refused(*options.sign_in_refused)
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type", "grant type not supported")
    basic = authorization.parameters if authorization and authorization.type == "basic" else {}
    client_id = form.get("client_id") or basic.get("username") or ""
    secret = form.get("client_secret") or basic.get("password") or ""
    if client_id != options.client_id:
        return _refused("invalid_client_id", "client identifier invalid")
    if not hmac.compare_digest(secret.encode(), options.client_secret.encode()):
        return _refused("invalid_client", "invalid client credentials")
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


def _refused(error: str, description: str) -> Answer:
    return Answer(400, {"error": error, "error_description": description})
