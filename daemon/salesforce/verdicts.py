"""The catalogue of Salesforce's error codes: what each leads to, who can mend it, and where in Setup."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Next(Enum):
    """What happens next."""

    AGAIN = "again"  # passes by itself: the record stays pending
    ASIDE = "aside"  # this record is failed until a person mends something
    PAUSE = "pause"  # every record would fare the same: Salesforce is left alone for a while


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


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens next, and a sentence on who can mend it and where."""

    next: Next
    mend: str


_AGAIN = {
    "UNABLE_TO_LOCK_ROW": "Somebody was changing the same record; it is tried again.",
    "QUERY_TIMEOUT": "Salesforce was too slow; it is tried again.",
    "REQUEST_RUNNING_TOO_LONG": "Salesforce was too slow; it is tried again.",
    "SERVER_UNAVAILABLE": "Salesforce is not available; it is tried again.",
    "UNKNOWN_EXCEPTION": "Salesforce failed inside; it is tried again. Its support can look the error id up.",
    "API_CURRENTLY_DISABLED": "Salesforce's API is switched off for the moment; it is tried again.",
    "INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": "The org is being maintained; it is tried again.",
    "TXN_SECURITY_METERING_ERROR": "A transaction security policy was too slow; it is tried again. An administrator "
    "can exempt the integration user (Setup > Transaction Security Policies).",
    "PROCESSING_HALTED": "Salesforce did not attempt it; it is tried again.",
    "REQUEST_LIMIT_EXCEEDED": "Too many calls at once; it is tried again.",
    "INVALID_SESSION_ID": "The session had ended; it is tried again with a new one.",
    "INVALID_QUERY_LOCATOR": "A query took longer than Salesforce keeps its place; it is asked anew.",
}
_PAUSE = {
    "STORAGE_LIMIT_EXCEEDED": "The org's storage is full: an administrator can free some, or buy more "
    "(Setup > Storage Usage).",
    "API_DISABLED_FOR_ORG": "The org's edition has no API access, or the integration user lacks the permission API "
    "Enabled (Setup > Permission Sets).",
    "TXN_SECURITY_NO_ACCESS": "A policy blocks the integration user: an administrator can exempt it "
    "(Setup > Transaction Security Policies).",
    "INSUFFICIENT_ACCESS": "An administrator can assign the permission set of invoice-sync to the integration user "
    "(Setup > Permission Sets).",
    "INSUFFICIENT_ACCESS_OR_READONLY": "An administrator can assign the permission set of invoice-sync to the "
    "integration user (Setup > Permission Sets).",
    "INVALID_TYPE": "The object does not exist, or the integration user cannot see it: create it, or assign the "
    "permission set (Setup > Object Manager, Permission Sets).",
    # An upsert makes the record that is not there: what it does not find is the object, or its external ID field.
    "NOT_FOUND": "The object or its external ID field does not exist, or the integration user cannot see it: create "
    "it, or assign the permission set (Setup > Object Manager, Permission Sets).",
}
_ASIDE = {
    "REQUIRED_FIELD_MISSING": "Map the field in settings.yaml, or make it optional (Setup > Object Manager).",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "Mend the invoice in Magento, or the validation rule "
    "(Setup > Object Manager > Validation Rules).",
    "STRING_TOO_LONG": "Make the field longer (Setup > Object Manager), or map a shorter value in settings.yaml.",
    "NUMBER_OUTSIDE_VALID_RANGE": "The number is larger than the field takes: see the invoice in Magento, or make the "
    "field larger (Setup > Object Manager).",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist (Setup > Object Manager).",
    "INVALID_EMAIL_ADDRESS": "Correct the address in Magento, or map the field to a text field in settings.yaml.",
    "INVALID_FIELD": "Create the field, or let the integration user see it (Setup > Object Manager, Permission Sets); "
    "or take it out of the mapping in settings.yaml.",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "The field cannot be written: let the integration user edit it "
    "(Setup > Permission Sets); for the parent of an item, allow reparenting (Setup > Object Manager).",
    "JSON_PARSER_ERROR": "The field takes another kind of value than is mapped to it: change its type "
    "(Setup > Object Manager), or the mapping in settings.yaml.",
    "MALFORMED_ID": "The field takes a Salesforce ID, and something else is mapped to it: name the parent by its "
    "external ID in settings.yaml.",
    "MALFORMED_QUERY": "A name of an object or field in settings.yaml is not one of the org's.",
    "EXCEEDED_ID_LIMIT": "The record names more others than Salesforce takes in one call; see the invoice in Magento.",
    "DUPLICATE_VALUE": "Another record has this value in a unique field: merge them, or let the field take it twice "
    "(Setup > Object Manager).",
    "DUPLICATES_DETECTED": "A duplicate rule blocks it: let the integration user pass (Setup > Duplicate Rules).",
    "DUPLICATE_EXTERNAL_ID": "Two records have this external ID: delete one of them, and make the field unique "
    "(Setup > Object Manager).",
    "INVALID_CROSS_REFERENCE_KEY": "A record that it refers to is not there, or not visible to the integration user: "
    "create it, or share it (Setup > Sharing Settings).",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "A record that it refers to may not be used by the integration "
    "user: share it (Setup > Sharing Settings).",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "A trigger of the org failed; its author can mend it (Setup > Apex "
    "Triggers).",
    "CANNOT_EXECUTE_FLOW_TRIGGER": "A flow of the org failed; its author can mend it (Setup > Flows).",
    "APEX_ERROR": "Apex code of the org failed; its author can mend it (Setup > Apex Classes).",
    "ENTITY_IS_DELETED": "The record is in the recycle bin: restore it, or empty the bin.",
    "METHOD_NOT_ALLOWED": "The object cannot be written so: name another one in settings.yaml.",
    "UNSUPPORTED_MEDIA_TYPE": "Something between here and Salesforce changes the calls: a proxy must let them pass.",
}
CATALOGUE: Mapping[str, Verdict] = {
    **{code: Verdict(Next.AGAIN, mend) for code, mend in _AGAIN.items()},
    **{code: Verdict(Next.PAUSE, mend) for code, mend in _PAUSE.items()},
    **{code: Verdict(Next.ASIDE, mend) for code, mend in _ASIDE.items()},
}
_UNKNOWN = Verdict(Next.ASIDE, "Salesforce's words name the cause; an administrator can mend it.")

_APP = "Setup > External Client App Manager"
_RUN_AS = f"{_APP} > the app > Policies > OAuth"
_MY_DOMAIN = "Set login_url to the org's My Domain (https://<name>.my.salesforce.com)."
_PERMITTED = f"Let the integration user use the app ({_APP} > the app > Policies > Permitted Users)."
_INACTIVE = "Activate the integration user (Setup > Users), or choose another run-as user."
SIGN_IN: Mapping[str, Mapping[str, str]] = {
    "invalid_grant": {
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


def judge(error: RecordError) -> Verdict:
    """What one record's error leads to. An unknown code sets the record aside: the rest go on."""
    text = f"{error.code} {error.message}"
    if "UNABLE_TO_LOCK_ROW" in text:  # also when a trigger or a flow ran into the lock
        return CATALOGUE["UNABLE_TO_LOCK_ROW"]
    if "CurrencyIsoCode" in f"{error.fields} {error.message}" and error.code in _BAD_CURRENCY:
        return Verdict(Next.ASIDE, _INACTIVE_CURRENCY)
    known = CATALOGUE.get(error.code)
    if error.status >= 500 or error.status == 429:
        return known if known and known.next is not Next.ASIDE else Verdict(Next.AGAIN, "It is tried again.")
    return known or _UNKNOWN


def mend_sign_in(error: str, description: str, auth: str = "client_credentials") -> str | None:
    """Who can mend a refused sign-in, and where; None for a code that nobody knows. ``auth``: how we sign in."""
    own = _BY_ASSERTION.get(error) if auth == "jwt_bearer" else None
    for words, mend in (own or SIGN_IN.get(error, {})).items():
        if words.lower() in description.lower():
            return mend
    return None
