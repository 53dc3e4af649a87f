"""Checks the fields between a record and its parent: from an item to its invoice, an invoice to an account."""

from collections.abc import Iterator

from daemon.salesforce.fit.describe import OrgShape
from daemon.salesforce.fit.fields import misfits
from daemon.salesforce.fit.findings import Finding, Part, setup_path
from daemon.salesforce.fit.objects import check_writable
from daemon.salesforce.fit.shapes import FieldShape, ObjectShape
from daemon.salesforce.fit.shipped import create_or_show, let_write, or_by_setup
from daemon.salesforce.fit.sources import Expected
from daemon.settings import Settings


def check_parent_key(
    shape: OrgShape, described: ObjectShape, relationship: str, key: str, expected: Expected
) -> Iterator[Finding]:
    """Check that a field like ``Account__r.Magento_Customer_Id__c`` leads to parents with such a key."""
    leads = described.related(relationship)
    name = f"{relationship}.{key}"
    if leads is None:
        sentence = f"leads nowhere: no field has the relationship {relationship}, or the integration user cannot see it"
        yield Finding(
            "error",
            described.name,
            name,
            sentence,
            f"{create_or_show(described.name, name)}; or correct the name in settings.yaml",
        )
        return
    yield from check_writable(described, leads)
    if len(leads.reference_to) != 1:
        sentence = f"can refer to {len(leads.reference_to)} objects, and a parent can be found in one alone"
        yield Finding("error", described.name, name, sentence, "Map a field that refers to one object")
        return
    parent = shape.get(leads.reference_to[0])
    if parent is None:
        sentence = f"leads to {leads.reference_to[0]}, which the integration user cannot see"
        yield Finding("error", described.name, name, sentence, create_or_show(leads.reference_to[0]))
        return
    field = parent.field(key)
    if field is None:
        yield Finding(
            "error",
            parent.name,
            key,
            "does not exist, or the integration user cannot see it",
            create_or_show(parent.name, key),
        )
    elif not (field.external_id or field.id_lookup):
        sentence = "is not an External ID: parents cannot be found by it"
        yield Finding("error", parent.name, field.name, sentence, f"Tick External ID ({setup_path(parent.name)})")
    else:
        for misfit in misfits(field, expected, parent.name):
            yield Finding(misfit.severity, parent.name, field.name, misfit.sentence, misfit.hint)


def check_child_parent(
    described: ObjectShape, parent: str, refers_to: str, *, part: Part = "invoices"
) -> FieldShape | Finding:
    """Return the field from the record to its invoice, or the finding against this field."""
    field = described.field(parent)
    where = setup_path(described.name)
    if field is None:
        sentence = "does not exist, or the integration user cannot see it; the field hangs the record on its invoice"
        return Finding("error", described.name, parent, sentence, create_or_show(described.name, parent), part)
    if field.type != "reference" or refers_to.lower() not in {name.lower() for name in field.reference_to}:
        shown = ", ".join(field.reference_to) or f"the type {field.type}"
        sentence = f"does not refer to {refers_to} but to {shown}"
        return Finding(
            "error", described.name, field.name, sentence, f"Name the right field in settings.yaml ({where})", part
        )
    if not field.createable:
        grant = let_write(described.name, field.name)
        return Finding("error", described.name, field.name, "is read-only for the integration user", grant, part)
    return field


def check_item_parent(described: ObjectShape | None, settings: Settings) -> Iterator[Finding]:
    """Check an item's parent field.

    An item is upserted with its invoice as parent. Where the parent may not be changed, only new items name it.
    """
    if described is None:
        return
    salesforce = settings.salesforce
    found = check_child_parent(described, salesforce.item.parent, salesforce.invoice.object)
    if isinstance(found, Finding):
        yield found
    elif not found.updateable and found.nillable:
        yield Finding(
            "error",
            described.name,
            found.name,
            "can be set on a new record only, and may be empty then",
            let_write(described.name, found.name),
        )
    elif not found.updateable:
        yield Finding(
            "warning",
            described.name,
            found.name,
            "cannot be changed once it is set: only new items name their invoice, which costs more calls once the "
            "state was cleared",
            f"Allow reparenting ({setup_path(described.name)}){or_by_setup(described.name, found.name)}",
        )
