"""Checks notes and comment records, which keep notes from being doubled; invoices need neither."""

from collections.abc import Iterator

from daemon.notes import ROOM
from daemon.salesforce.fit.describe import OrgShape
from daemon.salesforce.fit.findings import Finding, setup_path
from daemon.salesforce.fit.lookups import check_child_parent
from daemon.salesforce.fit.objects import check_key, check_object, check_required, check_writable
from daemon.salesforce.fit.shapes import ObjectShape
from daemon.salesforce.fit.shipped import create_or_show
from daemon.settings import Settings

_NOTES_OFF = (
    "Switch notes on (Setup > Notes Settings > Enable Notes); in an org without Chatter, switch that on first (Setup > "
    "Chatter Settings), or set salesforce.note.type: note"
)
_WRITTEN = {
    "Body__c": {"string", "textarea"},
    "Commented_At__c": {"datetime"},
    "Customer_Notified__c": {"boolean"},
    "Visible_On_Storefront__c": {"boolean"},
    "Note_Id__c": {"string"},
    "Sync_Fingerprint__c": {"string"},
}
_ROOMS = {"Note_Id__c": 18, "Sync_Fingerprint__c": 32}


def check_notes(shape: OrgShape, settings: Settings, key_length: int) -> Iterator[Finding]:
    """Check that notes and their comment records can be created."""
    salesforce = settings.salesforce
    classic = salesforce.note.type == "note"
    for name in ("Note",) if classic else ("ContentNote", "ContentDocumentLink"):
        described = shape.get(name)
        if described is None:
            sentence = "does not exist: classic notes are off" if classic else "does not exist: enhanced notes are off"
            hint = "Set salesforce.note.type: content_note" if classic else _NOTES_OFF
            yield Finding("error", name, None, sentence, hint, "notes")
        else:
            yield from check_object(described, part="notes", updates=name != "ContentDocumentLink")
    if salesforce.comment.object is not None:
        yield from _check_comments(shape, settings, salesforce.comment.object, key_length)


def _check_comments(shape: OrgShape, settings: Settings, name: str, key_length: int) -> Iterator[Finding]:
    comment = settings.salesforce.comment
    described = shape.get(name)
    if described is None:
        sentence = "does not exist, or the integration user cannot see it; without it a note could be made twice"
        yield Finding("error", name, None, sentence, create_or_show(name), "notes")
        return
    yield from check_object(described, part="notes")
    yield from check_key(described, comment.external_id, key_length, part="notes")
    # Only a new comment record names its parent: comment records are never upserted, and edits leave the parent alone.
    found = check_child_parent(described, comment.parent, settings.salesforce.invoice.object, part="notes")
    if isinstance(found, Finding):
        yield found
    for field in _WRITTEN:
        yield from _check_written(described, field, settings.salesforce.note.type)
    filled = {field.lower() for field in (*_WRITTEN, comment.external_id, comment.parent)}
    yield from check_required(described, filled, part="notes")


def _check_written(described: ObjectShape, name: str, note_type: str) -> Iterator[Finding]:
    field = described.field(name)
    if field is None:
        sentence = "does not exist, or the integration user cannot see it"
        yield Finding("error", described.name, name, sentence, create_or_show(described.name, name), "notes")
        return
    faults = list(check_writable(described, field, part="notes"))
    yield from faults
    if faults:
        return
    where = setup_path(described.name)
    if field.type not in _WRITTEN[name]:
        sentence = f"is of the type {field.type} and must be of {' or '.join(sorted(_WRITTEN[name]))}"
        yield Finding("error", described.name, field.name, sentence, f"Change its type ({where})", "notes")
    elif field.length < _ROOMS.get(name, 0):
        sentence = f"has room for {field.length} characters and needs {_ROOMS[name]}"
        yield Finding("error", described.name, field.name, sentence, f"Make it longer ({where})", "notes")
    elif name == "Body__c" and field.length < ROOM[note_type]:
        sentence = f"has room for {field.length} characters: longer comments fail"
        yield Finding("warning", described.name, field.name, sentence, f"Make it longer ({where})", "notes")
