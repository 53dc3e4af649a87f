"""Spells values for Salesforce, and tells equal ones from different ones."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from typing import Any, Self

Body = dict[str, Any]
"""The fields of one Salesforce record, ready to be written as JSON."""

# Arithmetic that neither rounds nor overflows, whatever number comes in.
_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def spell_instant(at: datetime | None) -> str | None:
    """Return the instant in UTC with its Z: without a Z, Salesforce takes an instant as the user's time."""
    if at is None:
        return None
    # Not strftime: its %Y leaves out the leading zeros of a year before 1000.
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def sentences(*parts: str | None) -> str:
    """Return the parts as sentences after one another, each with one full stop at its end."""
    told = (part.strip() for part in parts if part and part.strip())
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in told)


def cut(text: str, room: int, mark: str) -> str:
    """Return the text, cut and marked if too long. Salesforce counts UTF-16 units: an emoji is two."""
    if units(text) <= room:
        return text
    kept = text.encode("utf-16-le")[: 2 * (room - units(mark))].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + mark


def units(text: str) -> int:
    """Return the length of the text in Salesforce's count."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def plain_number(number: Decimal) -> str:
    """Return one spelling for equal numbers: 24.70 and 24.7 are the same amount, and so are 0 and PHP's -0.0."""
    if not number:
        return "0"
    number = number.normalize(_EXACT)
    return format(number, "f") if abs(number.adjusted()) < 100 else str(number)


def money(amount: Decimal) -> str:
    """Return an amount for people: exact, and with two decimals at least."""
    text = plain_number(amount)
    whole, _, rest = text.partition(".")
    return text if "E" in text else f"{whole}.{rest:0<2}"


def hash_of(value: object) -> str:
    """Return 128 bits in hex, equal for equal values in any order of keys and any spelling of numbers."""
    return hashlib.sha256(_spelled.encode(value).encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    return plain_number(value) if isinstance(value, Decimal) else str(value)


_spelled = json.JSONEncoder(sort_keys=True, default=_plain)


@dataclass(frozen=True, slots=True)
class ObjectTraits:
    """The spelling for an org's object: other kinds of values than Magento's, shorter texts."""

    as_text: frozenset[str] = frozenset()
    as_date: frozenset[str] = frozenset()
    as_checkbox: frozenset[str] = frozenset()
    rooms: Mapping[str, int] = field(default_factory=dict)
    currency: bool = False
    """True where records have a currency of their own (CurrencyIsoCode), as in an org with several currencies."""

    def spell(self, name: str, value: Any) -> Any:
        """Return the value in the spelling for this object's field."""
        if name in self.as_checkbox:  # a checkbox is ticked or not; no value means not
            return bool(value) if value is None or isinstance(value, int | Decimal) else value
        if value is None:
            return None
        if name in self.as_date and isinstance(value, str):
            return value[:10]
        if name in self.as_text and not isinstance(value, str):
            return str(value).lower() if isinstance(value, bool) else plain_number(Decimal(str(value)))
        return value

    def spelled(self) -> Body:
        """Return the traits as the state keeps them."""
        return {
            "as_text": sorted(self.as_text),
            "as_date": sorted(self.as_date),
            "as_checkbox": sorted(self.as_checkbox),
            "rooms": dict(sorted(self.rooms.items())),
            "currency": self.currency,
        }

    @classmethod
    def read(cls, body: Body) -> Self:
        """Return the traits that the state has kept."""
        return cls(
            frozenset(body["as_text"]),
            frozenset(body["as_date"]),
            frozenset(body["as_checkbox"]),
            dict(body["rooms"]),
            bool(body["currency"]),
        )


@dataclass(frozen=True, slots=True)
class OrgTraits:
    """The spelling for an org; describe tells the differences from the default."""

    invoice: ObjectTraits = ObjectTraits()
    item: ObjectTraits = ObjectTraits()
    fixed_parent: bool = False
    """True where only a new item can name its invoice (a master-detail that may not be reparented)."""

    def spelled(self) -> Body:
        """Return the traits as the state keeps them."""
        return {"invoice": self.invoice.spelled(), "item": self.item.spelled(), "fixed_parent": self.fixed_parent}

    @classmethod
    def read(cls, body: Body) -> Self:
        """Return the traits that the state has kept."""
        return cls(ObjectTraits.read(body["invoice"]), ObjectTraits.read(body["item"]), bool(body["fixed_parent"]))
