"""Hints for a denied sign-in, by the code and the description of Salesforce's error."""

from collections.abc import Mapping

_APP = "Setup > External Client App Manager"
_RUN_AS = f"{_APP} > the app > Policies > OAuth"
_MY_DOMAIN = "Set login_url to the org's My Domain (https://<name>.my.salesforce.com)."
_PERMITTED = f"Let the integration user use the app ({_APP} > the app > Policies > Permitted Users)."
_INACTIVE = "Activate the integration user (Setup > Users), or choose another run-as user."
_EXPIRED = (
    "The integration user's password has expired: set a new one, and let it never expire (Setup > Users > the user; "
    "Setup > Profiles > the profile > Password Policies)."
)
_WHERE_AND_WHEN = (
    "The integration user may not sign in from this address or at this hour: allow it (Setup > Profiles > the profile "
    "> Login Hours, Login IP Ranges)."
)
_NOT_HERE = (
    "The integration user may not sign in here: check that the user is active, has API Enabled, and may sign in from "
    "this address at this hour (Setup > Users, Login History)."
)
_LOCKED = "The integration user is locked or frozen: unlock or unfreeze it (Setup > Users > the user)."
# Descriptions of the user's own troubles, whichever way the daemon signs in.
_OF_THE_USER = {
    "expired password": _EXPIRED,
    "password expired": _EXPIRED,
    "password has expired": _EXPIRED,
    "login hours": _WHERE_AND_WHEN,
    "ip restricted": _WHERE_AND_WHEN,
    "locked": _LOCKED,
    "frozen": _LOCKED,
}
SIGN_IN: Mapping[str, Mapping[str, str]] = {
    "invalid_grant": {
        **_OF_THE_USER,
        "no client credentials user": f"Choose the app's run-as user ({_RUN_AS}).",
        "not supported on this domain": _MY_DOMAIN,
        "Audience": _MY_DOMAIN,
        "inactive user": _INACTIVE,
        "approved this consumer": _PERMITTED,
        "expired access/refresh token": "The session has ended; the daemon asks for a new one.",
        "authentication failure": _NOT_HERE,
        "": f"Enable the client credentials flow and choose its run-as user ({_RUN_AS}). {_MY_DOMAIN}",
    },
    "invalid_client_id": {
        "": f"The consumer key is wrong ({_APP} > the app > Settings > OAuth), or the app is so new that Salesforce "
        "does not know it yet."
    },
    "invalid_client": {"": f"The consumer secret is wrong: copy it again ({_APP} > the app > Settings > OAuth)."},
    "app_not_found": {"": _MY_DOMAIN},
    "invalid_app_access": {"": _PERMITTED},
    "inactive_user": {"": _INACTIVE},
    "inactive_org": {"": "The org is locked or has expired; Salesforce's support can say why."},
    "unsupported_grant_type": {"": f"Enable the client credentials flow ({_RUN_AS})."},
    "rate_limit_exceeded": {"": "Too many sign-ins in a short time; the daemon tries again."},
}
"""Hints for a denied sign-in: by its code, then by words of its description ("": any)."""
_CERTIFICATE = (
    "The app has another certificate than salesforce_private_key belongs to: upload the one made with this key "
    f"({_APP} > the app > Settings > OAuth > Enable JWT Bearer Flow)."
)
_USERNAME = "Set salesforce.username to the name that the integration user signs in with (Setup > Users)"
_BY_ASSERTION: Mapping[str, Mapping[str, str]] = {
    "invalid_grant": {
        **_OF_THE_USER,
        "invalid assertion": _CERTIFICATE,
        "inactive user": "Activate the integration user (Setup > Users), or name another in salesforce.username.",
        "approved this consumer": f"{_USERNAME}. {_PERMITTED}",
        "Audience": _MY_DOMAIN,
        "not supported on this domain": _MY_DOMAIN,
        "authentication failure": _NOT_HERE,
        "": f"Enable the JWT bearer flow of the app, with the certificate of this key. {_USERNAME}. {_MY_DOMAIN}",
    },
    "invalid_client": {"": _CERTIFICATE},
    "unsupported_grant_type": {"": f"Enable the JWT bearer flow ({_APP} > the app > Settings > OAuth)."},
}
"""Hints that differ with ``auth: jwt_bearer``."""


def sign_in_hint(error: str, description: str, auth: str = "client_credentials") -> str | None:
    """Return the hint for a denied sign-in, if the code is known. ``auth``: how the daemon signs in."""
    own = _BY_ASSERTION.get(error) if auth == "jwt_bearer" else None
    for words, hint in (own or SIGN_IN.get(error, {})).items():
        if words.lower() in description.lower():
            return hint
    return None
