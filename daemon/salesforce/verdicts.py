"""What each of Salesforce's error codes leads to: try again, set the record aside, or pause; and who can mend it."""

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
    "TXN_SECURITY_METERING_ERROR": "A transaction security policy was too slow; exempt the integration user.",
    "PROCESSING_HALTED": "Salesforce did not attempt it; it is tried again.",
    "REQUEST_LIMIT_EXCEEDED": "Too many calls at once; it is tried again.",
}
_PAUSE = {
    "STORAGE_LIMIT_EXCEEDED": "The org's storage is full: free some, or buy more (Setup > Storage Usage).",
    "API_DISABLED_FOR_ORG": "The org's edition has no API access, or the user lacks API Enabled.",
    "TXN_SECURITY_NO_ACCESS": "A transaction security policy blocks the integration user.",
    "INSUFFICIENT_ACCESS": "Assign the permission set of invoice-sync to the integration user.",
    "INSUFFICIENT_ACCESS_OR_READONLY": "Assign the permission set of invoice-sync to the integration user.",
    "INVALID_TYPE": "The object does not exist, or the integration user cannot see it.",
}
_ASIDE = {
    "REQUIRED_FIELD_MISSING": "Map the field in settings.yaml, or make it optional in Object Manager.",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": "Mend the invoice in Magento, or the validation rule in Object Manager.",
    "STRING_TOO_LONG": "Make the field longer in Object Manager, or map a shorter value.",
    "NUMBER_OUTSIDE_VALID_RANGE": "The number is larger than the field takes; see the invoice in Magento.",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "Add the value to the picklist in Object Manager.",
    "INVALID_EMAIL_ADDRESS": "Correct the address in Magento, or map the field to a text field.",
    "INVALID_FIELD": "Create the field, or give the integration user access to it (permission set).",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "The field cannot be written: check its access, or allow reparenting.",
    "DUPLICATE_VALUE": "Another record has this value in a unique field: merge them, or relax the field.",
    "DUPLICATES_DETECTED": "A duplicate rule blocks it: let the integration user pass (Setup > Duplicate Rules).",
    "DUPLICATE_EXTERNAL_ID": "Two records have this external ID: delete one of them, and make the field unique.",
    "INVALID_CROSS_REFERENCE_KEY": "A record that it refers to is not there, or not visible to the user.",
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": "A trigger of the org failed; its author can mend it.",
    "CANNOT_EXECUTE_FLOW_TRIGGER": "A flow of the org failed; its author can mend it.",
    "APEX_ERROR": "Apex code of the org failed; its author can mend it.",
    "ENTITY_IS_DELETED": "The record is in the recycle bin; restore it, or empty the bin.",
}


def judge(error: RecordError) -> Verdict:
    """What one record's error leads to. An unknown code sets the record aside: the rest go on."""
    text = f"{error.code} {error.message}"
    if "UNABLE_TO_LOCK_ROW" in text:  # also when a trigger or a flow ran into the lock
        return Verdict(Next.AGAIN, _AGAIN["UNABLE_TO_LOCK_ROW"])
    if error.code in _AGAIN or error.status >= 500 or error.status == 429:
        return Verdict(Next.AGAIN, _AGAIN.get(error.code, "It is tried again."))
    if error.code in _PAUSE:
        return Verdict(Next.PAUSE, _PAUSE[error.code])
    return Verdict(
        Next.ASIDE, _ASIDE.get(error.code, "Salesforce's words name the cause; an administrator can mend it.")
    )
