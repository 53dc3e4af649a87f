"""The platform's own values of a new record."""

from datetime import datetime

from daemon.sandbox.salesforce.org.schema import SObject, Value


def default_values(sobject: SObject, record_id: str, *, number: int, now: datetime) -> dict[str, Value]:
    """Return id, stamps, unticked checkboxes and a name; `number` is the next auto-number."""
    values: dict[str, Value] = {field.name: False if field.type == "boolean" else None for field in sobject.fields}
    values |= {"Id": record_id, "CreatedDate": now, "LastModifiedDate": now, "SystemModstamp": now}
    name = sobject.field("Name")
    if name is not None:  # a record without a name is named by its id
        values["Name"] = name.auto_number.format(number) if name.auto_number else record_id
    if sobject.name == "ContentNote":
        values |= {"FileType": "SNOTE", "LatestPublishedVersionId": "068" + record_id[3:]}
    if sobject.name == "ContentDocumentLink":
        values["Visibility"] = "AllUsers"
    return values
