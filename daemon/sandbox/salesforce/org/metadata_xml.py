"""Reads the XML of the Metadata API safely, and turns fields from it and into it."""

import re
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, XMLParser, tostring

from daemon.sandbox.salesforce.org.schema import Field, FieldType

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_TYPES: Mapping[str, FieldType] = {
    "Text": "string",
    "LongTextArea": "textarea",
    "TextArea": "textarea",
    "Email": "email",
    "Url": "url",
    "Picklist": "picklist",
    "Number": "double",
    "Checkbox": "boolean",
    "DateTime": "datetime",
    "MasterDetail": "reference",
    "Lookup": "reference",
}
_LENGTHS = {"Email": 80, "Url": 255, "Picklist": 255, "TextArea": 255, "MasterDetail": 18, "Lookup": 18}
_NAMES: Mapping[FieldType, str] = {
    "string": "Text", "email": "Email", "url": "Url", "picklist": "Picklist", "double": "Number",
    "boolean": "Checkbox", "datetime": "DateTime",
}  # fmt: skip


class Rejected(Exception):  # noqa: N818
    """A component is rejected, with the platform's message."""


def read_xml(data: bytes) -> Element:
    """Return the tree of a document, names without their namespaces. Document types, and so entities, are rejected."""
    try:
        text = data.decode()
        if "<!DOCTYPE" in text:
            raise Rejected("Error parsing file: DOCTYPE is disallowed")
        parser = XMLParser()  # noqa: S314  (without a document type there are no entities to expand)
        parser.feed(text)
        root = parser.close()
    except (UnicodeDecodeError, ParseError) as error:
        raise Rejected(f"Error parsing file: {error}") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def field_of(element: Element) -> Field:
    """Return the field of a `CustomField`."""
    name, kind = text(element, "fullName"), text(element, "type")
    if kind not in _TYPES:
        raise Rejected(f"Invalid field type: {kind or 'none'}")
    _check_size(name, kind, element)
    reference = _TYPES[kind] == "reference"
    return Field(
        name=name,
        label=text(element, "label"),
        type=_TYPES[kind],
        length=_LENGTHS.get(kind) or number(element, "length"),
        precision=number(element, "precision"),
        scale=number(element, "scale"),
        required=ticked(element, "required") or kind == "MasterDetail",
        unique=ticked(element, "unique"),
        external_id=ticked(element, "externalId"),
        case_sensitive=ticked(element, "caseSensitive"),
        defaulted=kind == "Checkbox",
        values=tuple(text(value, "fullName") for value in element.findall("valueSet/valueSetDefinition/value")),
        reference_to=(text(element, "referenceTo"),) if reference else (),
        relationship=name.removesuffix("__c") + "__r" if reference else "",
        master=kind == "MasterDetail",
        reparentable=ticked(element, "reparentableMasterDetail"),
    )


def name_field_of(element: Element) -> Field:
    """Return the field Name of an object by its `nameField`."""
    pattern = re.sub(r"\{(0+)\}", lambda zeros: f"{{:0{len(zeros[1])}d}}", text(element, "displayFormat"))
    given = text(element, "type") != "AutoNumber"
    return Field(
        name="Name",
        label=text(element, "label"),
        length=80,
        defaulted=True,
        createable=given,
        updateable=given,
        auto_number="" if given else pattern,
    )


def element_of(field: Field, children_name: str) -> Element:
    """Return the element `fields` for this field of an object."""
    root = Element("fields")
    values: dict[str, object] = {"fullName": field.name, "externalId": field.external_id, "label": field.label}
    if field.type == "reference":
        values |= {"type": "MasterDetail" if field.master else "Lookup", "referenceTo": field.reference_to[0]}
        values |= {"relationshipName": children_name, "reparentableMasterDetail": field.reparentable}
    elif field.type == "textarea":
        values |= {"type": "LongTextArea" if field.length > 255 else "TextArea"}
        values |= {"length": field.length, "visibleLines": 5} if field.length > 255 else {"required": field.required}
    else:
        values |= {"type": _NAMES[field.type]}
    if field.type in {"string", "double"}:
        values |= {"required": field.required, "unique": field.unique}
    if field.type == "string":
        values |= {"length": field.length} | ({"caseSensitive": field.case_sensitive} if field.unique else {})
    if field.type == "double":
        values |= {"precision": field.precision, "scale": field.scale}
    for name, value in values.items():
        SubElement(root, name).text = str(value).lower() if isinstance(value, bool) else str(value)
    if field.values:
        definition = SubElement(SubElement(root, "valueSet"), "valueSetDefinition")
        for value in field.values:
            SubElement(SubElement(definition, "value"), "fullName").text = value
    return root


def spell_xml(tag: str, children: Iterable[Element]) -> str:
    """Return one record of an answer as XML."""
    root = Element(tag)
    root.extend(children)
    return tostring(root, encoding="unicode")


def text(element: Element, name: str) -> str:
    """Return the text of a child element, empty without one."""
    return (element.findtext(name) or "").strip()


def number(element: Element, name: str) -> int:
    """Return the whole number in a child element, 0 without one."""
    found = text(element, name)
    return int(found) if found.isdigit() else 0


def ticked(element: Element, name: str) -> bool:
    """Return whether a child element is true."""
    return text(element, name) == "true"


def _check_size(name: str, kind: str, element: Element) -> None:
    length, precision = number(element, "length"), number(element, "precision")
    if kind == "Text" and not 1 <= length <= 255:
        raise Rejected(f"{name}: Length must be between 1 and 255")
    if kind == "LongTextArea" and not 256 <= length <= 131_072:
        raise Rejected(f"{name}: Value too large or too small. Length must be between 256 and 131072")
    if kind == "Number" and not 1 <= precision <= 18:
        raise Rejected(f"{name}: Precision must be between 1 and 18")
