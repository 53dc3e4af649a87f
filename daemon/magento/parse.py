"""Turns the rows of Magento's JSON into values, once: a fault in a row makes that row alone malformed.

Facts behind it, measured on 2.4.6 to 2.4.8: null scalars are left out rather than sent; empty lists become null when
``fields`` was asked for; comments come in no promised order.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from daemon.errors import RejectedRecord
from daemon.invoice import Comment, Invoice, Item, Malformed, Order, Value, Values
from daemon.magento.scalars import (
    amount,
    cleaned,
    digest,
    integer,
    integer_or_none,
    number_or_none,
    parse_stamp,
    parse_stamp_or_none,
    text_or_none,
    whole,
)
from state.values import LARGEST

_STATES = {1: "open", 2: "paid", 3: "canceled"}
_Part = TypeVar("_Part", Item, Comment)
_NUMBER = re.compile(r"(^|_)(amount|amnt|total|subtotal|price|qty|tax|cost|rate|incl_tax)$|_total_|^row_|_subtotal")


def invoice_of(row: Mapping[str, Any]) -> Invoice | Malformed:
    """Return the invoice, or the reason why the row is malformed."""
    row = cleaned(row)
    try:
        return _invoice(row)
    except RejectedRecord as error:
        number = row.get("increment_id")
        return Malformed(
            entity_id=row["entity_id"],
            reason=str(error),
            increment_id=number.strip() or None if isinstance(number, str) else None,
            digest=digest(row),
            created_at=parse_stamp_or_none(row.get("created_at")),
            updated_at=parse_stamp_or_none(row.get("updated_at")),
        )


def _invoice(row: Mapping[str, Any]) -> Invoice:
    created_at = parse_stamp(row, "created_at")
    if created_at is None:
        raise RejectedRecord("it has no date (created_at)")
    state = integer(row, "state")
    if state not in _STATES:
        raise RejectedRecord(f"its state is {state}, which is none of 1 (open), 2 (paid), 3 (canceled)")
    number = row.get("increment_id")
    if not isinstance(number, str) or not number.strip():
        raise RejectedRecord("it has no invoice number (increment_id)")
    values = _values(row)
    return Invoice(
        entity_id=row["entity_id"],
        increment_id=number.strip(),
        store_id=integer_or_none(row, "store_id"),
        order_id=integer(row, "order_id"),
        state=_STATES[state],
        grand_total=number_or_none("grand_total", row.get("grand_total")),
        currency=text_or_none(row.get("order_currency_code")),
        created_at=created_at,
        updated_at=parse_stamp(row, "updated_at") or created_at,
        digest=digest(row),
        items=_unique([_item(part) for part in _parts(row, "items")], "items"),
        comments=_unique([_comment(part) for part in _parts(row, "comments")], "comments"),
        values=values,
    )


def stamps_of(row: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """Return the stamps of the invoice's creation and last change, as far as readable."""
    return parse_stamp_or_none(row.get("created_at")), parse_stamp_or_none(row.get("updated_at"))


def comments_of(row: Mapping[str, Any]) -> tuple[Comment, ...]:
    """Return the comments of a row with little else; an empty tuple for malformed comments."""
    try:
        return _unique([_comment(part) for part in _parts(cleaned(row), "comments")], "comments")
    except RejectedRecord:
        return ()  # a reading of the whole invoice tells what is wrong


def order_of(row: Mapping[str, Any]) -> Order:
    """Return the order, with the customer's name and the billing address put together as people write them."""
    row = cleaned(row)
    address = row.get("billing_address")
    address = address if isinstance(address, dict) else {}
    derived: dict[str, Value] = {
        "customer_name": _name(row, "customer_") or _name(address, ""),
        "billing_address": _address(address),
    }
    if isinstance(row.get("store_name"), str):
        derived["store_name"] = " / ".join(part.strip() for part in row["store_name"].splitlines() if part.strip())
    flat = {name: value for name, value in _values(row).items() if name != "billing_address"}
    number = row.get("increment_id")
    return Order(
        entity_id=row["entity_id"],
        number=number if isinstance(number, str) else None,
        values=MappingProxyType({**flat, **derived}),
    )


def _values(row: Mapping[str, Any], prefix: str = "") -> Values:
    """Return every scalar by its dotted name; lists of texts become lines, and other lists are left out."""
    found: dict[str, Value] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found.update(_values(value, f"{prefix}{name}."))
        elif isinstance(value, list):
            if value and all(isinstance(part, str) for part in value):
                found[prefix + name] = "\n".join(value)
        elif name in {"created_at", "updated_at"}:
            found[prefix + name] = parse_stamp_or_none(value)
        else:
            found[prefix + name] = amount(value) if isinstance(value, str) and _NUMBER.search(name) else value
    return MappingProxyType(found)


def _item(row: Mapping[str, Any]) -> Item:
    return Item(_key(row, "an item"), _values(row))


def _comment(row: Mapping[str, Any]) -> Comment:
    text = row.get("comment")
    if text is not None and not isinstance(text, str):
        raise RejectedRecord("the text of a comment is not text")
    return Comment(
        entity_id=_key(row, "a comment"),
        text=text or "",
        created_at=parse_stamp_or_none(row.get("created_at")),
        customer_notified=str(row.get("is_customer_notified")) in {"1", "True"},
        visible_on_storefront=str(row.get("is_visible_on_front")) in {"1", "True"},
    )


def _parts(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    parts = row.get(name)
    if parts is None:
        return []
    if not isinstance(parts, list) or any(not isinstance(part, dict) for part in parts):
        raise RejectedRecord(f"its {name} are not a list of records")
    return parts


def _unique(parts: list[_Part], name: str) -> tuple[_Part, ...]:
    """Return the parts in the order of their ids, because Magento promises no order."""
    if len({part.entity_id for part in parts}) < len(parts):
        raise RejectedRecord(f"two of its {name} have one entity_id")
    return tuple(sorted(parts, key=lambda part: part.entity_id))


def _key(row: Mapping[str, Any], part: str) -> int:
    """Return the part's id; RejectedRecord below 1, the lowest id of Magento's."""
    entity_id = whole(row, "entity_id", f"{part} has no entity_id")
    if not 0 < entity_id <= LARGEST:
        raise RejectedRecord(f"the entity_id of {part} is below 1 or too large")
    return entity_id


def _name(row: Mapping[str, Any], prefix: str) -> str | None:
    parts = [row.get(prefix + part) for part in ("prefix", "firstname", "middlename", "lastname", "suffix")]
    return " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip()) or None


def _address(row: Mapping[str, Any]) -> str | None:
    street = row.get("street")
    lines: list[Any] = [row.get("company"), _name(row, "")]
    lines += street if isinstance(street, list) else [street]
    lines.append(" ".join(str(row[part]) for part in ("postcode", "city") if row.get(part)))
    lines += [row.get("region"), row.get("country_id")]
    return "\n".join(line.strip() for line in lines if isinstance(line, str) and line.strip()) or None
