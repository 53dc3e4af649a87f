"""Limits for the size of an answer, and its size, found without reading the answer."""

import re
from dataclasses import dataclass

_WIDE = re.compile(rb"[\xc4-\xf4]|\\u")
_WIDEST = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")
# Also a text that does not end: given up, it would be looked for again from each quote in it.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.?)*+"?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for an answer: its bytes, the bytes of an error's answer, its bytes as text, its values.

    The numbers follow from what an answer becomes in memory. 400,000 values take about 120 MB once they are read,
    cleaned and compared, and a text takes four bytes a letter where one of its letters is an emoji. A full page of 300
    invoices of 15 items has 300,000 values, and a comment at most 64 kB. A page that has more is read in halves.
    """

    bytes: int = 16_000_000
    error_bytes: int = 1_000_000
    decoded_bytes: int = 24_000_000
    values: int = 400_000


LIMITS = Limits()


def values_in(content: bytes, enough: int = LIMITS.values) -> int:
    """Return the number of values and names in this JSON, at most, found without reading the JSON.

    Each stands after a comma, a colon or a bracket. Signs within texts count too, unless the sum passes ``enough``.
    """
    found = _signs_in(content)
    return found if found <= enough else _signs_in(_TEXT.sub(b"", content))


def decoded_bytes(content: bytes, enough: int = LIMITS.decoded_bytes) -> int:
    """Return how many bytes this JSON may take as one text: every letter takes as many as the widest one needs.

    A content that cannot pass ``enough`` is not looked at.
    """
    if len(content) * 4 <= enough or not _WIDE.search(content):
        return len(content)
    escapes = content.replace(rb"\\", b"").count(rb"\u")  # of six bytes each
    return (len(content) - 5 * escapes) * (4 if _WIDEST.search(content) else 2)


def _signs_in(content: bytes) -> int:
    return sum(map(content.count, (b",", b":", b"[", b"{")))
