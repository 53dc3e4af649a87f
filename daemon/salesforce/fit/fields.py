"""Finds the misfits between one field and its values, and the right spelling for the field."""

from collections.abc import Iterator
from dataclasses import dataclass

from daemon.mapping import ROOM
from daemon.salesforce.fit.findings import Severity, setup_path
from daemon.salesforce.fit.shapes import FieldShape
from daemon.salesforce.fit.sources import Expected

_TEXTS = frozenset({"string", "textarea", "phone", "url", "encryptedstring", "combobox", "picklist", "multipicklist"})
_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
_KINDS = {"text": "texts", "number": "numbers", "instant": "dates with a time", "flag": "yes or no"}
_INSTANT = 20  # 2026-11-22T08:00:00Z
Spelling = str


@dataclass(frozen=True, slots=True)
class Misfit:
    """A reason why a field does not take all values of its source."""

    severity: Severity
    sentence: str
    hint: str


def spelling_for(shape: FieldShape, expected: Expected) -> Spelling | None:
    """Return ``text``, ``date`` or ``checkbox`` where the field takes another kind of value than the source's."""
    if expected.kind in {"number", "flag"} and shape.type in _TEXTS | {"email"}:
        return "text"
    if expected.kind == "instant" and shape.type == "date":
        return "date"
    if expected.kind == "flag" and shape.type == "boolean":
        return "checkbox"
    return None


def misfits(shape: FieldShape, expected: Expected, name: str) -> Iterator[Misfit]:
    """Yield all misfits between this field and its values. ``name``: the object's."""
    if not _takes(shape, expected):
        remap = f"Change its type ({setup_path(name)}), or map something else to it in settings.yaml"
        if shape.type == "reference":
            remap = "Name the parent by its external ID in settings.yaml (Parent__r.Their_External_Id__c)"
        yield Misfit("error", f"is of the type {shape.type}, which takes no {_KINDS[expected.kind]}",
                     remap)  # fmt: skip
        return
    if shape.type in _NUMBERS:
        yield from _numbers(shape, expected, name)
    elif shape.type in _TEXTS | {"email"}:
        yield from _texts(shape, expected, name)


def _takes(shape: FieldShape, expected: Expected) -> bool:
    """Return whether the field can take such values at all, in the best spelling."""
    if expected.kind == "any":
        return True
    if shape.type in _TEXTS | {"email", "anyType"}:
        return shape.type != "email" or expected.kind == "text"
    if expected.kind == "number":
        return shape.type in _NUMBERS
    if expected.kind == "instant":
        return shape.type in {"datetime", "date"}
    if expected.kind == "flag":
        return shape.type == "boolean" or shape.type in _NUMBERS
    return False


def _numbers(shape: FieldShape, expected: Expected, name: str) -> Iterator[Misfit]:
    if expected.kind != "number":
        return
    where = f"Change its length or decimal places ({setup_path(name)}), or map it to another field"
    # A whole-number type tells its room in digits, not in precision.
    whole = shape.precision - shape.scale if shape.precision else 18
    if whole < expected.digits:
        yield Misfit("warning", f"has {whole} digits before the point: invoices with larger numbers fail", where)
    if shape.scale < expected.decimals:
        yield Misfit("warning", f"has {shape.scale} decimals where Magento keeps {expected.decimals}: "
                     "Salesforce rounds the rest away", where)  # fmt: skip


def _texts(shape: FieldShape, expected: Expected, name: str) -> Iterator[Misfit]:
    longer = f"Make it longer ({setup_path(name)}), or map a shorter value to it"
    length = _INSTANT if expected.kind == "instant" else expected.length
    exact = expected.exact or expected.kind == "instant"
    if shape.type in {"picklist", "multipicklist"}:
        yield from _picklist(shape, expected, name)
    elif exact and shape.length < length:
        yield Misfit("error", f"has room for {shape.length} characters, and all values have {length}", longer)
    elif shape.name in ROOM and expected.kind == "text":
        if shape.length < ROOM[shape.name]:
            sentence = f"has room for {shape.length} characters: longer texts are cut to it, with a mark"
            yield Misfit("warning", sentence, longer)
    elif shape.length < length:
        sentence = f"has room for {shape.length} characters: longer texts make their invoice fail"
        yield Misfit("warning", sentence, longer)
    if shape.type == "email" and expected.kind == "text" and not expected.address:
        yield Misfit("warning", "takes e-mail addresses only: any other text makes its invoice fail",
                     f"Make it a text field ({setup_path(name)}), or map an address to it")  # fmt: skip


def _picklist(shape: FieldShape, expected: Expected, name: str) -> Iterator[Misfit]:
    if not shape.restricted:
        return
    missing = [value for value in expected.values if value not in shape.values]
    inactive = [value for value in missing if value in shape.inactive]
    if missing:
        what = f"{', '.join(missing)} ({'inactive' if inactive == missing else 'missing'})"
        none = len(missing) == len(expected.values)
        yield Misfit("error" if none else "warning", f"is a restricted picklist without {what}: such invoices fail",
                     f"Add and activate the value ({setup_path(name)}), or let it take other values")  # fmt: skip
    elif not expected.values and expected.length != 3:
        yield Misfit("warning", "is a restricted picklist: other values make their invoice fail",
                     f"Let it take other values ({setup_path(name)}), or map another field")  # fmt: skip
