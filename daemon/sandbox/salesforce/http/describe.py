"""The API's description of itself: versions, resources, limits, objects and their fields."""

from daemon.sandbox.salesforce.http.options import Options
from daemon.sandbox.salesforce.http.wire import Answer
from daemon.sandbox.salesforce.org import ApiError, Field, Org, SObject

OLDEST_VERSION = 41
NEWEST_VERSION = 68
_SEASONS = ("Winter", "Spring", "Summer")


def list_versions() -> Answer:
    """List every version of the API, oldest first; three are released a year."""
    return Answer(
        200,
        [
            {"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
            for number in range(OLDEST_VERSION, NEWEST_VERSION + 1)
        ],
    )


def list_resources(version: str) -> Answer:
    """List the roots of one version's resources."""
    names = ("composite", "limits", "metadata", "query", "sobjects")
    return Answer(200, {name: f"/services/data/{version}/{name}" for name in names})


def list_limits(options: Options) -> Answer:
    """List the org's limits; a user without "View Setup and Configuration" may not read them."""
    if not options.limits_visible:
        message = "You do not have permission to view this resource."
        raise ApiError("INSUFFICIENT_ACCESS", message, fields=None, status=403)
    remaining = max(0, options.api_limit - options.api_used)
    return Answer(
        200,
        {
            "DailyApiRequests": {"Max": options.api_limit, "Remaining": remaining},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DataStorageMB": {"Max": 1024, "Remaining": 1000},
            "FileStorageMB": {"Max": 1024, "Remaining": 1000},
        },
    )


def list_objects(org: Org, version: str) -> Answer:
    """List the objects visible to the user, without their fields."""
    assigned = org.assigned()
    visible = [
        org.view(sobject, assigned)
        for name, sobject in org.objects.items()
        if name not in org.hidden and org.may(assigned, name, "allowRead")
    ]
    return Answer(
        200,
        {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_summary(sobject, version) for sobject in visible]},
    )


def describe_object(org: Org, name: str, version: str) -> Answer:
    """Describe one object with its fields, without those hidden from the user."""
    sobject = org.sobject(name)
    children = [
        {"childSObject": other.name, "field": field.name, "cascadeDelete": field.master}
        for other in org.objects.values()
        for field in other.fields
        if sobject.name in field.reference_to and other.name not in org.hidden
    ]
    return Answer(
        200,
        {
            **_summary(sobject, version),
            "fields": [_describe_field(field) for field in sobject.fields],
            "childRelationships": children,
            "recordTypeInfos": [],
        },
    )


def _summary(sobject: SObject, version: str) -> dict[str, object]:
    writable = any(field.createable for field in sobject.fields)
    root = f"/services/data/{version}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": f"{sobject.label}s",
        "keyPrefix": sobject.key_prefix,
        "custom": sobject.custom,
        "createable": writable,
        "updateable": writable,
        "deletable": writable,
        "queryable": True,
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": f"{root}/{{ID}}"},
    }


def _describe_field(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length,
        "byteLength": field.length * 3,
        "precision": field.precision,
        "scale": field.scale,
        "digits": 0,
        "nillable": not (field.required or field.type == "boolean"),
        "createable": field.createable,
        "updateable": field.writable,
        "defaultedOnCreate": field.defaulted,
        "custom": field.name.endswith("__c"),
        "externalId": field.external_id,
        "idLookup": field.external_id or field.type == "id",
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "calculated": False,
        "autoNumber": bool(field.auto_number),
        "nameField": field.name == "Name",
        "filterable": field.filterable,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship or None,
        "relationshipOrder": 0 if field.master and field.name.endswith("__c") else None,
        "writeRequiresMasterRead": False,
        "cascadeDelete": field.master,
        "restrictedPicklist": field.type == "picklist",
        "picklistValues": [
            {"value": value, "label": value, "active": True, "defaultValue": False} for value in field.values
        ],
    }


def _label(number: int) -> str:
    # Winter '27 is v68.0, Spring '26 v66.0, Summer '26 v67.0: the year turns with Winter.
    years, season = divmod(number - 35, 3)
    return f"{_SEASONS[season]} '{16 + years}"
