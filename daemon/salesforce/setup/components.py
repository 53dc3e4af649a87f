"""The components in ``daemon/salesforce/metadata``: objects, fields, views, layouts, a tab, a permission set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.etree.ElementTree import Element
from zipfile import ZIP_DEFLATED, ZipFile

from daemon.salesforce.setup.xml import element, parse, spell

FOLDER = Path(__file__).parents[1] / "metadata"
PERMISSION_SET = "Magento_Invoice_Sync"
OBJECTS = ("Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c")
NOTES_LIST = "RelatedContentNoteList"

# Components inside an object's file, by type, with their tag there.
_INSIDE = {"CustomField": "fields", "ListView": "listViews"}
_FOLDERS = {
    "Layout": "layouts/{}.layout",
    "CustomTab": "tabs/{}.tab",
    "PermissionSet": "permissionsets/{}.permissionset",
}
_WORDS = {
    "CustomObject": "object",
    "CustomField": "field",
    "ListView": "list view",
    "Layout": "page layout",
    "CustomTab": "tab of",
    "PermissionSet": "permission set",
}


@dataclass(frozen=True)
class Component:
    """One piece of metadata by its type and full name; a field's name begins with its object's."""

    type: str
    name: str
    content: tuple[Element, ...]

    @property
    def words(self) -> str:
        """Return the component in words."""
        return f"{_WORDS[self.type]} {self.name}"

    @property
    def object(self) -> str:
        """Return the object of the component."""
        return self.name.partition("-" if self.type == "Layout" else ".")[0]

    def text(self, path: str) -> str | None:
        """Return the text at this path of the content."""
        return element("any", children=self.content).findtext(path)


@cache  # shared by all shops of a process, and harmless: the files are part of the package, and nobody changes them
def shipped() -> tuple[Component, ...]:
    """Return all components of ``salesforce setup``, in an order for people."""
    found: list[Component] = []
    for path in sorted(FOLDER.rglob("*-meta.xml")):
        root = parse(path.read_bytes())
        name = path.name.rsplit(".", 2)[0]
        if root.tag in _INSIDE:
            name = f"{path.parents[1].name}.{name}"
        found.append(Component(root.tag, name, tuple(root)))
    places = list(_WORDS)
    order = {name: place for place, name in enumerate(OBJECTS)}
    return tuple(sorted(found, key=lambda one: (places.index(one.type), order.get(one.object, 9), one.name)))


def package(components: Sequence[Component], api_version: str) -> bytes:
    """Return the zip that the Metadata API deploys: these components alone, with the list of them."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as file:
        file.writestr("package.xml", _manifest(components, api_version))
        for name in sorted({one.object for one in components if one.type in {"CustomObject", *_INSIDE}}):
            file.writestr(f"objects/{name}.object", spell("CustomObject", _of_object(components, name)))
        for one in components:
            if one.type in _FOLDERS:
                file.writestr(_FOLDERS[one.type].format(one.name), spell(one.type, one.content))
    return packed.getvalue()


def _of_object(components: Iterable[Component], name: str) -> Iterable[Element]:
    for one in components:
        if one.object != name:
            continue
        if one.type == "CustomObject":
            yield from one.content
        elif one.type in _INSIDE:
            yield element(_INSIDE[one.type], children=one.content)


def _manifest(components: Iterable[Component], api_version: str) -> bytes:
    members: dict[str, list[str]] = {}
    for one in components:
        members.setdefault(one.type, []).append(one.name)
    types = [
        element("types", children=[*(element("members", name) for name in sorted(names)), element("name", kind)])
        for kind, names in sorted(members.items())
    ]
    return spell("Package", [*types, element("version", api_version)])
