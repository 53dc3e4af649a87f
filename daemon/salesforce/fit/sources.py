"""Tells the possible values of each path in a mapping: their kind, their length, whether always present."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from daemon.settings.sources import FieldSource

Kind = Literal["text", "number", "instant", "flag", "any"]


@dataclass(frozen=True, slots=True)
class Coming:
    """The values of a source. ``length``: of the longest text, 0 if unknown; ``exact``: all texts are that long."""

    kind: Kind
    length: int = 0
    exact: bool = False
    always: bool = False
    decimals: int = 0
    digits: int = 0
    """Decimals that Magento keeps of a number, and digits before the point that are to be expected."""
    values: tuple[str, ...] = ()
    """All possible texts, where they are few."""
    address: bool = False
    """True for e-mail addresses."""


_MONEY = Coming("number", decimals=4, digits=8)
_ID = Coming("number", digits=10)
_KNOWN = {
    "invoice.increment_id": Coming("text", 50, always=True),
    "invoice.status": Coming("text", 8, always=True, values=("Open", "Paid", "Canceled")),
    "invoice.state": Coming("number", digits=1, always=True),
    "invoice.created_at": Coming("instant", always=True),
    "invoice.updated_at": Coming("instant", always=True),
    "invoice.fingerprint": Coming("text", 32, exact=True, always=True),
    # Magento empties it when the store view is deleted.
    "invoice.store_id": Coming("number", digits=5),
    "invoice.entity_id": Coming("number", digits=10, always=True),
    "invoice.order_id": Coming("number", digits=10, always=True),
    "invoice.admin_url": Coming("text"),
    "invoice.transaction_id": Coming("text", 255),
    "order.increment_id": Coming("text", 50, always=True),
    "order.customer_name": Coming("text"),
    # Magento takes 128 characters, an e-mail field of Salesforce 80; no longer address is known in practice.
    "order.customer_email": Coming("text", 80, address=True),
    "order.billing_address": Coming("text"),
    "order.store_name": Coming("text", 255),
    "item.name": Coming("text", 255),
    "item.sku": Coming("text", 255, always=True),
    "item.description": Coming("text", 65_535),
}
_NUMBER = re.compile(r"(^|_)(amount|amnt|total|subtotal|price|qty|tax|cost|rate|incl_tax)$|_total_|^row_|_subtotal")
_FLAG = re.compile(r"^(is|can|has)_|_is_|_flag$|_sent$")
_TEXT = re.compile(r"(^|_)(name|firstname|lastname|middlename|email|sku|city|street|region|company|telephone|method)$")


def coming_from(source: FieldSource) -> Coming:
    """Return the possible values of this source."""
    if source.path is None:
        return _constant(source.value)
    known = _KNOWN.get(source.path)
    if known is not None:
        return known
    name = source.path.rsplit(".", 1)[-1]
    if name.endswith("currency_code"):
        return Coming("text", 3, exact=True, always=name == "order_currency_code")
    if name in {"created_at", "updated_at"}:
        return Coming("instant")
    if _NUMBER.search(name):
        return _MONEY
    if _FLAG.search(name):
        return Coming("flag")
    if name.endswith("_id"):
        return _ID
    return Coming("text") if _TEXT.search(name) else Coming("any")


def _constant(value: str | float | bool | None) -> Coming:
    if isinstance(value, bool):
        return Coming("flag", always=True)
    if isinstance(value, str):
        return Coming("text", len(value), exact=True, always=True, values=(value,))
    if value is None:
        return Coming("any")
    number = Decimal(str(value))
    exponent = number.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return Coming("number", always=True, decimals=decimals, digits=max(1, number.adjusted() + 1))
