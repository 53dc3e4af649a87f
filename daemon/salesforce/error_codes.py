"""The catalogue of Salesforce's error codes: what each leads to, how far it reaches, who can fix it and where in Setup.

A row is a remedy and the codes that share it. The codes are those of the API's list of StatusCodes and ExceptionCodes
that a write, a query or a sign-in can meet, directly or through an automation of the org.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from daemon.errors import Probe


class Next(Enum):
    """What happens next."""

    AGAIN = "again"  # passes by itself: the record stays pending
    ASIDE = "aside"  # this record is failed until a person fixes something
    PAUSE = "pause"  # other records would fare the same: they are left alone for a while


class Reach(Enum):
    """How many other records an error is true for."""

    RECORD = "record"  # this one
    OBJECT = "object"  # all of the object that was refused: invoices with their items, or notes with what hangs on them
    ORG = "org"  # everything


@dataclass(frozen=True, slots=True)
class Remedy:
    """What an error leads to, with a sentence on who can fix it and where.

    ``probe``: how often a pause looks again. ``single``: what happens to one record that gets the error while others of
    its call are accepted, which shows that the error does not reach further.
    """

    next: Next
    hint: str
    reach: Reach = Reach.RECORD
    probe: Probe = "calls"
    single: Next = Next.ASIDE


def _again(hint: str, reach: Reach = Reach.RECORD) -> Remedy:
    return Remedy(Next.AGAIN, hint, reach, single=Next.AGAIN)


def _aside(hint: str) -> Remedy:
    return Remedy(Next.ASIDE, hint)


def _object(hint: str, single: Next = Next.ASIDE) -> Remedy:
    return Remedy(Next.PAUSE, hint, Reach.OBJECT, single=single)


def _org(hint: str, probe: Probe = "calls") -> Remedy:
    return Remedy(Next.PAUSE, hint, Reach.ORG, probe, single=Next.AGAIN)


_PERMISSIONS = (
    "An administrator can assign the permission set of invoice-sync to the integration user (Setup > Permission Sets)."
)
_LOGIN_HISTORY = "the user's Login History names the rule (Setup > Users > the user)"

_PASSING = {
    _again("Somebody was changing the same record; it is tried again."): """
        UNABLE_TO_LOCK_ROW ALREADY_IN_PROCESS RECORD_IN_USE_BY_WORKFLOW ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE
        TERRITORY_REALIGN_IN_PROGRESS""",
    _again("Salesforce was too slow; it is tried again."): "QUERY_TIMEOUT REQUEST_RUNNING_TOO_LONG",
    _again("Too many calls at once; it is tried again.", Reach.ORG): """
        REQUEST_LIMIT_EXCEEDED TOO_MANY_APEX_REQUESTS""",
    _again("Salesforce is not available; it is tried again.", Reach.ORG): """
        SERVER_UNAVAILABLE FUNCTIONALITY_TEMPORARILY_UNAVAILABLE PLATFORM_EVENT_PUBLISHING_UNAVAILABLE
        PLATFORM_EVENT_PUBLISH_FAILED ORG_IS_SIGNING_UP""",
    _again("Salesforce's API is switched off for the moment; it is tried again.", Reach.ORG): "API_CURRENTLY_DISABLED",
    _again("The org is being maintained; it is tried again.", Reach.ORG): """
        INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE ORG_IN_MAINTENANCE""",
    _again("Salesforce failed inside; it is tried again. Its support can look the error id up."): "UNKNOWN_EXCEPTION",
    _again(
        "A transaction security policy was too slow or failed; it is tried again. An administrator can exempt the "
        "integration user (Setup > Transaction Security Policies)."
    ): "TXN_SECURITY_METERING_ERROR TXN_SECURITY_RUNTIME_ERROR TXN_SECURITY_APEX_ERROR",
    _again("Salesforce did not attempt it; it is tried again."): """
        PROCESSING_HALTED BATCH_PROCESSING_HALTED ALL_OR_NONE_OPERATION_ROLLED_BACK""",
    _again("The session had ended; it is tried again with a new one.", Reach.ORG): "INVALID_SESSION_ID",
    _again("A query took longer than Salesforce keeps its place; it is asked again."): "INVALID_QUERY_LOCATOR",
}

_SIGN_IN = {
    _org(
        "The integration user's password has expired: set a new one, and let it never expire (Setup > Users > the "
        "user; Setup > Profiles > the profile > Password Policies).",
        "sign-in",
    ): "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
    _org(
        f"The integration user may not sign in: unlock or unfreeze it (Setup > Users > the user); {_LOGIN_HISTORY}.",
        "sign-in",
    ): "INVALID_LOGIN PASSWORD_LOCKOUT LOGIN_CHALLENGE_ISSUED LOGIN_CHALLENGE_PENDING LOGIN_MUST_USE_SECURITY_TOKEN",
    _org(
        "The integration user may not sign in from this address or at this hour: allow it (Setup > Profiles > the "
        f"profile > Login Hours, Login IP Ranges); {_LOGIN_HISTORY}.",
        "sign-in",
    ): "LOGIN_DURING_RESTRICTED_DOMAIN LOGIN_DURING_RESTRICTED_TIME",
    _org(
        "The app may not be used by the integration user: allow it (Setup > External Client App Manager > the app > "
        "Policies).",
        "sign-in",
    ): """CLIENT_NOT_ACCESSIBLE_FOR_USER CLIENT_REQUIRE_UPDATE_FOR_USER UNSUPPORTED_CLIENT INVALID_CLIENT
        INVALID_AUTH_HEADER MUTUAL_AUTHENTICATION_FAILED""",
    _org(
        "The org is locked, has expired or has moved: its administrator sees why (Setup > Company Information).",
        "sign-in",
    ): "ORG_LOCKED TRIAL_EXPIRED ORG_NOT_OWNED_BY_INSTANCE ORG_IS_DOT_ORG",
    _org(
        "A transaction security policy ended the session or asks for a second factor: an administrator can exempt the "
        "integration user (Setup > Transaction Security Policies).",
        "sign-in",
    ): "TXN_SECURITY_END_A_SESSION TXN_SECURITY_TWO_FA_REQUIRED",
    _org(
        "The org's edition has no API access, or the integration user lacks the permission API Enabled "
        "(Setup > Permission Sets)."
    ): "API_DISABLED_FOR_ORG APEX_REST_SERVICES_DISABLED",
    _org(
        "The integration user may only read: give it a licence that writes (Setup > Users > the user > User License)."
    ): "INVALID_READ_ONLY_USER_DML",
    _org("This API version is retired: set salesforce.api_version in settings.yaml to a newer one."): """
        UNSUPPORTED_API_VERSION""",
}

_OBJECTS = {
    _object(
        "The org's storage is full: an administrator can free some, or buy more (Setup > Storage Usage).", Next.AGAIN
    ): "STORAGE_LIMIT_EXCEEDED",
    _object(
        "A limit of the org is used up: an administrator sees which (Setup > Company Information, Storage Usage), "
        "and Salesforce can raise it.",
        Next.AGAIN,
    ): "EXCEEDED_QUOTA MAX_LIMIT_EXCEEDED",
    _object(
        "The org has no licence left for this: an administrator can free or buy one "
        "(Setup > Company Information > User Licenses, Installed Packages).",
        Next.AGAIN,
    ): "LICENSE_LIMIT_EXCEEDED PACKAGE_LICENSE_REQUIRED LICENSING_DATA_ERROR LICENSING_UNKNOWN_ERROR",
    _object(_PERMISSIONS): "INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY",
    _object(
        "A policy blocks the integration user: an administrator can exempt it (Setup > Transaction Security Policies)."
    ): "TXN_SECURITY_NO_ACCESS TXN_SECURITY_FAIL_CLOSE",
    _object(
        "The integration user's licence does not allow this object: give it another licence (Setup > Users > the user "
        "> User License)."
    ): "OP_WITH_INVALID_USER_TYPE_EXCEPTION LIGHT_PORTAL_USER_EXCEPTION",
    _object(
        "The object does not exist, or the integration user cannot see it: create it, or assign the permission set "
        "(Setup > Object Manager, Permission Sets)."
    ): "INVALID_TYPE",
    # An upsert makes the record that is not there: what it does not find is the object, or its external ID field.
    _object(
        "The object or its external ID field does not exist, or the integration user cannot see it: create it, or "
        "assign the permission set (Setup > Object Manager, Permission Sets)."
    ): "NOT_FOUND",
    _object("The object cannot be written so: name another one in settings.yaml."): """
        METHOD_NOT_ALLOWED INVALID_TYPE_FOR_OPERATION BIG_OBJECT_UNSUPPORTED_OPERATION""",
    _object(
        "The feature is switched off in the org: an administrator can switch it on (Setup > Notes Settings, Files, "
        "Chatter Settings)."
    ): "FUNCTIONALITY_NOT_ENABLED FEED_NOT_ENABLED_FOR_OBJECT NOT_ENABLED",
    _object(
        "The org does not take such files: an administrator can allow them (Setup > File Upload and Download Security)."
    ): "HTML_FILE_UPLOAD_NOT_ALLOWED FILE_EXTENSION_NOT_ALLOWED NO_ATTACHMENT_PERMISSION",
}

_VALUES = {
    _aside("Map the field in settings.yaml, or make it optional (Setup > Object Manager)."): """
        REQUIRED_FIELD_MISSING MISSING_ARGUMENT""",
    _aside("Mend the invoice in Magento, or the validation rule (Setup > Object Manager > Validation Rules)."): """
        FIELD_CUSTOM_VALIDATION_EXCEPTION""",
    _aside("Mend the invoice in Magento, or the filter of the lookup field (Setup > Object Manager)."): """
        FIELD_FILTER_VALIDATION_EXCEPTION FILTERED_LOOKUP_LIMIT_EXCEEDED""",
    _aside("Make the field longer (Setup > Object Manager), or map a shorter value in settings.yaml."): """
        STRING_TOO_LONG CUSTOM_CLOB_FIELD_LIMIT_EXCEEDED MAX_TASK_DESCRIPTION_EXCEEDED""",
    _aside(
        "The number is larger than the field takes: see the invoice in Magento, or make the field larger "
        "(Setup > Object Manager)."
    ): "NUMBER_OUTSIDE_VALID_RANGE",
    _aside("Add the value to the picklist (Setup > Object Manager)."): """
        INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST TOO_MANY_ENUM_VALUE INVALID_STATUS""",
    _aside("Correct the address in Magento, or map the field to a text field in settings.yaml."): """
        INVALID_EMAIL_ADDRESS INVALID_INET_ADDRESS""",
    _aside(
        "Create the field, or let the integration user see it (Setup > Object Manager, Permission Sets); or take it "
        "out of the mapping in settings.yaml."
    ): "INVALID_FIELD",
    _aside(
        "The field cannot be written: let the integration user edit it (Setup > Permission Sets); for the parent of an "
        "item, allow reparenting (Setup > Object Manager)."
    ): "INVALID_FIELD_FOR_INSERT_UPDATE CANNOT_REPARENT_RECORD",
    _aside(
        "The field takes another kind of value than is mapped to it: change its type (Setup > Object Manager), or the "
        "mapping in settings.yaml."
    ): """JSON_PARSER_ERROR FIELD_INTEGRITY_EXCEPTION INVALID_TYPE_ON_FIELD_IN_RECORD INVALID_ARGUMENT_TYPE
        TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET ILLEGAL_QUERY_PARAMETER_VALUE INVALID_INPUT""",
    _aside(
        "The field takes a Salesforce ID, and something else is mapped to it: name the parent by its external ID in "
        "settings.yaml."
    ): "MALFORMED_ID INVALID_ID_FIELD CANNOT_RESOLVE_NAME INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD",
    _aside("A name of an object or field in settings.yaml is not one of the org's."): """
        MALFORMED_QUERY MALFORMED_SEARCH INVALID_SEARCH INVALID_OPERATOR INVALID_QUERY_FILTER_OPERATOR
        EXCEEDED_MAX_SEMIJOIN_SUBSELECTS""",
    _aside("The currency is not active in the org (Setup > Company Information > Manage Currencies)."): """
        INVALID_CURRENCY_ISO INVALID_CURRENCY_CONV_RATE INVALID_CURRENCY_CORP_RATE""",
    _aside("The record type is not available to the integration user (Setup > Permission Sets > Object Settings)."): """
        UNAVAILABLE_RECORDTYPE_EXCEPTION""",
    _aside("The record names more others than Salesforce takes in one call; see the invoice in Magento."): """
        EXCEEDED_ID_LIMIT LIMIT_EXCEEDED OPERATION_TOO_LARGE MAXIMUM_HIERARCHY_LEVELS_REACHED CIRCULAR_DEPENDENCY""",
    _aside("It is larger than Salesforce takes; see the invoice or its comment in Magento."): """
        MAXIMUM_SIZE_OF_ATTACHMENT MAXIMUM_SIZE_OF_DOCUMENT IMAGE_TOO_LARGE FILE_SIZE_LIMIT_EXCEEDED
        INVALID_CONTENT_TYPE""",
    _aside("It holds markup that Salesforce does not take; see the comment in Magento."): "INVALID_MARKUP",
    _aside("Something between here and Salesforce changes the calls: a proxy must let them pass."): """
        UNSUPPORTED_MEDIA_TYPE INVALID_BATCH_OPERATION FORBIDDEN""",
}

_OTHER_RECORDS = {
    _aside(
        "Another record has this value in a unique field: merge them, or let the field take it twice "
        "(Setup > Object Manager)."
    ): "DUPLICATE_VALUE DUPLICATE_MASTER_LABEL DUPLICATE_DEVELOPER_NAME DUPLICATE_USERNAME",
    _aside("A duplicate rule blocks it: let the integration user pass (Setup > Duplicate Rules)."): """
        DUPLICATES_DETECTED""",
    _aside(
        "Two records have this external ID: delete one of them, and make the field unique (Setup > Object Manager)."
    ): "DUPLICATE_EXTERNAL_ID",
    _aside(
        "A record that it refers to is not there, or not visible to the integration user: create it, or share it "
        "(Setup > Sharing Settings)."
    ): "INVALID_CROSS_REFERENCE_KEY",
    _aside(
        "A record that it refers to may not be used by the integration user: share it (Setup > Sharing Settings)."
    ): """INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY CHILD_SHARE_FAILS_PARENT SHARE_NEEDED_FOR_CHILD_OWNER
        INVALID_ACCESS_LEVEL TRANSFER_REQUIRES_READ""",
    _aside("The record's owner is inactive: give it another owner, or activate that user (Setup > Users)."): """
        INACTIVE_OWNER_OR_USER INVALID_EMPTY_KEY_OWNER""",
    _aside("The record is in the recycle bin: restore it, or empty the bin."): "ENTITY_IS_DELETED",
    _aside(
        "The record is locked or archived, for example by an approval: unlock it (Setup > Approval Processes)."
    ): "ENTITY_IS_LOCKED ENTITY_IS_ARCHIVED",
}

_AUTOMATIONS = {
    _aside("A trigger of the org failed; its author can mend it (Setup > Apex Triggers)."): """
        CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY SELF_REFERENCE_FROM_TRIGGER UNSUPPORTED_APEX_TRIGGER_OPERATION
        APEX_TRIGGER_COUPLING_LIMIT""",
    _aside("A flow of the org failed; its author can mend it (Setup > Flows)."): "CANNOT_EXECUTE_FLOW_TRIGGER",
    _aside("Apex code of the org failed; its author can mend it (Setup > Apex Classes)."): """
        APEX_ERROR""",
    _aside(
        "An automation of the org sends an e-mail at this write, and that failed; its author can mend it "
        "(Setup > Flows, Workflow Rules, Deliverability)."
    ): """BCC_NOT_ALLOWED_IF_BCC_COMPLIANCE_ENABLED BCC_SELF_NOT_ALLOWED_IF_BCC_COMPLIANCE_ENABLED
        DUPLICATE_SENDER_DISPLAY_NAME EMAIL_ADDRESS_BOUNCED EMAIL_NOT_PROCESSED_DUE_TO_PRIOR_ERROR EMAIL_OPTED_OUT
        EMAIL_TEMPLATE_FORMULA_ERROR EMAIL_TEMPLATE_MERGEFIELD_ACCESS_ERROR EMAIL_TEMPLATE_MERGEFIELD_ERROR
        EMAIL_TEMPLATE_MERGEFIELD_VALUE_ERROR EMAIL_TEMPLATE_PROCESSING_ERROR ERROR_IN_MAILER
        INVALID_FIELD_WHEN_USING_TEMPLATE INVALID_MESSAGE_ID_REFERENCE INVALID_SAVE_AS_ACTIVITY_FLAG
        MASSMAIL_RETRY_LIMIT_EXCEEDED MASS_MAIL_LIMIT_EXCEEDED MAXIMUM_CCEMAILS_EXCEEDED NO_MASS_MAIL_PERMISSION
        OPTED_OUT_OF_MASS_MAIL SINGLE_EMAIL_LIMIT_EXCEEDED TEMPLATE_NOT_ACTIVE UNSPECIFIED_EMAIL_ADDRESS
        UNVERIFIED_SENDER_ADDRESS""",
    _aside(
        "An assignment, approval or process of the org failed at this write; its author can mend it "
        "(Setup > Flows, Approval Processes, Assignment Rules)."
    ): """ASSIGNEE_TYPE_REQUIRED INVALID_OPERATION FAILED_ACTIVATION INVALID_ASSIGNEE_TYPE INVALID_ASSIGNMENT_RULE
        INVALID_EVENT_SUBSCRIPTION INVALID_FILTER_ACTION MANAGER_NOT_DEFINED NO_APPLICABLE_PROCESS
        PLATFORM_EVENT_ENCRYPTION_ERROR DELETE_FAILED UNDELETE_FAILED MERGE_FAILED DEPENDENCY_EXISTS CANNOT_DELETE_OWNER
        CANNOT_POST_TO_ARCHIVED_GROUP""",
    _aside(
        "An automation of the org writes records of other objects with this one, and that failed; its author can mend "
        "it (Setup > Flows, Apex Triggers)."
    ): """CANNOT_CASCADE_PRODUCT_ACTIVE CANNOT_UPDATE_CONVERTED_LEAD DUPLICATE_CASE_SOLUTION INVALID_CREDIT_CARD_INFO
        INVALID_LINEITEM_CLONE_STATE INVALID_MASTER_OR_TRANSLATED_SOLUTION INVALID_PARTNER_NETWORK_STATUS
        INVALID_PERSON_ACCOUNT_OPERATION NONUNIQUE_SHIPPING_ADDRESS PORTAL_USER_ALREADY_EXISTS_FOR_CONTACT
        PRIVATE_CONTACT_ON_ASSET STANDARD_PRICE_NOT_DEFINED COMMUNITY_NOT_ACCESSIBLE JIGSAW_IMPORT_LIMIT_EXCEEDED
        ENVIRONMENT_HUB_MEMBERSHIP_CONFLICT INVALID_SIGNUP_COUNTRY INVALID_REPLICATION_DATE WRONG_CONTROLLER_TYPE""",
    _aside(
        "The code is about changes in Setup, which no write of an invoice makes: an automation of the org does "
        "(Setup > Flows, Apex Triggers)."
    ): """BAD_CUSTOM_ENTITY_PARENT_DOMAIN CANNOT_CHANGE_FIELD_TYPE_OF_APEX_REFERENCED_FIELD
        CANNOT_CREATE_ANOTHER_MANAGED_PACKAGE CANNOT_DEACTIVATE_DIVISION CANNOT_DELETE_LAST_DATED_CONVERSION_RATE
        CANNOT_DELETE_MANAGED_OBJECT CANNOT_DISABLE_LAST_ADMIN CANNOT_ENABLE_IP_RESTRICT_REQUESTS
        CANNOT_MODIFY_MANAGED_OBJECT CANNOT_RENAME_APEX_REFERENCED_FIELD CANNOT_RENAME_APEX_REFERENCED_OBJECT
        CANT_DISABLE_CORP_CURRENCY CANT_UNSET_CORP_CURRENCY CUSTOM_ENTITY_OR_FIELD_LIMIT
        CUSTOM_FIELD_INDEX_LIMIT_EXCEEDED CUSTOM_INDEX_EXISTS CUSTOM_LINK_LIMIT_EXCEEDED CUSTOM_METADATA_LIMIT_EXCEEDED
        CUSTOM_SETTINGS_LIMIT_EXCEEDED CUSTOM_TAB_LIMIT_EXCEEDED DUPLICATE_CUSTOM_ENTITY_DEFINITION
        DUPLICATE_CUSTOM_TAB_MOTIF EMPTY_SCONTROL_FILE_NAME IP_RANGE_LIMIT_EXCEEDED
        MAXIMUM_DASHBOARD_COMPONENTS_EXCEEDED MAX_ACTIONS_PER_RULE_EXCEEDED MAX_ACTIVE_RULES_EXCEEDED
        MAX_APPROVAL_STEPS_EXCEEDED MAX_FORMULAS_PER_RULE_EXCEEDED MAX_RULES_EXCEEDED MAX_RULE_ENTRIES_EXCEEDED
        MAX_TM_RULES_EXCEEDED MAX_TM_RULE_ITEMS_EXCEEDED NO_INACTIVE_DIVISION_MEMBERS
        NUM_HISTORY_FIELDS_BY_SOBJECT_EXCEEDED TABSET_LIMIT_EXCEEDED WEBLINK_SIZE_LIMIT_EXCEEDED WEBLINK_URL_INVALID""",
}


def _catalogue(*tables: Mapping[Remedy, str]) -> dict[str, Remedy]:
    found: dict[str, Remedy] = {}
    for table in tables:
        for remedy, codes in table.items():
            found.update(dict.fromkeys(codes.split(), remedy))
    return found


CATALOGUE: Mapping[str, Remedy] = _catalogue(_PASSING, _SIGN_IN, _OBJECTS, _VALUES, _OTHER_RECORDS, _AUTOMATIONS)
UNKNOWN = _aside("Salesforce's words name the cause; an administrator can mend it.")
