"""When a value of Magento's and a value of Salesforce's are the same."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

# No text shorter than this has to be cut for any kind of note; the mark at the end of a cut one is short.
SHORTEST_CUT = 30_000
LONGEST_MARK = 200


def amount_of(raw: object) -> Decimal:
    """An amount as the wire has it, with the four decimals that both sides keep."""
    try:
        return Decimal(str(raw if raw is not None else 0)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    except InvalidOperation:
        return Decimal("NaN")


def text_of(raw: object) -> str | None:
    """A text without the blanks around it; an empty one is none."""
    return (str(raw).strip() or None) if raw is not None else None


def instant_of(raw: object) -> datetime | None:
    """Magento's stamp, which is UTC without saying so; None for one that is no instant."""
    try:
        return datetime.strptime(str(raw), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def normal_text(text: str) -> str:
    """What counts of a text: its characters and lines, not how its line breaks and blanks are coded."""
    lines = re.sub(r"\r\n?", "\n", text).replace("\xa0", " ")
    kept = (
        "\ufffd" if unicodedata.category(char) == "Cs" else char
        for char in lines
        if char in "\n\t" or unicodedata.category(char) != "Cc"
    )
    return "".join(kept).strip()


def same_text(wanted: str, shown: str) -> bool:
    """Equal, or cut with a mark at the end where the text is longer than some notes can be."""
    shown = normal_text(shown)
    if shown == wanted:
        return True
    if len(wanted) < SHORTEST_CUT or len(shown) >= len(wanted):
        return False
    start = shown[:-LONGEST_MARK]
    return len(start) > SHORTEST_CUT - 2 * LONGEST_MARK and wanted.startswith(start) and not wanted.startswith(shown)
