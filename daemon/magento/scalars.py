"""The single values in Magento's JSON: texts, numbers and stamps, each as strict as its use needs.

Measured on 2.4.6 to 2.4.8: stamps are UTC without saying so; text is raw, with control characters and even NUL; amounts
come as numbers or as text.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from daemon.errors import RejectedRecord
from daemon.spelling import hash_of, plain_number
from state.values import LARGEST

# Otherwise such a character would end a transaction in SQLite or a note in base64. A newline and a tab are text.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_spelled = json.JSONEncoder(sort_keys=True)


def clean(text: str) -> str:
    """Return the text with one kind of line break, without control characters and lone surrogates."""
    if text.isprintable():  # most texts are, and then need no change
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def digest(value: Any) -> str:
    """Return a digest, equal for equal values in any order of lists and any spelling of numbers."""
    return hash_of(_canonical(value))


def _canonical(value: Any) -> Any:
    if isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        return {str(key): _canonical(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        found = [_canonical(inner) for inner in value]
        return sorted(found, key=_spelled.encode) if len(found) > 1 else found
    if isinstance(value, int) and abs(value) <= LARGEST:
        return str(value)  # as plain_number spells it
    return plain_number(Decimal(value)) if isinstance(value, int | Decimal) else value


def cleaned(value: Any) -> Any:
    """Return the value with clean texts and names."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [cleaned(inner) for inner in value]
    return value


def whole(row: Mapping[str, Any], name: str, complaint: str) -> int:
    """Return a whole number of any size, also one spelled as text; RejectedRecord with this complaint without one."""
    value = row.get(name)
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RejectedRecord(complaint)
    return value


def integer(row: Mapping[str, Any], name: str, complaint: str | None = None) -> int:
    """Return a whole number that the state can keep; RejectedRecord without one."""
    value = whole(row, name, complaint or f"its {name} is missing or not a whole number")
    if not 0 <= value <= LARGEST:  # kept nevertheless, the number would look like damage to a reader
        raise RejectedRecord(f"its {name} is below 0 or too large")
    return value


def integer_or_none(row: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number; RejectedRecord for any other value.

    None where Magento shows nothing.
    """
    value = row.get(name)
    return None if value is None or value == "" else integer(row, name, f"its {name} is not a whole number")


def number_or_none(name: str, value: object) -> Decimal | None:
    """Return an exact amount; RejectedRecord for any value but a number.

    None where Magento shows nothing.
    """
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise RejectedRecord(f"its {name} is not a number")
    return number


def amount(value: str) -> Decimal | str | None:
    """Return the exact amount that a text spells, or else the text: Salesforce judges it where it is mapped."""
    try:
        return number_or_none("", value)
    except RejectedRecord:
        return value


def parse_stamp(row: Mapping[str, Any], name: str) -> datetime | None:
    """Return a stamp; RejectedRecord for any other value.

    None where Magento shows nothing or MySQL's zero date.
    """
    value = row.get(name)
    if value is None or value == "" or str(value).startswith("0000-00-00"):
        return None
    found = parse_stamp_or_none(value)
    if found is None:
        raise RejectedRecord(f"its {name} is not a date and time")
    return found


def parse_stamp_or_none(value: object) -> datetime | None:
    """Return a stamp, if readable: used where a wrong stamp must not hide the other values."""
    text = str(value)
    try:
        if _STAMP.fullmatch(text):  # Magento's spelling; strptime reads more spellings, and takes ten times as long
            return datetime.fromisoformat(text).replace(tzinfo=UTC)
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def text_or_none(value: object) -> str | None:
    """Return the value, if a string."""
    return value if isinstance(value, str) else None
