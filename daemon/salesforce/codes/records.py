"""Codes of errors of one record: in one of its values, or in another record behind a reference."""

from daemon.salesforce.remedy import aside

VALUES = {
    aside("Map the field in settings.yaml, or make it optional (Setup > Object Manager)."): """
        REQUIRED_FIELD_MISSING MISSING_ARGUMENT""",
    aside("Correct the invoice in Magento, or the validation rule (Setup > Object Manager > Validation Rules)."): """
        FIELD_CUSTOM_VALIDATION_EXCEPTION""",
    aside("Correct the invoice in Magento, or the filter of the lookup field (Setup > Object Manager)."): """
        FIELD_FILTER_VALIDATION_EXCEPTION FILTERED_LOOKUP_LIMIT_EXCEEDED""",
    aside("Make the field longer (Setup > Object Manager), or map a shorter value in settings.yaml."): """
        STRING_TOO_LONG CUSTOM_CLOB_FIELD_LIMIT_EXCEEDED MAX_TASK_DESCRIPTION_EXCEEDED""",
    aside(
        "The number is larger than the field takes: correct the invoice in Magento, or make the field larger "
        "(Setup > Object Manager)."
    ): "NUMBER_OUTSIDE_VALID_RANGE",
    aside("Add the value to the picklist (Setup > Object Manager)."): """
        INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST TOO_MANY_ENUM_VALUE INVALID_STATUS""",
    aside("Correct the address in Magento, or map the field to a text field in settings.yaml."): """
        INVALID_EMAIL_ADDRESS INVALID_INET_ADDRESS""",
    aside(
        "Create the field, or let the integration user see it (Setup > Object Manager, Permission Sets); or remove it "
        "from the mapping in settings.yaml."
    ): "INVALID_FIELD",
    aside(
        "The field cannot be written: let the integration user edit it (Setup > Permission Sets); for the parent of an "
        "item, allow reparenting (Setup > Object Manager)."
    ): "INVALID_FIELD_FOR_INSERT_UPDATE CANNOT_REPARENT_RECORD",
    aside(
        "The field does not take the kind of value that is mapped to it: change its type (Setup > Object Manager), or "
        "the mapping in settings.yaml."
    ): """JSON_PARSER_ERROR FIELD_INTEGRITY_EXCEPTION INVALID_TYPE_ON_FIELD_IN_RECORD INVALID_ARGUMENT_TYPE
        TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET ILLEGAL_QUERY_PARAMETER_VALUE INVALID_INPUT""",
    aside(
        "The field takes a Salesforce ID, and something else is mapped to it: name the parent by its external ID in "
        "settings.yaml."
    ): "MALFORMED_ID INVALID_ID_FIELD CANNOT_RESOLVE_NAME INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD",
    aside("settings.yaml names an object or field that the org does not have."): """
        MALFORMED_QUERY MALFORMED_SEARCH INVALID_SEARCH INVALID_OPERATOR INVALID_QUERY_FILTER_OPERATOR
        EXCEEDED_MAX_SEMIJOIN_SUBSELECTS""",
    aside("The currency is not active in the org (Setup > Company Information > Manage Currencies)."): """
        INVALID_CURRENCY_ISO INVALID_CURRENCY_CONV_RATE INVALID_CURRENCY_CORP_RATE""",
    aside("The record type is not available to the integration user (Setup > Permission Sets > Object Settings)."): """
        UNAVAILABLE_RECORDTYPE_EXCEPTION""",
    aside("The record names more others than Salesforce takes in one call; see the invoice in Magento."): """
        EXCEEDED_ID_LIMIT LIMIT_EXCEEDED OPERATION_TOO_LARGE MAXIMUM_HIERARCHY_LEVELS_REACHED CIRCULAR_DEPENDENCY""",
    aside("The record is larger than Salesforce takes; see the invoice or its comment in Magento."): """
        MAXIMUM_SIZE_OF_ATTACHMENT MAXIMUM_SIZE_OF_DOCUMENT IMAGE_TOO_LARGE FILE_SIZE_LIMIT_EXCEEDED
        INVALID_CONTENT_TYPE""",
    aside("The text has markup that Salesforce does not take; see the comment in Magento."): "INVALID_MARKUP",
    aside("A proxy between this machine and Salesforce changes the calls; it must let them pass."): """
        UNSUPPORTED_MEDIA_TYPE INVALID_BATCH_OPERATION FORBIDDEN""",
}
"""Errors of a value that was sent."""

OTHER_RECORDS = {
    aside(
        "Another record has this value in a unique field: merge them, or let the field take it twice "
        "(Setup > Object Manager)."
    ): "DUPLICATE_VALUE DUPLICATE_MASTER_LABEL DUPLICATE_DEVELOPER_NAME DUPLICATE_USERNAME",
    aside("A duplicate rule blocks the record: exempt the integration user (Setup > Duplicate Rules)."): """
        DUPLICATES_DETECTED""",
    aside(
        "Two records have this external ID: delete one of them, and make the field unique (Setup > Object Manager)."
    ): "DUPLICATE_EXTERNAL_ID",
    aside(
        "The record refers to one that does not exist or that the integration user cannot see: create it, or share it "
        "(Setup > Sharing Settings)."
    ): "INVALID_CROSS_REFERENCE_KEY",
    aside(
        "The record refers to another one that the integration user may not use: share it (Setup > Sharing Settings)."
    ): """INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY CHILD_SHARE_FAILS_PARENT SHARE_NEEDED_FOR_CHILD_OWNER
        INVALID_ACCESS_LEVEL TRANSFER_REQUIRES_READ""",
    aside("The record's owner is inactive: give it another owner, or activate that user (Setup > Users)."): """
        INACTIVE_OWNER_OR_USER INVALID_EMPTY_KEY_OWNER""",
    aside("The record is in the recycle bin: restore it, or empty the bin."): "ENTITY_IS_DELETED",
    aside(
        "The record is locked or archived, for example by an approval: unlock it (Setup > Approval Processes)."
    ): "ENTITY_IS_LOCKED ENTITY_IS_ARCHIVED",
}
"""Errors of another record: a duplicate, a parent, an owner."""
