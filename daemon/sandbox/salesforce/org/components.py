"""Deploys single components: objects, fields, views, tabs, layouts and permission sets, or rejects them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol
from xml.etree.ElementTree import Element

from daemon.sandbox.salesforce.org.metadata_xml import Rejected, field_of, name_field_of, text
from daemon.sandbox.salesforce.org.package import Package
from daemon.sandbox.salesforce.org.permissions import PermissionSet
from daemon.sandbox.salesforce.org.schema import Field, Row, SObject

NOTES_LIST = "RelatedContentNoteList"
OBJECT_PARTS = "parts of a CustomObject"


class Metadata(Protocol):
    """The parts of the org for a deployment."""

    objects: dict[str, SObject]
    hidden: set[str]
    guarded: set[str]
    permission_sets: dict[str, PermissionSet]
    components: dict[tuple[str, str], Element]
    children_names: dict[str, str]
    reject_component: Callable[[str, str], str | None]

    def rows(self, name: str) -> list[Row]:
        """Return every record of an object."""

    def put_object(self, sobject: SObject) -> None:
        """Add this object, or replace its definition."""

    def new_object(self, name: str, label: str, name_field: Field) -> SObject:
        """Return a new object with the fields of every object."""


def deploy_component(org: Metadata, package: Package, kind: str, name: str) -> None:
    """Deploy one component of the package; raise Rejected with the platform's message."""
    problem = org.reject_component(kind, name)
    if problem:
        raise Rejected(problem)
    _STEPS[kind](org, package, name)


def misfits(org: Metadata) -> Iterable[tuple[str, str]]:
    """Yield the objects whose sharing does not fit their fields, with the reason, after all are deployed."""
    for (kind, name), root in org.components.items():
        if kind != "CustomObject" or name not in org.objects:
            continue
        detail = any(one.master for one in org.objects[name].fields)
        by_parent = text(root, "sharingModel") == "ControlledByParent"
        if detail and not by_parent:
            yield name, "Cannot set sharingModel on a CustomObject with a MasterDetail relationship field"
        if by_parent and not detail:
            yield name, "ControlledByParent needs a MasterDetail relationship field"


def _object(org: Metadata, package: Package, name: str) -> None:
    root = package.document("CustomObject", name)
    if name not in org.objects:
        name_field = root.find("nameField")
        if name_field is None or not text(root, "label"):
            raise Rejected("Must specify a nameField of type Text or AutoNumber")
        org.put_object(org.new_object(name, text(root, "label"), name_field_of(name_field)))
        org.guarded.add(name)
        # The platform gives every new object a layout, named after the label.
        org.components["Layout", f"{name}-{text(root, 'label')} Layout"] = Element("Layout")
    org.components["CustomObject", name] = root


def _object_parts(org: Metadata, package: Package, name: str) -> None:
    """Add the fields and views in an object's file, after all objects, which refer to each other."""
    root = package.document("CustomObject", name)
    for one in root.findall("fields"):
        _put_field(org, name, one)
    for one in root.findall("listViews"):
        org.components["ListView", f"{name}.{text(one, 'fullName')}"] = one


def _field(org: Metadata, package: Package, name: str) -> None:
    _put_field(org, name.partition(".")[0], package.part("CustomField", "fields", name))


def _put_field(org: Metadata, owner: str, element: Element) -> None:
    if owner not in org.objects:
        raise Rejected(f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}")
    new, sobject = field_of(element), org.objects[owner]
    old, full = sobject.field(new.name), f"{owner}.{new.name}"
    if old is None:
        if new.master:
            _demand_detail(org, owner, element)
        org.guarded.add(full)
        org.put_object(replace(sobject, fields=(*sobject.fields, new)))
        return
    if old.type != new.type:
        raise Rejected(f"Cannot change the type of the field {full}")
    if new.unique and not old.unique:
        values = [row.get(new.name) for row in org.rows(owner) if row.get(new.name) is not None]
        if len(values) != len({str(value).casefold() for value in values}):
            raise Rejected(f"{new.name}: Cannot be unique: duplicate values exist in the records of {owner}")
    org.put_object(replace(sobject, fields=tuple(new if one is old else one for one in sobject.fields)))


def _demand_detail(org: Metadata, owner: str, element: Element) -> None:
    if org.rows(owner):
        raise Rejected("Cannot add a master-detail field to an object that has records")
    target, children = text(element, "referenceTo"), text(element, "relationshipName")
    if target not in org.objects:
        raise Rejected(f"referenceTo value of '{target}' does not resolve to a valid sObject type")
    if org.children_names.get(f"{target}.{children}", owner) != owner:
        label = org.objects[target].label
        raise Rejected(f"There is already a Child Relationship named {children} on {label}.")
    org.children_names[f"{target}.{children}"] = owner


def _list_view(org: Metadata, package: Package, name: str) -> None:
    element, owner = package.part("ListView", "listViews", name), name.partition(".")[0]
    if owner not in org.objects:
        raise Rejected(f"Parent entity failed to deploy: {owner}")
    for column in element.findall("columns"):
        column_name = (column.text or "").strip()
        if column_name != "NAME" and org.objects[owner].field(column_name) is None:
            raise Rejected(f"Could not resolve list view column: {column_name}")
    org.components["ListView", name] = element


def _tab(org: Metadata, package: Package, name: str) -> None:
    if name not in org.objects:
        raise Rejected(f"In field: customObject - no CustomObject named {name} found")
    org.components["CustomTab", name] = package.document("CustomTab", name)


def _layout(org: Metadata, package: Package, name: str) -> None:
    root, owner = package.document("Layout", name), name.partition("-")[0]
    if owner not in org.objects:
        raise Rejected(f"Parent entity failed to deploy: {owner}")
    for item in root.findall("layoutSections/layoutColumns/layoutItems/field"):
        if org.objects[owner].field((item.text or "").strip()) is None:
            raise Rejected(f"In field: field - no CustomField named {owner}.{item.text} found")
    for related in root.findall("relatedLists"):
        target = text(related, "relatedList")
        child, _, key = target.partition(".")
        known = child in org.objects and org.objects[child].field(key) is not None if key else True
        if not known or (target == NOTES_LIST and "ContentNote" in org.hidden):
            raise Rejected(f"Cannot find related list: {target}")
    org.components["Layout", name] = root


def _permission_set(org: Metadata, package: Package, name: str) -> None:
    root = package.document("PermissionSet", name)
    for part in root.findall("fieldPermissions"):
        full = text(part, "field")
        owner, _, short = full.partition(".")
        found = org.objects[owner].field(short) if owner in org.objects else None
        if found is None:
            raise Rejected(f"In field: field - no CustomField named {full} found")
        if found.required:
            raise Rejected(f"You cannot deploy to a required field: {full}")
    for part in root.findall("objectPermissions"):
        if text(part, "object") not in org.objects:
            raise Rejected(f"In field: object - no CustomObject named {text(part, 'object')} found")
    for part in root.findall("tabSettings"):
        if ("CustomTab", text(part, "tab")) not in org.components:
            raise Rejected(f"In field: tab - no CustomTab named {text(part, 'tab')} found")
    org.permission_sets[name] = PermissionSet(name, [part for part in root if part.tag != "fullName"])


_STEPS: dict[str, Callable[[Metadata, Package, str], None]] = {
    "CustomObject": _object,
    OBJECT_PARTS: _object_parts,
    "CustomField": _field,
    "ListView": _list_view,
    "CustomTab": _tab,
    "Layout": _layout,
    "PermissionSet": _permission_set,
}
