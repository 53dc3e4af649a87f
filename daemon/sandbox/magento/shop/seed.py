"""Fills a shop with many invoices of the past: names, amounts and comments like those of real shops."""

from __future__ import annotations

import random
from datetime import UTC, timedelta

from daemon.sandbox.magento.shop.database import Database
from daemon.sandbox.magento.shop.purchase import Customer, Line

_FIRST = ["Seán", "Zoë", "José", "田中", "Anna-Lena", "Łukasz", "Jane", "Mohammed", "Nguyễn", "Bob", "Søren"]
_LAST = ["O'Brien", "Dœ-Müller", "Smith, Jr.", "太郎", "García Márquez", "Kowalczyk", "van der Berg", "Ødegård"]
_COMPANIES = [None, None, "ACME & Sons", "株式会社サンプル", 'Müller "Technik" GmbH', "Škoda <Plzeň> a.s."]
_GOODS = [
    ("WIDGET-1", 'Widget "A" & <b>Co</b>', 1999),
    ("GADGET-2", "Gadget", 735),
    ("SERVICE-3", "Service ünïcode 日本", 10_000),
    ("CABLE-2M", "Cable 2 m, 90° plug", 449),
    ("TEE-XL/BLUE", "T-Shirt “Été” XL", 2450),
    ("CHAIR-OAK", "Chair, oak (naturel)", 12_990),
    ("GIFT-5", "Gift card €5", 500),
]
_COMMENTS = [
    "Customer paid by bank transfer.",
    "Line one\nLine two\r\nLine three\n\n  indented & <tag>",
    "日本語のコメント 中文 한국어 العربية é ü ß €",
    "quotes \" ' ` back\\slash %1 {{var x}} \t tab",
    '<b>Bold</b> and <script>alert("x")</script> &amp; &lt;ok&gt;',
    "Goods leave the warehouse on Monday.",
]
_MARKETS = [(1, "USD", "US", 0), (1, "USD", "US", 8), (2, "EUR", "DE", 19), (3, "USD", "CA", 5)]


def seed(
    shop: Database, count: int, *, items: float, comments: float, rng: random.Random, seconds_apart: float
) -> list[int]:
    """Place and invoice so many orders, the last one now, the others earlier; return the invoices' ids."""
    customers = [_invent_customer(rng, number) for number in range(1, min(count, 500) + 1)]
    for _ in customers:
        shop.numbers.next_id("customer")
    now = shop.clock().astimezone(UTC)
    ids = []
    for place in range(count):
        at = f"{now - timedelta(seconds=(count - 1 - place) * seconds_apart):%Y-%m-%d %H:%M:%S}"
        store_id, currency, _, tax = rng.choice(_MARKETS)
        lines = [_invent_line(rng, goods, tax) for goods in rng.sample(_GOODS, _around(rng, items))]
        purchase = shop.orders.buy(
            lines,
            rng.choice(customers),
            store_id=store_id,
            currency=currency,
            shipping=rng.choice((0, 499, 1000)),
            at=at,
        )
        entity_id = shop.submit_invoice(purchase.entity_id, at=at, state=rng.choice((1, 2, 2, 2, 2)))
        for _ in range(_around(rng, comments, least=0)):
            shop.add_comment(entity_id, rng.choice(_COMMENTS), visible=rng.random() < 0.3, created_at=at)
        ids.append(entity_id)
    return ids


def _around(rng: random.Random, mean: float, least: int = 1) -> int:
    """Draw a whole number near the mean; on average the mean itself."""
    low = int(mean)
    number = low + (rng.random() < mean - low) + rng.choice((-1, 0, 0, 1))
    return min(max(least, number), len(_GOODS))


def _invent_customer(rng: random.Random, number: int) -> Customer:
    return Customer(
        first=rng.choice(_FIRST),
        last=rng.choice(_LAST),
        email=f"customer{number}@example.com",
        id=number if rng.random() < 0.7 else None,
        company=rng.choice(_COMPANIES),
        country=rng.choice(_MARKETS)[2],
    )


def _invent_line(rng: random.Random, goods: tuple[str, str, int], tax_percent: int) -> Line:
    sku, name, price = goods
    qty = rng.choice((1, 1, 1, 2, 3, 10))
    discount = qty * price // 10 if rng.random() < 0.2 else 0
    tax = round((qty * price - discount) * tax_percent / 100)
    return Line(sku, name, qty, price, tax, discount)
