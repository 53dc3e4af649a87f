"""How values are spelled towards Salesforce, and how two of them are told apart."""

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
    """With its Z: Salesforce takes an instant without one as the user's time."""
    if at is None:
        return None
    # Not strftime: its %Y leaves out the leading zeros of a year before 1000.
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def sentences(*parts: str | None) -> str:
    """Return the parts as sentences after one another, each with one full stop at its end."""
    told = (part.strip() for part in parts if part and part.strip())
    return " ".join(part if part[-1] in ".!?" else f"{part}." for part in told)


def cut(text: str, room: int, mark: str) -> str:
    """The text, or as much of it as fits with the mark. Salesforce counts UTF-16 units: an emoji is two."""
    if units(text) <= room:
        return text
    kept = text.encode("utf-16-le")[: 2 * (room - units(mark))].decode("utf-16-le", errors="ignore")
    return kept.rstrip() + mark


def units(text: str) -> int:
    """How long Salesforce finds this text."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def plain_number(number: Decimal) -> str:
    """One spelling for equal numbers: 24.70 and 24.7 are the same amount, and so are 0 and PHP's -0.0."""
    if not number:
        return "0"
    number = number.normalize(_EXACT)
    return format(number, "f") if abs(number.adjusted()) < 100 else str(number)


def money(amount: Decimal) -> str:
    """An amount as people are shown it: exact, and with two decimals at least."""
    text = plain_number(amount)
    whole, _, rest = text.partition(".")
    return text if "E" in text else f"{whole}.{rest:0<2}"


def hash_of(value: object) -> str:
    """128 bits in hex, equal for equal values however their keys are ordered and their numbers written."""
    return hashlib.sha256(_spelled.encode(value).encode()).hexdigest()[:32]


def _plain(value: object) -> str:
    return plain_number(value) if isinstance(value, Decimal) else str(value)


_spelled = json.JSONEncoder(sort_keys=True, default=_plain)


@dataclass(frozen=True, slots=True)
class ObjectTraits:
    """What an org's object asks of the spelling: kinds of values that differ from Magento's, shorter texts."""

    as_text: frozenset[str] = frozenset()
    as_date: frozenset[str] = frozenset()
    as_checkbox: frozenset[str] = frozenset()
    rooms: Mapping[str, int] = field(default_factory=dict)
    currency: bool = False
    """Whether its records have a currency of their own (CurrencyIsoCode), as in an org with several currencies."""

    def spell(self, name: str, value: Any) -> Any:
        """The value as this object's field takes it."""
        if name in self.as_checkbox:  # a checkbox is ticked or not; nothing is not
            return bool(value) if value is None or isinstance(value, int | Decimal) else value
        if value is None:
            return None
        if name in self.as_date and isinstance(value, str):
            return value[:10]
        if name in self.as_text and not isinstance(value, str):
            return str(value).lower() if isinstance(value, bool) else plain_number(Decimal(str(value)))
        return value

    def spelled(self) -> Body:
        """As it is remembered."""
        return {
            "as_text": sorted(self.as_text),
            "as_date": sorted(self.as_date),
            "as_checkbox": sorted(self.as_checkbox),
            "rooms": dict(sorted(self.rooms.items())),
            "currency": self.currency,
        }

    @classmethod
    def read(cls, body: Body) -> Self:
        """As it was remembered."""
        return cls(
            frozenset(body["as_text"]),
            frozenset(body["as_date"]),
            frozenset(body["as_checkbox"]),
            dict(body["rooms"]),
            bool(body["currency"]),
        )


@dataclass(frozen=True, slots=True)
class OrgTraits:
    """What an org asks of what is sent to it; nothing unless describe says so."""

    invoice: ObjectTraits = ObjectTraits()
    item: ObjectTraits = ObjectTraits()
    fixed_parent: bool = False
    """Whether an item can be given its invoice on creation only (a master-detail that may not be reparented)."""

    def spelled(self) -> Body:
        """As it is remembered."""
        return {"invoice": self.invoice.spelled(), "item": self.item.spelled(), "fixed_parent": self.fixed_parent}

    @classmethod
    def read(cls, body: Body) -> Self:
        """As it was remembered."""
        return cls(ObjectTraits.read(body["invoice"]), ObjectTraits.read(body["item"]), bool(body["fixed_parent"]))
