"""Decides which components to deploy to an org, and names the differences left in place."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from daemon.salesforce.setup.components import NOTES_LIST, PERMISSION_SET, Component, shipped
from daemon.salesforce.setup.xml import element

Found = Mapping[tuple[str, str], Component]
# Attributes that an existing field must have for the sync to be exactly-once; all others are the org's own.
_FIXED = {"CustomField": {"Text": ("externalId", "unique"), "MasterDetail": ("reparentableMasterDetail",)}}
_COMPARED = ("type", "length", "precision", "scale", "referenceTo")
_GRANTS = {"fieldPermissions": "field", "objectPermissions": "object", "tabSettings": "tab"}


@dataclass(frozen=True)
class Plan:
    """A plan of a setup.

    ``deploy``: components that go to the org as one; ``steps``: what the deployment does, in words; ``left``: what
    differs and stays, in words; ``keys_lost``: objects that exist without their external ID.
    """

    deploy: tuple[Component, ...]
    steps: tuple[str, ...]
    left: tuple[str, ...]
    keys_lost: tuple[str, ...]


def plan(found: Found, *, notes: bool) -> Plan:
    """Return the plan for an org with these components; ``notes``: whether Notes are switched on there."""
    deploy: list[Component] = []
    steps: list[str] = []
    left: list[str] = []
    created = {one.name for one in shipped() if one.type == "CustomObject" and (one.type, one.name) not in found}
    for ours in shipped():
        theirs = found.get((ours.type, ours.name))
        if theirs is None or (ours.type == "Layout" and ours.object in created):
            deploy.append(ours if notes or ours.type != "Layout" else _without_notes(ours))
            if ours.object not in created or ours.type in {"CustomObject", "CustomTab"}:
                steps.append(f"create the {ours.words}{_size(ours) if ours.type == 'CustomObject' else ''}")
            continue
        fixed, words = _granted(ours, theirs, found) if ours.type == "PermissionSet" else _fixed(ours, theirs)
        if fixed is not None:
            deploy.append(fixed)
            steps += words
        left += _differences(ours, theirs)
    if not notes:
        left.append(
            "Notes are switched off in this org (Setup > Notes Settings), so the page layout has no list of them; "
            "until they are on, set salesforce.note.type to note"
        )
    keys_lost = tuple(
        one.object
        for one in deploy
        if one.name.endswith(".Magento_Id__c") and one.object not in created and (one.type, one.name) not in found
    )
    return Plan(tuple(deploy), tuple(steps), tuple(left), keys_lost)


def _size(ours: Component) -> str:
    parts = [one for one in shipped() if one.object == ours.name]
    fields = sum(one.type == "CustomField" for one in parts)
    return f" with its {fields} fields, list views and page layout"


def _without_notes(layout: Component) -> Component:
    content = [part for part in layout.content if part.findtext("relatedList") != NOTES_LIST]
    return Component(layout.type, layout.name, tuple(content))


def _fixed(ours: Component, theirs: Component) -> tuple[Component | None, list[str]]:
    """Return the org's own field with fixes to just the attributes against doubled or rejected records."""
    wanted = _FIXED.get(ours.type, {}).get(ours.text("type") or "", ())
    wrong = [name for name in wanted if ours.text(name) == "true" and theirs.text(name) != "true"]
    if not wrong or ours.text("type") != theirs.text("type"):
        return None, []
    content = [deepcopy(part) for part in theirs.content if part.tag not in wrong]
    content += [element(name, "true") for name in wrong]
    words = {"externalId": "an external ID", "unique": "unique", "reparentableMasterDetail": "reparentable"}
    said = " and ".join(words[name] for name in wrong)
    return Component(theirs.type, theirs.name, tuple(content)), [f"make the {ours.words} {said} again"]


def _granted(ours: Component, theirs: Component, found: Found) -> tuple[Component | None, list[str]]:
    """Return the org's own permission set with our grants added, because a deployment replaces the whole set."""
    content = {_key(part): deepcopy(part) for part in theirs.content}
    steps: list[str] = []
    for part in ours.content:
        if part.tag not in _GRANTS or _is_implied(part, found):
            continue
        there = content.get(_key(part))
        if there is None:
            content[_key(part)] = part
        elif not _raise_to(there, part):
            continue
        steps.append(f"grant {_key(part)[1]} in the permission set {PERMISSION_SET}")
    return (Component(theirs.type, theirs.name, tuple(content.values())), steps) if steps else (None, [])


def _key(part: Element) -> tuple[str, str]:
    name = part.findtext(_GRANTS.get(part.tag, "name")) or part.findtext("*") or part.text or ""
    return part.tag, name


def _is_implied(part: Element, found: Found) -> bool:
    """Return whether the grant is implied: Salesforce rejects grants for required and master-detail fields."""
    field = found.get(("CustomField", part.findtext("field") or ""))
    return field is not None and (field.text("required") == "true" or field.text("type") == "MasterDetail")


def _raise_to(there: Element, part: Element) -> bool:
    """Add our rights to a grant, without taking others away; return whether the grant has changed."""
    changed = False
    for right in part:
        current = there.find(right.tag)
        if right.text == "true" and current is not None and current.text != "true":
            current.text = "true"
            changed = True
        elif right.text == "true" and current is None:
            there.append(element(right.tag, "true"))
            changed = True
    return changed


def _differences(ours: Component, theirs: Component) -> Iterable[str]:
    if ours.type != "CustomField":
        return
    for name in _COMPARED:
        ours_is, theirs_is = ours.text(name), theirs.text(name)
        if ours_is is not None and ours_is != theirs_is:
            yield f"{ours.words} is left as the org has it: {name} {theirs_is or 'none'}, by default {ours_is}"
