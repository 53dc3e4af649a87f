"""Codes of passing errors, and of errors with a reach of a whole object or the whole org."""

from daemon.salesforce.remedy import Next, Reach, again, of_object, of_org

_PERMISSIONS = (
    "An administrator can assign the permission set of invoice-sync to the integration user (Setup > Permission Sets)."
)
_LOGIN_HISTORY = "the user's Login History names the rule (Setup > Users > the user)"

PASSING = {
    again("Somebody was changing the same record; the daemon tries again."): """
        UNABLE_TO_LOCK_ROW ALREADY_IN_PROCESS RECORD_IN_USE_BY_WORKFLOW ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE
        TERRITORY_REALIGN_IN_PROGRESS""",
    again("Salesforce was too slow; the daemon tries again."): "QUERY_TIMEOUT REQUEST_RUNNING_TOO_LONG",
    again("Too many calls at once; the daemon tries again.", Reach.ORG): """
        REQUEST_LIMIT_EXCEEDED TOO_MANY_APEX_REQUESTS""",
    again("Salesforce is not available; the daemon tries again.", Reach.ORG): """
        SERVER_UNAVAILABLE FUNCTIONALITY_TEMPORARILY_UNAVAILABLE PLATFORM_EVENT_PUBLISHING_UNAVAILABLE
        PLATFORM_EVENT_PUBLISH_FAILED ORG_IS_SIGNING_UP""",
    again("The API is switched off for the moment; the daemon tries again.", Reach.ORG): "API_CURRENTLY_DISABLED",
    again("The org is in maintenance; the daemon tries again.", Reach.ORG): """
        INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE ORG_IN_MAINTENANCE""",
    again(
        "Salesforce failed inside; the daemon tries again. Its support can look the error id up."
    ): "UNKNOWN_EXCEPTION",
    again(
        "A transaction security policy was too slow or failed; the daemon tries again. An administrator can exempt the "
        "integration user (Setup > Transaction Security Policies)."
    ): "TXN_SECURITY_METERING_ERROR TXN_SECURITY_RUNTIME_ERROR TXN_SECURITY_APEX_ERROR",
    again("Salesforce did not attempt the record; the daemon tries again."): """
        PROCESSING_HALTED BATCH_PROCESSING_HALTED ALL_OR_NONE_OPERATION_ROLLED_BACK""",
    again("The session had ended; the daemon tries again with a new one.", Reach.ORG): "INVALID_SESSION_ID",
    again("A query took longer than Salesforce keeps its place; the daemon asks again."): "INVALID_QUERY_LOCATOR",
}
"""Errors that pass by themselves."""

SIGN_IN = {
    of_org(
        "The integration user's password has expired: set a new one, and let it never expire (Setup > Users > the "
        "user; Setup > Profiles > the profile > Password Policies).",
        "sign-in",
    ): "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
    of_org(
        f"The integration user may not sign in: unlock or unfreeze it (Setup > Users > the user); {_LOGIN_HISTORY}.",
        "sign-in",
    ): "INVALID_LOGIN PASSWORD_LOCKOUT LOGIN_CHALLENGE_ISSUED LOGIN_CHALLENGE_PENDING LOGIN_MUST_USE_SECURITY_TOKEN",
    of_org(
        "The integration user may not sign in from this address or at this hour: allow it (Setup > Profiles > the "
        f"profile > Login Hours, Login IP Ranges); {_LOGIN_HISTORY}.",
        "sign-in",
    ): "LOGIN_DURING_RESTRICTED_DOMAIN LOGIN_DURING_RESTRICTED_TIME",
    of_org(
        "The app may not be used by the integration user: allow it (Setup > External Client App Manager > the app > "
        "Policies).",
        "sign-in",
    ): """CLIENT_NOT_ACCESSIBLE_FOR_USER CLIENT_REQUIRE_UPDATE_FOR_USER UNSUPPORTED_CLIENT INVALID_CLIENT
        INVALID_AUTH_HEADER MUTUAL_AUTHENTICATION_FAILED""",
    of_org(
        "The org is locked, has expired or has moved: its administrator sees why (Setup > Company Information).",
        "sign-in",
    ): "ORG_LOCKED TRIAL_EXPIRED ORG_NOT_OWNED_BY_INSTANCE ORG_IS_DOT_ORG",
    of_org(
        "A transaction security policy ended the session or asks for a second factor: an administrator can exempt the "
        "integration user (Setup > Transaction Security Policies).",
        "sign-in",
    ): "TXN_SECURITY_END_A_SESSION TXN_SECURITY_TWO_FA_REQUIRED",
    of_org(
        "The org's edition has no API access, or the integration user lacks the permission API Enabled "
        "(Setup > Permission Sets)."
    ): "API_DISABLED_FOR_ORG APEX_REST_SERVICES_DISABLED",
    of_org(
        "The integration user may only read: give it a licence that writes (Setup > Users > the user > User License)."
    ): "INVALID_READ_ONLY_USER_DML",
    of_org("This API version is retired: set salesforce.api_version in settings.yaml to a newer one."): """
        UNSUPPORTED_API_VERSION""",
}
"""Errors of the sign-in, the user, the edition: they reach the whole org."""

OBJECTS = {
    of_object(
        "The org's storage is full: an administrator can free some, or buy more (Setup > Storage Usage).", Next.AGAIN
    ): "STORAGE_LIMIT_EXCEEDED",
    of_object(
        "A limit of the org is used up: an administrator sees which (Setup > Company Information, Storage Usage), "
        "and Salesforce can raise it.",
        Next.AGAIN,
    ): "EXCEEDED_QUOTA MAX_LIMIT_EXCEEDED",
    of_object(
        "The org has no licence left for this: an administrator can free or buy one "
        "(Setup > Company Information > User Licenses, Installed Packages).",
        Next.AGAIN,
    ): "LICENSE_LIMIT_EXCEEDED PACKAGE_LICENSE_REQUIRED LICENSING_DATA_ERROR LICENSING_UNKNOWN_ERROR",
    of_object(_PERMISSIONS): "INSUFFICIENT_ACCESS INSUFFICIENT_ACCESS_OR_READONLY",
    of_object(
        "A policy blocks the integration user: an administrator can exempt it (Setup > Transaction Security Policies)."
    ): "TXN_SECURITY_NO_ACCESS TXN_SECURITY_FAIL_CLOSE",
    of_object(
        "The integration user's licence does not allow this object: give it another licence (Setup > Users > the user "
        "> User License)."
    ): "OP_WITH_INVALID_USER_TYPE_EXCEPTION LIGHT_PORTAL_USER_EXCEPTION",
    of_object(
        "The object does not exist, or the integration user cannot see it: create it, or assign the permission set "
        "(Setup > Object Manager, Permission Sets)."
    ): "INVALID_TYPE",
    # An upsert creates a missing record, so NOT_FOUND is about the object or its external ID field.
    of_object(
        "The object or its external ID field does not exist, or the integration user cannot see it: create it, or "
        "assign the permission set (Setup > Object Manager, Permission Sets)."
    ): "NOT_FOUND",
    of_object("The object cannot be written in this way: name another one in settings.yaml."): """
        METHOD_NOT_ALLOWED INVALID_TYPE_FOR_OPERATION BIG_OBJECT_UNSUPPORTED_OPERATION""",
    of_object(
        "The feature is switched off in the org: an administrator can switch it on (Setup > Notes Settings, Files, "
        "Chatter Settings)."
    ): "FUNCTIONALITY_NOT_ENABLED FEED_NOT_ENABLED_FOR_OBJECT NOT_ENABLED",
    of_object(
        "The org does not take such files: an administrator can allow them (Setup > File Upload and Download Security)."
    ): "HTML_FILE_UPLOAD_NOT_ALLOWED FILE_EXTENSION_NOT_ALLOWED NO_ATTACHMENT_PERMISSION",
}
"""Errors of storage, permissions and features: they reach all records of an object."""
