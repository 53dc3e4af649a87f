"""The user's permissions: new objects and fields need a grant by an assigned permission set."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from daemon.sandbox.salesforce.org.metadata_xml import text, ticked
from daemon.sandbox.salesforce.org.schema import Field, SObject


@dataclass
class PermissionSet:
    """A permission set by its deployed parts."""

    name: str
    content: list[Element] = field(default_factory=list)

    def grants(self, kind: str, key: str, name: str, right: str) -> bool:
        """Return whether the set grants this right, e.g. `allowRead` of the `objectPermissions` of an object."""
        return any(part.tag == kind and text(part, key) == name and ticked(part, right) for part in self.content)


class Permissions:
    """The integration user's permissions to see and to write.

    `guarded` names the objects and fields (`Object__c.Field__c`) that need a grant. Despite any grant, a test hides
    a field by `hidden_fields` and takes its Edit away by `read_only_fields`.
    """

    def __init__(self) -> None:
        self.guarded: set[str] = set()
        self.hidden_fields: set[str] = set()
        self.read_only_fields: set[str] = set()
        self.permission_sets: dict[str, PermissionSet] = {}

    def may(self, assigned: Iterable[str], name: str, right: str) -> bool:
        """Return whether the user has this right on an object by the assigned permission sets."""
        return name not in self.guarded or any(
            self.permission_sets[one].grants("objectPermissions", "object", name, right) for one in assigned
        )

    def view(self, sobject: SObject, assigned: Iterable[str]) -> SObject:
        """Return the object as the user sees it: without hidden fields, some of the others read-only."""
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
        if full in self.guarded and not one.required:  # a required field is visible with its object
            sets = [self.permission_sets[name] for name in assigned]
            readable = any(each.grants("fieldPermissions", "field", full, "readable") for each in sets)
            editable = any(each.grants("fieldPermissions", "field", full, "editable") for each in sets)
        return readable and full not in self.hidden_fields, editable and full not in self.read_only_fields
