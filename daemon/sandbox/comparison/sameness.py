"""Brings values of Magento and Salesforce into one form, so that equal ones compare as equal."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# A shorter text fits into any kind of note. The mark at the end of a cut text is shorter than LONGEST_MARK.
SHORTEST_CUT = 30_000
LONGEST_MARK = 200


def amount_of(raw: object) -> Decimal:
    """Return an amount with the four decimals of both sides."""
    try:
        return Decimal(str(raw if raw is not None else 0)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    except InvalidOperation:
        return Decimal("NaN")


def text_of(raw: object) -> str | None:
    """Return a text without the blanks around it, or None for an empty one."""
    return (str(raw).strip() or None) if raw is not None else None


def instant_of(raw: object) -> datetime | None:
    """Return the instant of Magento's stamp, always in UTC; None for a malformed one."""
    try:
        return datetime.strptime(str(raw), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def normal_text(text: str) -> str:
    """Return a text with line breaks and blanks in one code, without control characters."""
    lines = re.sub(r"\r\n?", "\n", text).replace("\xa0", " ")
    kept = (
        "\ufffd" if unicodedata.category(char) == "Cs" else char
        for char in lines
        if char in "\n\t" or unicodedata.category(char) != "Cc"
    )
    return "".join(kept).strip()


def same_text(wanted: str, shown: str) -> bool:
    """Return whether both texts are equal, or a long one is shown cut, with a mark at its end."""
    shown = normal_text(shown)
    if shown == wanted:
        return True
    if len(wanted) < SHORTEST_CUT or len(shown) >= len(wanted):
        return False
    start = shown[:-LONGEST_MARK]
    return len(start) > SHORTEST_CUT - 2 * LONGEST_MARK and wanted.startswith(start) and not wanted.startswith(shown)
