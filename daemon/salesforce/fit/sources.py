"""Tells the possible values of each path in a mapping: their kind, their length, whether always present."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from daemon.settings.sources import FieldSource

Kind = Literal["text", "number", "instant", "flag", "any"]


@dataclass(frozen=True, slots=True)
class Expected:
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


_MONEY = Expected("number", decimals=4, digits=8)
_ID = Expected("number", digits=10)
_KNOWN = {
    "invoice.increment_id": Expected("text", 50, always=True),
    "invoice.status": Expected("text", 8, always=True, values=("Open", "Paid", "Canceled")),
    "invoice.state": Expected("number", digits=1, always=True),
    "invoice.created_at": Expected("instant", always=True),
    "invoice.updated_at": Expected("instant", always=True),
    "invoice.fingerprint": Expected("text", 32, exact=True, always=True),
    # Magento empties it when the store view is deleted.
    "invoice.store_id": Expected("number", digits=5),
    "invoice.entity_id": Expected("number", digits=10, always=True),
    "invoice.order_id": Expected("number", digits=10, always=True),
    "invoice.admin_url": Expected("text"),
    "invoice.transaction_id": Expected("text", 255),
    "order.increment_id": Expected("text", 50, always=True),
    "order.customer_name": Expected("text"),
    # Magento takes 128 characters, an e-mail field of Salesforce 80; no longer address is known in practice.
    "order.customer_email": Expected("text", 80, address=True),
    "order.billing_address": Expected("text"),
    "order.store_name": Expected("text", 255),
    "item.name": Expected("text", 255),
    "item.sku": Expected("text", 255, always=True),
    "item.description": Expected("text", 65_535),
}
_NUMBER = re.compile(r"(^|_)(amount|amnt|total|subtotal|price|qty|tax|cost|rate|incl_tax)$|_total_|^row_|_subtotal")
_FLAG = re.compile(r"^(is|can|has)_|_is_|_flag$|_sent$")
_TEXT = re.compile(r"(^|_)(name|firstname|lastname|middlename|email|sku|city|street|region|company|telephone|method)$")


def expected_from(source: FieldSource) -> Expected:
    """Return the possible values of this source."""
    if source.path is None:
        return _constant(source.value)
    known = _KNOWN.get(source.path)
    if known is not None:
        return known
    name = source.path.rsplit(".", 1)[-1]
    if name.endswith("currency_code"):
        return Expected("text", 3, exact=True, always=name == "order_currency_code")
    if name in {"created_at", "updated_at"}:
        return Expected("instant")
    if _NUMBER.search(name):
        return _MONEY
    if _FLAG.search(name):
        return Expected("flag")
    if name.endswith("_id"):
        return _ID
    return Expected("text") if _TEXT.search(name) else Expected("any")


def _constant(value: str | float | bool | None) -> Expected:
    if isinstance(value, bool):
        return Expected("flag", always=True)
    if isinstance(value, str):
        return Expected("text", len(value), exact=True, always=True, values=(value,))
    if value is None:
        return Expected("any")
    number = Decimal(str(value))
    exponent = number.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    return Expected("number", always=True, decimals=decimals, digits=max(1, number.adjusted() + 1))
