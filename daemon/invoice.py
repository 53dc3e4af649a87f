"""Invoices, items, comments and orders as values, free of any API's spelling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

# The value of one of Magento's fields. Lists and nested objects are flattened to dotted names at the border.
Value = str | int | Decimal | bool | datetime | None
Values = Mapping[str, Value]


def _nothing() -> Values:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an invoice; ``values``: every field that Magento showed of the line."""

    entity_id: int
    values: Values = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an invoice; ``text``: as typed, without control characters."""

    entity_id: int
    text: str
    created_at: datetime | None = None
    customer_notified: bool = False
    visible_on_storefront: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order of an invoice: its number, its customer, its billing address."""

    entity_id: int
    number: str | None
    values: Values = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice as Magento showed the record; instants are UTC, amounts exact.

    ``increment_id``: the number that people know, unique only within its store. ``state``: open, paid or canceled.
    ``store_id``: None once its store view was deleted, because Magento empties the column (ON DELETE SET NULL).
    ``digest``: equal when Magento shows the same invoice, comments included. ``values``: every field.
    ``order_unreadable``: Magento cannot show the order, so the comments can be sent and the invoice cannot.
    """

    entity_id: int
    increment_id: str
    store_id: int | None
    order_id: int
    state: str
    grand_total: Decimal | None
    currency: str | None
    created_at: datetime
    updated_at: datetime
    digest: str
    items: tuple[Item, ...] = ()
    comments: tuple[Comment, ...] = ()
    values: Values = field(default_factory=_nothing)
    order: Order | None = None
    order_unreadable: bool = False

    @property
    def newest_stamp(self) -> datetime:
        """Return the later of the two stamps: a change moves one of them, a late clock the other."""
        return max(self.created_at, self.updated_at)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A record with an id and otherwise no readable invoice."""

    entity_id: int
    reason: str
    increment_id: str | None = None
    digest: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
