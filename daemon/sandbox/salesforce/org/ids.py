"""Makes record ids like Salesforce's: a key prefix, a running number, three characters of checksum."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from string import ascii_lowercase, ascii_uppercase, digits

_CHECKSUM = ascii_uppercase + "012345"
_BASE62 = digits + ascii_uppercase + ascii_lowercase
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Z0-5]{3})?")


@lru_cache(maxsize=10_000)
def with_checksum(id15: str) -> str:
    """Lengthen a case-sensitive id to one for programs that ignore case.

    Each checksum character tells the capitals among five characters.
    """
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    return id15 + "".join(
        _CHECKSUM[sum(1 << place for place, char in enumerate(block) if char in ascii_uppercase)] for block in blocks
    )


def normal_id(text: str) -> str | None:
    """Return the 18-character form of an id of either length; None for any other text."""
    if not _ID.fullmatch(text):
        return None
    whole = with_checksum(text[:15])
    return whole if len(text) == 15 or text == whole else None


def ids_from(prefix: str) -> Iterator[str]:
    """Yield new ids of one object. The pod's letters stand between prefix and number, as in a real org."""
    return (with_checksum(f"{prefix}5gX{_base62(number):0>9}") for number in count(1))


def _base62(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = _BASE62[digit] + text
    return text
