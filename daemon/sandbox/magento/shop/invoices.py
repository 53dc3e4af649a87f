"""Spells invoices, items and comments as Magento sends them."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.sandbox.magento.shop.purchase import Line, Purchase, number
from daemon.sandbox.magento.shop.tables import Wire


def spell_invoice(
    purchase: Purchase,
    lines: Sequence[tuple[int, Line]],
    *,
    entity_id: int,
    increment_id: str,
    first_item_id: int,
    with_shipping: bool,
    state: int,
    now: str,
) -> Wire:
    """Return the invoice of these lines (each with its order item's id). Null scalars are left out."""
    rate = purchase.rate
    invoice: Wire = {
        "base_currency_code": "USD",
        "base_to_global_rate": 1,
        "base_to_order_rate": 1 if rate == 1 else rate,
        "billing_address_id": 2 * purchase.entity_id,
        "can_void_flag": 0,
        "created_at": now,
        "entity_id": entity_id,
        "global_currency_code": "USD",
        "increment_id": increment_id,
        "order_currency_code": purchase.currency,
        "order_id": purchase.entity_id,
        "shipping_address_id": 2 * purchase.entity_id - 1,
        "state": state,
        "store_currency_code": "USD",
        "store_id": purchase.store_id,
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
        "total_qty": sum(line.qty for _, line in lines),
        "updated_at": now,
    }
    for name, value in _add_up(purchase, [line for _, line in lines], with_shipping=with_shipping).items():
        invoice[name] = number(value)
        # Magento's own column name is cut short: "…_compensation_amnt".
        base = f"base_{name}".replace("shipping_discount_tax_compensation_amount", _SHORTENED)
        invoice[base] = invoice[name] if rate == 1 else number(round(value / rate))
    invoice["items"] = [
        spell_item(line, rate, entity_id=first_item_id + place, parent_id=entity_id, order_item_id=item_id)
        for place, (item_id, line) in enumerate(lines)
    ]
    invoice["comments"] = []
    return invoice


def _add_up(purchase: Purchase, lines: Sequence[Line], *, with_shipping: bool) -> dict[str, int]:
    """Return the totals; shipping is on the first invoice of an order, and null on the others."""
    subtotal = sum(line.row for line in lines)
    tax = sum(line.tax for line in lines)
    discount = sum(line.discount for line in lines)
    shipping = purchase.shipping if with_shipping else 0
    amounts = {
        "grand_total": subtotal + tax - discount + shipping,
        "subtotal": subtotal,
        "subtotal_incl_tax": subtotal + tax,
        "tax_amount": tax,
        "discount_amount": -discount,
        "discount_tax_compensation_amount": 0,
    }
    if with_shipping:
        amounts |= {"shipping_amount": shipping, "shipping_incl_tax": shipping, "shipping_tax_amount": 0}
        amounts |= {"shipping_discount_tax_compensation_amount": 0}
    return amounts


_SHORTENED = "shipping_discount_tax_compensation_amnt"


def spell_item(line: Line, rate: float, *, entity_id: int, parent_id: int, order_item_id: int) -> Wire:
    """Return one item of an invoice."""
    amounts = {
        "price": line.price,
        "price_incl_tax": line.price + round(line.tax / line.qty),
        "row_total": line.row,
        "row_total_incl_tax": line.row + line.tax,
    }
    if line.tax:
        amounts["tax_amount"] = line.tax
    if line.discount:
        amounts["discount_amount"] = line.discount
    item: Wire = {
        "entity_id": entity_id,
        "name": line.name,
        "parent_id": parent_id,
        "product_id": 1 + sum(line.sku.encode()) % 997,
        "sku": line.sku,
        "order_item_id": order_item_id,
        "qty": line.qty,
    }
    for name, value in amounts.items():
        item[name] = number(value)
        item[f"base_{name}"] = item[name] if rate == 1 else number(round(value / rate))
    return item


def spell_comment(entity_id: int, parent_id: int, text: str, *, visible: bool, notified: bool, created_at: str) -> Wire:
    """Return one comment of an invoice."""
    return {
        "is_customer_notified": int(notified),
        "parent_id": parent_id,
        "comment": text,
        "is_visible_on_front": int(visible),
        "created_at": created_at,
        "entity_id": entity_id,
    }
