"""Reads and writes metadata as XML; elements have no namespace in the daemon."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, ParseError, XMLParser, indent, tostring

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def parse(data: bytes) -> Element:
    """Return the tree of a document without its namespaces and attributes; ValueError for a malformed document.

    A document type makes a document malformed: metadata has none, and one could define entities without end.
    """
    text = data.decode()
    if "<!DOCTYPE" in text:
        raise ValueError("it has a document type")
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
    """Return a document of the Metadata API, with elements of one name together, as the API demands."""
    root = Element(tag, xmlns=NAMESPACE)
    root.extend(sorted(children, key=lambda child: child.tag))
    indent(root, "    ")
    text = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def element(tag: str, text: str = "", children: Iterable[Element] = ()) -> Element:
    """Return one element, with its text or its children."""
    made = Element(tag)
    made.text = text or None
    made.extend(children)
    return made
