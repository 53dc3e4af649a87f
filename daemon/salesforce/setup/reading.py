"""Asks the org for the metadata with our names; unlike describe, metadata is independent of permissions."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import requests

from daemon.errors import Busy, SideDenied, Unreachable
from daemon.redaction import Redaction
from daemon.salesforce.connection import Connection
from daemon.salesforce.setup.components import FOLDER, PERMISSION_SET, Component, shipped
from daemon.salesforce.setup.xml import NAMESPACE, parse

# The Metadata API's REST part can deploy but not read, so this one question goes to its SOAP part.
_ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{namespace}">
<e:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader></e:Header>
<e:Body><readMetadata><type>{type}</type>{names}</readMetadata></e:Body></e:Envelope>"""

NEEDED = (
    'For the setup alone the integration user needs the permissions "Modify Metadata Through Metadata API Functions", '
    '"Customize Application" and "Manage Profiles and Permission Sets" (Setup > Permission Sets). Or let an '
    "administrator deploy the same metadata, `sf project deploy start --source-dir force-app` in "
    f"{FOLDER}, and then assign the permission set {PERMISSION_SET} to the integration user."
)


def read_org(connection: Connection) -> dict[tuple[str, str], Component]:
    """Return the org's own versions of the shipped components, by type and name, with four calls."""
    found: dict[tuple[str, str], Component] = {}
    for kind in ("CustomObject", "Layout", "CustomTab", "PermissionSet"):
        for record in _read(connection, kind, [one.name for one in shipped() if one.type == kind]):
            name = record.findtext("fullName") or ""
            inside = {"fields": "CustomField", "listViews": "ListView"} if kind == "CustomObject" else {}
            rest = tuple(part for part in record if part.tag not in {*inside, "fullName"})
            found[kind, name] = Component(kind, name, rest)
            for part in record:
                if part.tag in inside:
                    part_name = f"{name}.{part.findtext('fullName')}"
                    found[inside[part.tag], part_name] = Component(inside[part.tag], part_name, tuple(part))
    return found


def _read(connection: Connection, kind: str, names: Iterable[str]) -> list[Element]:
    spelled = "".join(f"<fullNames>{escape(name)}</fullNames>" for name in names)

    def body(token: str) -> bytes:
        text = _ENVELOPE.format(namespace=NAMESPACE, token=escape(token), type=kind, names=spelled)
        return text.encode()

    response = connection.exchange(
        "POST",
        f"/services/Soap/m/{connection.version}",
        body,
        {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
    )
    return _records(response, connection.redaction)


def _records(response: requests.Response, redaction: Redaction) -> list[Element]:
    try:
        root = parse(response.content)
    except ValueError:
        raise Unreachable(
            f"Salesforce's answer about its metadata ({response.status_code}) cannot be read",
            side="salesforce",
            sent=True,
        ) from None
    fault = root.find("Body/Fault")
    if fault is not None:
        raise _error_of(fault.findtext("faultcode") or "", redaction.heard(fault.findtext("faultstring") or "")[:500])
    records = root.findall("Body/readMetadataResponse/result/records")
    if not response.ok or root.find("Body/readMetadataResponse") is None:
        raise Busy(f"Salesforce answered {response.status_code} when asked for its metadata", side="salesforce")
    return [record for record in records if record.findtext("fullName")]  # a missing component comes as an empty record


def _error_of(code: str, words: str) -> Exception:
    if "INSUFFICIENT_ACCESS" in code or "API_DISABLED" in code:
        return not_allowed(words)
    if "UNSUPPORTED_API_VERSION" in code:
        return SideDenied(
            f"Salesforce does not show its metadata: {words}",
            side="salesforce",
            hint="Set salesforce.api_version to one that the org has.",
        )
    return Busy(f"Salesforce does not show its metadata: {words}", side="salesforce")


def not_allowed(words: str) -> SideDenied:
    """Return the error for a user without the permissions to deploy, with a hint."""
    return SideDenied(
        f"Salesforce does not let the integration user set up objects: {words}", side="salesforce", hint=NEEDED
    )
