"""Spells orders as Magento sends them, with the parts for a reader of invoices."""

from __future__ import annotations

import hashlib

from daemon.sandbox.magento.shop.purchase import Line, Purchase, number
from daemon.sandbox.magento.shop.tables import Wire, words

_ITEM_ZEROS = words(
    "amount_refunded base_amount_refunded base_discount_tax_compensation_amount "
    "base_discount_tax_compensation_invoiced discount_percent free_shipping discount_tax_compensation_amount "
    "discount_tax_compensation_invoiced is_qty_decimal is_virtual no_discount qty_canceled qty_refunded "
    "qty_shipped tax_percent"
)
_ORDER_ZEROS = words(
    "base_discount_tax_compensation_amount base_discount_tax_compensation_invoiced "
    "base_shipping_discount_amount base_shipping_discount_tax_compensation_amnt base_shipping_tax_amount "
    "base_total_due base_total_invoiced_cost discount_tax_compensation_amount "
    "discount_tax_compensation_invoiced is_virtual shipping_discount_amount "
    "shipping_discount_tax_compensation_amount shipping_tax_amount store_to_base_rate store_to_order_rate "
    "total_due"
)


def spell_order(purchase: Purchase) -> Wire:
    """Return the order as `/orders/{id}` shows it."""
    lines, shipping = purchase.lines, purchase.shipping
    subtotal, tax = sum(line.row for line in lines), sum(line.tax for line in lines)
    discount = sum(line.discount for line in lines)
    total = subtotal + tax - discount + shipping
    items = [_spell_item(purchase, purchase.first_item_id + n, line) for n, line in enumerate(lines)]
    order: Wire = dict.fromkeys(_ORDER_ZEROS, 0)
    order |= _both("discount_amount", -discount, purchase) | _both("discount_invoiced", -discount, purchase)
    order |= _both("tax_amount", tax, purchase) | _both("tax_invoiced", tax, purchase)
    for name in ("grand_total", "total_invoiced", "total_paid"):
        order |= _both(name, total, purchase)
    for name in ("subtotal", "subtotal_incl_tax", "subtotal_invoiced"):
        order |= _both(name, subtotal + (tax if name.endswith("tax") else 0), purchase)
    for name in ("shipping_amount", "shipping_incl_tax", "shipping_invoiced"):
        order |= _both(name, shipping, purchase)
    order |= _identity(purchase) | _buyer(purchase)
    order |= {
        "total_item_count": len(lines),
        "total_qty_ordered": sum(line.qty for line in lines),
        "weight": sum(line.qty for line in lines),
        "items": items,
        "billing_address": _spell_address(purchase, "billing"),
        "payment": {
            "account_status": None,
            "additional_information": ["Check / Money order"],
            "cc_last4": None,
            "entity_id": purchase.entity_id,
            "method": "checkmo",
            "parent_id": purchase.entity_id,
        },
        "status_histories": [],
        "extension_attributes": {
            "shipping_assignments": [_spell_shipping(purchase, items)],
            "payment_additional_info": [{"key": "method_title", "value": "Check / Money order"}],
            "applied_taxes": [],
            "item_applied_taxes": [],
        },
    }
    return order


def _spell_shipping(purchase: Purchase, items: list[Wire]) -> Wire:
    address = _spell_address(purchase, "shipping")
    return {"shipping": {"address": address, "method": "flatrate_flatrate"}, "items": items}


def _identity(purchase: Purchase) -> Wire:
    return {
        "base_currency_code": "USD",
        "base_to_global_rate": 1,
        "base_to_order_rate": 1 if purchase.rate == 1 else purchase.rate,
        "billing_address_id": 2 * purchase.entity_id,
        "created_at": purchase.created_at,
        "entity_id": purchase.entity_id,
        "global_currency_code": "USD",
        "increment_id": purchase.increment_id,
        "order_currency_code": purchase.currency,
        "protect_code": hashlib.sha256(purchase.increment_id.encode()).hexdigest()[:32],
        "quote_id": purchase.entity_id,
        "shipping_description": "Flat Rate - Fixed",
        "state": "processing",
        "status": "processing",
        "store_currency_code": "USD",
        "store_id": purchase.store_id,
        "store_name": purchase.store_name,
        "updated_at": purchase.created_at,
    }


def _buyer(purchase: Purchase) -> Wire:
    customer = purchase.customer
    buyer: Wire = {
        "customer_email": customer.email,
        "customer_firstname": customer.first,
        "customer_lastname": customer.last,
        "customer_group_id": 0 if customer.id is None else 1,
        "customer_is_guest": int(customer.id is None),
        "customer_note_notify": 1,
    }
    if customer.id is not None:
        buyer["customer_id"] = customer.id
    return buyer


def _spell_address(purchase: Purchase, kind: str) -> Wire:
    customer = purchase.customer
    address: Wire = {
        "address_type": kind,
        "city": "New York",
        "country_id": customer.country,
        "email": customer.email,
        "entity_id": 2 * purchase.entity_id - (kind == "shipping"),
        "firstname": customer.first,
        "lastname": customer.last,
        "parent_id": purchase.entity_id,
        "postcode": "10001",
        "region": "New York",
        "region_code": "NY",
        "region_id": 43,
        "street": ["1 O'Connell St", 'Floor "2"'],
        "telephone": "555-0100",
    }
    if customer.company is not None:
        address["company"] = customer.company
    return address


def _spell_item(purchase: Purchase, item_id: int, line: Line) -> Wire:
    item: Wire = dict.fromkeys(_ITEM_ZEROS, 0)
    item |= {
        "created_at": purchase.created_at,
        "item_id": item_id,
        "name": line.name,
        "order_id": purchase.entity_id,
        "product_id": 1 + sum(line.sku.encode()) % 997,
        "product_type": "simple",
        "qty_invoiced": line.qty,
        "qty_ordered": line.qty,
        "quote_item_id": item_id,
        "row_weight": line.qty,
        "sku": line.sku,
        "store_id": purchase.store_id,
        "updated_at": purchase.created_at,
        "weee_tax_applied": "[]",
        "weight": 1,
    }
    item |= _both("price", line.price, purchase) | _both("original_price", line.price, purchase)
    item |= _both("price_incl_tax", line.price + round(line.tax / line.qty), purchase)
    item |= _both("row_total", line.row, purchase) | _both("row_invoiced", line.row, purchase)
    item |= _both("row_total_incl_tax", line.row + line.tax, purchase)
    item |= _both("tax_amount", line.tax, purchase) | _both("tax_invoiced", line.tax, purchase)
    item |= _both("discount_amount", line.discount, purchase)
    return item | _both("discount_invoiced", line.discount, purchase)


def _both(name: str, value: int, purchase: Purchase) -> Wire:
    """Return an amount in the order's currency and in the base currency."""
    base = value if purchase.rate == 1 else round(value / purchase.rate)
    return {name: number(value), f"base_{name}": number(base)}
