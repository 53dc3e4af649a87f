"""Builds invoices, comments, settings and rows of the state from a test's few own values and defaults."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ruamel.yaml.comments import CommentedMap

from daemon.invoice import Comment, Invoice, Item, Order, Value
from daemon.settings import Configuration, Secrets, Settings
from daemon.settings.document import Document
from daemon.sync.decide import Seen
from state.kinds import SeenBy
from state.ledger import LedgerRow
from state.notes import NoteRow
from state.store import Store

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
EARLIER = NOON - timedelta(hours=4)
SECRETS = {
    "magento_consumer_key": "k" * 32,
    "magento_consumer_secret": "s" * 32,
    "magento_access_token": "t" * 32,
    "magento_access_token_secret": "u" * 32,
    "salesforce_client_id": "client",
    "salesforce_client_secret": "client-secret",
}
ADMIN_SECRETS = {"magento_username": "reader", "magento_password": "reader-password"}


def settings(changes: Mapping[str, object] | None = None) -> Settings:
    """Return the default settings with these dotted keys set."""
    values: dict[str, Any] = {
        "magento": {"base_url": "https://shop.example.com"},
        "salesforce": {"login_url": "https://acme.my.salesforce.com"},
    }
    for dotted, value in (changes or {}).items():
        node = values
        *parents, last = dotted.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
    return Settings.model_validate(values)


def configuration(changes: Mapping[str, object] | None = None) -> Configuration:
    """Return such settings with secrets, as if read from a file."""
    document = Document(Path("settings.yaml"), {}, CommentedMap(), {})
    return Configuration(settings(changes), Secrets({**SECRETS, **ADMIN_SECRETS}), document)


def row(entity_id: int = 7, **fields: object) -> dict[str, Any]:
    """Return one invoice as in Magento's list."""
    shown: dict[str, Any] = {
        "entity_id": entity_id,
        "increment_id": f"{entity_id:09}",
        "store_id": 1,
        "order_id": 70,
        "state": 2,
        "grand_total": 49.98,
        "order_currency_code": "USD",
        "created_at": "2026-11-22 08:00:00",
        "updated_at": "2026-11-22 08:00:00",
        "items": [],
        "comments": [],
    }
    return {**shown, **fields}


def comment_row(entity_id: int = 5, comment: object = "Hello", **fields: object) -> dict[str, Any]:
    """Return one comment as in Magento's list."""
    return {
        "entity_id": entity_id,
        "parent_id": 7,
        "comment": comment,
        "created_at": "2026-11-22 08:00:00",
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        **fields,
    }


def comment(text: str = "Hello", entity_id: int = 5, *, storefront: bool = False, notified: bool = False) -> Comment:
    return Comment(entity_id, text, EARLIER, notified, storefront)


def item(entity_id: int = 3, **values: Value) -> Item:
    return Item(entity_id, MappingProxyType(values))


def order(**values: Value) -> Order:
    number = values.get("increment_id")
    return Order(70, number if isinstance(number, str) else None, MappingProxyType(values))


def invoice(
    entity_id: int = 7,
    *,
    state: str = "paid",
    store_id: int = 1,
    total: str | None = "49.98",
    number: str = "000000007",
    created_at: datetime = EARLIER,
    updated_at: datetime = EARLIER,
    digest: str = "shown",
    items: Sequence[Item] = (),
    comments: Sequence[Comment] = (),
    of: Order | None = None,
    values: Mapping[str, Value] | None = None,
) -> Invoice:
    return Invoice(
        entity_id=entity_id,
        increment_id=number,
        store_id=store_id,
        order_id=70,
        state=state,
        grand_total=None if total is None else Decimal(total),
        currency="USD",
        created_at=created_at,
        updated_at=updated_at,
        digest=digest,
        items=tuple(items),
        comments=tuple(comments),
        values=MappingProxyType({"increment_id": number, **(values or {})}),
        order=of,
    )


def ledger_row(entity_id: int = 7, **fields: Any) -> LedgerRow:
    """Return the ledger's row of an invoice made by :func:`invoice`."""
    known: dict[str, Any] = {
        "entity_id": entity_id,
        "increment_id": f"{entity_id:09}",
        "store_id": 1,
        "order_id": 70,
        "order_number": None,
        "state": "paid",
        "grand_total": "49.98",
        "currency": "USD",
        "created_at": EARLIER,
        "updated_at": EARLIER,
        "digest": "before",
        "sync_status": "pending",
        "seen_at": EARLIER,
        "seen_by": "poll",
    }
    return LedgerRow(**{**known, **fields})


def note_row(comment_id: int = 5, **fields: Any) -> NoteRow:
    """Return the state's row of a comment."""
    known: dict[str, Any] = {
        "comment_id": comment_id,
        "entity_id": 7,
        "digest": "before",
        "sync_status": "pending",
        "seen_at": EARLIER,
    }
    return NoteRow(**{**known, **fields})


def seen(by: SeenBy = "poll", *, asked: bool = False, named: bool = False) -> Seen:
    """Return a sighting at noon, whose failure is tried again a day later."""
    retry_at = NOON + timedelta(days=1)
    return Seen(at=NOON, by=by, retry_at=retry_at, asked=asked, named=named, backfilling=by == "backfill")


def without_texts(sql: str) -> str:
    """Return the SQL on one line, with a question mark for each text."""
    return " ".join(re.sub(r"'[^']*'", "?", sql).split())


@contextmanager
def sql_steps(store: Store) -> Iterator[Counter[str]]:
    """Count SQLite's steps in this block, by statement: many for a statement that reads rows without returning them.

    A question is the same at any time: its texts, instants among them, are left out.
    """
    found: Counter[str] = Counter()
    asked = [""]
    store.connection.database.conn.set_trace_callback(lambda sql: asked.__setitem__(0, without_texts(sql)))
    store.connection.database.conn.set_progress_handler(lambda: found.update([asked[0]]), 1)
    try:
        yield found
    finally:
        store.connection.database.conn.set_progress_handler(None, 1)
        store.connection.database.conn.set_trace_callback(None)
