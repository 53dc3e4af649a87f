"""What an error of Salesforce's leads to: of one record by its code, of a sign-in by its code and description."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.salesforce.error_codes import CATALOGUE, UNKNOWN, Next, Reach, Remedy

__all__ = ["CATALOGUE", "SIGN_IN", "Next", "Reach", "RecordError", "Remedy", "remedy_for", "sign_in_hint"]


@dataclass(frozen=True, slots=True)
class RecordError:
    """One node's error in Salesforce's words; ``message`` without the values that were sent."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    status: int = 400

    def __str__(self) -> str:
        named = f" [{', '.join(self.fields)}]" if self.fields else ""
        return f"{self.code}: {self.message}{named}"

    @property
    def cause(self) -> str:
        """Equal for records that are refused for one cause: its code, and the fields that it names."""
        return " ".join([self.code, *sorted(self.fields)])


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
_LOCKED = "The integration user is locked or frozen: unlock or unfreeze it (Setup > Users > the user)."
# What a description may say of the user, whichever way we sign in.
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
        "expired access/refresh token": "The session is over; a new one is asked for.",
        "authentication failure": "The integration user may not sign in here: see that it is active, has API Enabled, "
        "and may come from this address at this hour (Setup > Users, Login History).",
        "": f"Enable the client credentials flow and choose its run-as user ({_RUN_AS}). {_MY_DOMAIN}",
    },
    "invalid_client_id": {
        "": f"The consumer key is wrong ({_APP} > the app > Settings > OAuth), or the app is so new that Salesforce "
        "does not know it yet."
    },
    "invalid_client": {"": f"The consumer secret is wrong: copy it anew ({_APP} > the app > Settings > OAuth)."},
    "app_not_found": {"": _MY_DOMAIN},
    "invalid_app_access": {"": _PERMITTED},
    "inactive_user": {"": _INACTIVE},
    "inactive_org": {"": "The org is locked or has expired; Salesforce's support can say why."},
    "unsupported_grant_type": {"": f"Enable the client credentials flow ({_RUN_AS})."},
    "rate_limit_exceeded": {"": "Too many sign-ins in a short time; it is tried again."},
}
"""What a refused sign-in says: by its code, then by words of its description ("": any)."""
_CERTIFICATE = (
    "The app has another certificate than salesforce_private_key belongs to: upload the one made with this key "
    f"({_APP} > the app > Settings > OAuth > Enable JWT Bearer Flow)."
)
_USERNAME = "salesforce.username is to be the name that the integration user signs in with (Setup > Users)"
_BY_ASSERTION: Mapping[str, Mapping[str, str]] = {
    "invalid_grant": {
        **_OF_THE_USER,
        "invalid assertion": _CERTIFICATE,
        "inactive user": "Activate the integration user (Setup > Users), or name another in salesforce.username.",
        "approved this consumer": f"{_USERNAME}. {_PERMITTED}",
        "Audience": _MY_DOMAIN,
        "not supported on this domain": _MY_DOMAIN,
        "authentication failure": "The integration user may not sign in here: see that it is active, has API Enabled, "
        "and may come from this address at this hour (Setup > Users, Login History).",
        "": f"Enable the JWT bearer flow of the app, with the certificate of this key. {_USERNAME}. {_MY_DOMAIN}",
    },
    "invalid_client": {"": _CERTIFICATE},
    "unsupported_grant_type": {"": f"Enable the JWT bearer flow ({_APP} > the app > Settings > OAuth)."},
}
"""Where it says something else of ``auth: jwt_bearer``."""


_BAD_CURRENCY = frozenset({"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_CURRENCY_ISO"})
_INACTIVE_CURRENCY = (
    "The order's currency is not active in the org: activate it (Setup > Company Information > Manage Currencies), or "
    "leave it out (`CurrencyIsoCode: null` in settings.yaml)."
)


# A trigger that takes too long under load may be quick enough a minute later.
_AUTOMATED = frozenset({"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR"})
_TOO_SLOW = Remedy(
    Next.AGAIN,
    "Apex code of the org took too long; it is tried again. If it stays so, its author can make it faster "
    "(Setup > Apex Triggers, Flows).",
)


def remedy_for(error: RecordError) -> Remedy:
    """What one record's error leads to. An unknown code sets the record aside: the rest go on."""
    text = f"{error.code} {error.message}"
    if "UNABLE_TO_LOCK_ROW" in text:  # also when a trigger or a flow ran into the lock
        return CATALOGUE["UNABLE_TO_LOCK_ROW"]
    if error.code in _AUTOMATED and "System.LimitException" in error.message and "CPU" in error.message:
        return _TOO_SLOW  # the name of the class and of the unit are the same in every language
    if "CurrencyIsoCode" in f"{error.fields} {error.message}" and error.code in _BAD_CURRENCY:
        return Remedy(Next.ASIDE, _INACTIVE_CURRENCY)
    known = CATALOGUE.get(error.code)
    if error.status >= 500 or error.status == 429:
        return known if known and known.next is not Next.ASIDE else Remedy(Next.AGAIN, "It is tried again.")
    return known or UNKNOWN


def sign_in_hint(error: str, description: str, auth: str = "client_credentials") -> str | None:
    """Who can mend a refused sign-in, and where; None for a code that nobody knows. ``auth``: how we sign in."""
    own = _BY_ASSERTION.get(error) if auth == "jwt_bearer" else None
    for words, hint in (own or SIGN_IN.get(error, {})).items():
        if words.lower() in description.lower():
            return hint
    return None
