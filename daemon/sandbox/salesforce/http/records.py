"""Creates, reads, updates, upserts and deletes single records over REST, by id or by external ID."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from daemon.sandbox.salesforce.http.wire import Answer, wire_value
from daemon.sandbox.salesforce.org import ApiError, Field, Org, Row, SObject
from daemon.sandbox.salesforce.org.errors import not_found
from daemon.sandbox.salesforce.org.ids import normal_id


@dataclass(frozen=True, slots=True)
class RecordCall:
    """One call below `/sobjects`; `path` is `[X]`, `[X, id]` or `[X, external ID field, value]`."""

    version: str
    method: str
    path: Sequence[str]
    body: Mapping[str, object] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)


def answer_record(org: Org, call: RecordCall) -> Answer:
    """Answer a call, or a node of a graph, which gets the same answer."""
    try:
        with org.mutex:  # also for reading: no call sees the uncommitted writes of another one
            return _answer(org, call, org.sobject(call.path[0]))
    except ApiError as error:
        return Answer.with_error(error)


def _answer(org: Org, call: RecordCall, sobject: SObject) -> Answer:
    match call.path[1:]:
        case [] if call.method == "POST":
            return _created(sobject, call, org.create(sobject.name, call.body))
        case [record_id] if call.method in {"GET", "PATCH", "DELETE"}:
            return _by_id(org, call, sobject, record_id)
        case [record_id, blob] if call.method == "GET" and _holds_blob(sobject, blob):
            return _blob(org, sobject, record_id, blob)
        case [field_name, value] if call.method in {"GET", "PATCH", "DELETE"}:
            return _by_key(org, call, sobject, (_key(sobject, field_name), value))
        case _:
            message = f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE"
            raise ApiError("METHOD_NOT_ALLOWED", message, fields=None, status=405)


def record_url(version: str, name: str, record_id: str) -> str:
    """Return the address of a record, as in answers."""
    return f"/services/data/{version}/sobjects/{name}/{record_id}"


def _by_id(org: Org, call: RecordCall, sobject: SObject, record_id: str) -> Answer:
    normal = normal_id(record_id)
    if normal is None:  # Salesforce takes any other text for the value of a key
        raise not_found(f"Provided external ID field does not exist or is not accessible: {record_id}")
    if call.method == "PATCH":
        org.update(sobject.name, normal, call.body)
        return Answer(204)
    if call.method == "DELETE":
        org.erase(sobject.name, normal)
        return Answer(204)
    row = org.row(sobject.name, normal)
    if row is None:
        if org.was_deleted(sobject.name, normal):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", fields=None, status=404)
        raise not_found()
    return Answer(200, _shown(sobject, call, row))


def _by_key(org: Org, call: RecordCall, sobject: SObject, key: tuple[Field, str]) -> Answer:
    key_field, value = key
    with org.transaction():  # no other call creates the record between the look-up and the write
        found = org.ids_with(sobject.name, key_field.name, value)
        if len(found) > 1:
            return Answer(300, [record_url(call.version, sobject.name, record_id) for record_id in found])
        if found and call.method == "PATCH":
            org.update(sobject.name, found[0], call.body, key=key_field)
            return _updated(call, found[0])
        if found:
            return _by_id(org, call, sobject, found[0])
        if call.method != "PATCH" or call.arguments.get("updateOnly") == "true":
            raise not_found()
        return _created(sobject, call, org.create(sobject.name, call.body, key=key), created=True)


def _holds_blob(sobject: SObject, name: str) -> bool:
    found = sobject.field(name)
    return found is not None and found.type == "base64"


def _blob(org: Org, sobject: SObject, record_id: str, name: str) -> Answer:
    """Return the bytes of a note: the record itself only gives the address of its content."""
    row = org.row(sobject.name, normal_id(record_id) or "")
    if row is None:
        raise not_found()
    return Answer(200, str(row.get(sobject.by_name[name.lower()].name) or "").encode())


def _key(sobject: SObject, name: str) -> Field:
    found = sobject.field(name)
    if found is None or not found.external_id:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return found


def _created(sobject: SObject, call: RecordCall, record_id: str, **more: object) -> Answer:
    body = {"id": record_id, "success": True, "errors": [], **more}
    return Answer(201, body, {"Location": record_url(call.version, sobject.name, record_id)})


def _updated(call: RecordCall, record_id: str) -> Answer:
    if float(call.version.removeprefix("v")) < 46:  # up to v45 the answer to an upsert that updated did not have the id
        return Answer(204)
    return Answer(200, {"id": record_id, "success": True, "errors": [], "created": False})


def _shown(sobject: SObject, call: RecordCall, row: Row) -> dict[str, object]:
    url = record_url(call.version, sobject.name, str(row["Id"]))
    shown: dict[str, object] = {"attributes": {"type": sobject.name, "url": url}}
    wanted = [name.strip() for name in call.arguments.get("fields", "").split(",") if name.strip()]
    for name in wanted:
        if sobject.field(name) is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}", fields=None)
    names = {name.lower() for name in wanted}
    for column in sobject.fields:
        if not names or column.name.lower() in names or column.type == "id":
            value = wire_value(row.get(column.name))
            shown[column.name] = f"{url}/{column.name}" if column.type == "base64" else value
    return shown
