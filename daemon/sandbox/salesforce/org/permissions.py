"""Who may see what: what deployments made is nobody's until an assigned permission set grants it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from daemon.sandbox.salesforce.org.metadata_xml import text, ticked
from daemon.sandbox.salesforce.org.schema import Field, SObject


@dataclass
class PermissionSet:
    """A permission set by its parts, kept as they were deployed."""

    name: str
    content: list[Element] = field(default_factory=list)

    def grants(self, kind: str, key: str, name: str, right: str) -> bool:
        """Whether it gives this right, e.g. `allowRead` of the `objectPermissions` of an object."""
        return any(part.tag == kind and text(part, key) == name and ticked(part, right) for part in self.content)


class Permissions:
    """What the integration user may see and write.

    `guarded` names the objects and fields (`Object__c.Field__c`) that need a grant. A test hides a field by
    `hidden_fields` and takes its Edit by `read_only_fields`, whatever is granted.
    """

    def __init__(self) -> None:
        self.guarded: set[str] = set()
        self.hidden_fields: set[str] = set()
        self.read_only_fields: set[str] = set()
        self.permission_sets: dict[str, PermissionSet] = {}

    def may(self, assigned: Iterable[str], name: str, right: str) -> bool:
        """Whether the user has this right on an object by the permission sets that are assigned."""
        return name not in self.guarded or any(
            self.permission_sets[one].grants("objectPermissions", "object", name, right) for one in assigned
        )

    def view(self, sobject: SObject, assigned: Iterable[str]) -> SObject:
        """The object as the user sees it: without the fields that are hidden, others perhaps read-only."""
        restricted = self.guarded | self.hidden_fields | self.read_only_fields
        if not any(one.partition(".")[0] == sobject.name for one in restricted):
            return sobject
        names = list(assigned)
        create, edit = (self.may(names, sobject.name, right) for right in ("allowCreate", "allowEdit"))
        fields = []
        for one in sobject.fields:
            full = f"{sobject.name}.{one.name}"
            readable, editable = self._rights(one, full, names)
            if readable:
                created, changed = one.createable and create and editable, one.updateable and edit and editable
                fields.append(replace(one, createable=created, updateable=changed))
        return replace(sobject, fields=tuple(fields))

    def _rights(self, one: Field, full: str, assigned: list[str]) -> tuple[bool, bool]:
        readable = editable = True
        if full in self.guarded and not one.required:  # what is required is everybody's who may see the object
            sets = [self.permission_sets[name] for name in assigned]
            readable = any(each.grants("fieldPermissions", "field", full, "readable") for each in sets)
            editable = any(each.grants("fieldPermissions", "field", full, "editable") for each in sets)
        return readable and full not in self.hidden_fields, editable and full not in self.read_only_fields
