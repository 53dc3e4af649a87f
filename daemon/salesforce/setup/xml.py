"""Metadata as XML: read without its namespace, written with it."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, XMLParser, indent, tostring

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def parse(data: bytes) -> Element:
    """The tree of a document without its namespaces and attributes. ValueError when it is none that we take.

    Metadata has no document type, and one could define entities without end.
    """
    text = data.decode()
    if "<!DOCTYPE" in text:
        raise ValueError("a document type is not taken")
    parser = XMLParser()  # noqa: S314  (without a document type there are no entities to expand)
    try:
        parser.feed(text)
        root = parser.close()
    except ParseError as error:
        raise ValueError(str(error)) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib.clear()
    return root


def spell(tag: str, children: Iterable[Element]) -> bytes:
    """A document of the Metadata API. Elements of one name stand together, as it demands."""
    root = Element(tag, xmlns=NAMESPACE)
    root.extend(sorted(children, key=lambda child: child.tag))
    indent(root, "    ")
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def element(tag: str, text: str = "", children: Iterable[Element] = ()) -> Element:
    """One element, with its text or with what is in it."""
    made = Element(tag)
    made.text = text or None
    made.extend(children)
    return made
