"""Asks Salesforce to describe the objects that the settings name: one call per object."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daemon.errors import SideDenied
from daemon.mapping import InvoiceMapping
from daemon.salesforce.connection import Connection
from daemon.salesforce.fit.shapes import ObjectShape, shape_of
from daemon.settings import Settings


@dataclass(frozen=True, slots=True)
class OrgShape:
    """The described objects by name.

    None stands for an object that does not exist, or that this user may not see.
    """

    objects: Mapping[str, ObjectShape | None] = field(default_factory=dict)

    def get(self, name: str) -> ObjectShape | None:
        """Return the object with this name."""
        return self.objects.get(name)


def describe_org(connection: Connection, settings: Settings, *, before: Callable[[], None] = lambda: None) -> OrgShape:
    """Describe all objects of the settings, and the parents in their mapping.

    ``before`` is called before each call. SideDenied when no object is missing, but the address or the API version is
    wrong.
    """
    found: dict[str, ObjectShape | None] = {}
    for name in _written(settings):
        before()
        found[name] = _describe(connection, name)
        if found[name] is None and len(found) == 1:
            before()
            connection.call("")  # fails too where nothing is at this address, whatever object is named
    mapping = InvoiceMapping(settings)
    for child, fields in (
        (settings.salesforce.invoice.object, mapping.invoice_sources),
        (settings.salesforce.item.object or "", mapping.item_sources),
    ):
        shape = found.get(child)
        for key in fields if shape else ():
            relationship, dot, _ = key.partition(".")
            leads = shape.related(relationship) if shape and dot else None
            for parent in leads.reference_to[:1] if leads else ():
                if parent not in found:
                    before()
                    found[parent] = _describe(connection, parent)
    return OrgShape(found)


def _written(settings: Settings) -> list[str]:
    """Return the names of the objects that these settings write to, the invoice's first."""
    salesforce = settings.salesforce
    names = [salesforce.invoice.object, salesforce.item.object]
    if settings.invoices.synchronize_notes:
        names.append(salesforce.comment.object)
        names += ["Note"] if salesforce.note.type == "note" else ["ContentNote", "ContentDocumentLink"]
    return list(dict.fromkeys(name for name in names if name is not None))


def _describe(connection: Connection, name: str) -> ObjectShape | None:
    try:
        body = connection.call(f"sobjects/{name}/describe")
    except SideDenied as error:
        if not (error.missing or error.of_object):
            raise
        return None
    return shape_of(body, name)
