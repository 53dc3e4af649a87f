"""Salesforce IDs: the 15 characters that tell records apart, and the three that make them safe to compare."""

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def to_18(identifier: str) -> str:
    """The 18-character form: each of three checksum characters says which of five characters are capitals."""
    if len(identifier) != 15:
        return identifier
    suffix = ""
    for start in (0, 5, 10):
        block = identifier[start : start + 5]
        suffix += _LETTERS[sum(1 << index for index, character in enumerate(block) if "A" <= character <= "Z")]
    return identifier + suffix
