"""Reads the zip of a deployment: its manifest, and the files of the named components."""

from io import BytesIO
from xml.etree.ElementTree import Element
from zipfile import BadZipFile, ZipFile

from daemon.sandbox.salesforce.org.metadata_xml import Rejected, read_xml, text

_FOLDERS = {
    "Layout": "layouts/{}.layout",
    "CustomTab": "tabs/{}.tab",
    "PermissionSet": "permissionsets/{}.permissionset",
}
_MAX_UNPACKED = 400_000_000


def file_of(kind: str, name: str) -> str:
    """Return a component's file in the zip; parts of an object are in the object's file."""
    return _FOLDERS.get(kind, "objects/{}.object").format(name.partition(".")[0] if kind not in _FOLDERS else name)


class Package:
    """A zip with its manifest; components outside the manifest are not deployed."""

    def __init__(self, data: bytes) -> None:
        try:
            with ZipFile(BytesIO(data)) as file:
                if sum(one.file_size for one in file.infolist()) > _MAX_UNPACKED:
                    raise Rejected("The zip is too large")
                self._files = {name: file.read(name) for name in file.namelist() if not name.endswith("/")}
        except BadZipFile:
            raise Rejected("The zip cannot be read") from None
        if "package.xml" not in self._files:
            raise Rejected("No package.xml found")
        self.members: dict[str, list[str]] = {}
        for types in read_xml(self._files["package.xml"]).findall("types"):
            self.members[text(types, "name")] = [member.text or "" for member in types.findall("members")]

    def document(self, kind: str, name: str) -> Element:
        """Return the component's own file."""
        path = file_of(kind, name)
        if path not in self._files:
            raise Rejected(
                f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
            )
        return read_xml(self._files[path])

    def part(self, kind: str, tag: str, name: str) -> Element:
        """Return a field or list view from its object's file."""
        owner, _, short = name.partition(".")
        for one in self.document("CustomObject", owner).findall(tag):
            if text(one, "fullName") == short:
                return one
        raise Rejected(
            f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
        )
