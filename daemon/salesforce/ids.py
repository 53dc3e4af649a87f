"""Salesforce IDs: 15 characters tell records apart, and three more make the IDs safe to compare."""

import re

_ID = re.compile("[A-Za-z0-9]{15}([A-Z0-5]{3})?")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def id_of(value: object) -> str:
    """Return the 18-character form of an ID in an answer; ValueError for any other value."""
    if isinstance(value, str) and _ID.fullmatch(value) and (len(value) == 15 or to_18(value[:15]) == value):
        return to_18(value)
    raise ValueError("not a Salesforce ID")


def to_18(identifier: str) -> str:
    """Return the 18-character form of an ID.

    Each of the three added characters says which of five characters are capitals.
    """
    if len(identifier) != 15:
        return identifier
    suffix = ""
    for start in (0, 5, 10):
        block = identifier[start : start + 5]
        suffix += _LETTERS[sum(1 << index for index, character in enumerate(block) if "A" <= character <= "Z")]
    return identifier + suffix
