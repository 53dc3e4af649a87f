"""The database of a shop: orders, invoices and comments appear, change and break in it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from daemon.sandbox.magento.shop.comments import Comments
from daemon.sandbox.magento.shop.invoices import spell_invoice
from daemon.sandbox.magento.shop.numbers import Numbers
from daemon.sandbox.magento.shop.order_table import Orders
from daemon.sandbox.magento.shop.purchase import Customer, Line, cents
from daemon.sandbox.magento.shop.tables import INVOICE_COLUMNS, Table, Wire
from daemon.sandbox.magento.shop.ways import Way


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Database:
    """The Magento database. Every method takes the lock; ids and numbers are never given twice."""

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.numbers = Numbers()
        self.invoices = Table(INVOICE_COLUMNS, indexed=("created_at", "updated_at"))
        self.orders = Orders(self.numbers)
        self.comments = Comments(self.numbers)
        self._uncommitted: dict[int, Wire] = {}
        self._invoiced: Counter[int] = Counter()

    def now(self) -> str:
        """Return the database's time as a stamp: whole seconds, UTC."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")

    def place_order(
        self,
        *,
        items: Sequence[tuple[str, str, int, float]] = (("WIDGET-1", "Widget", 2, 19.99),),
        customer: tuple[str, str, str] | Customer | None = ("Jane", "Doe", "jane@example.com"),
        store_id: int = 1,
        currency: str = "USD",
        shipping: float = 10,
    ) -> Wire:
        """Place an order of items (sku, name, quantity, price); customer None: a guest. Return the order."""
        lines = [Line(sku, name, qty, cents(price)) for sku, name, qty, price in items]
        with self.lock:
            purchase = self.orders.buy(
                lines,
                self.orders.register(customer),
                store_id=store_id,
                currency=currency,
                shipping=cents(shipping),
                at=self.now(),
            )
            return self.orders.row(purchase.entity_id)

    def submit_invoice(
        self,
        order_id: int,
        *,
        quantities: Mapping[str, int] | None = None,
        comment: str | None = None,
        state: int = 2,
        committed: bool = True,
        at: str | None = None,
    ) -> int:
        """Invoice an order, or these quantities by sku of it; return the entity_id.

        Not `committed`: ids and stamps are given now, and the invoice is invisible before `commit`. In Magento the
        INSERT gives both, and the COMMIT can come minutes later, after invoices with higher ids.
        """
        with self.lock:
            purchase = self.orders.purchase(order_id)
            numbered = purchase.part(quantities)
            invoice = spell_invoice(
                purchase,
                numbered,
                entity_id=self.numbers.next_id("invoice"),
                increment_id=self.numbers.next_increment_id("invoice", purchase.store_id),
                first_item_id=self.numbers.next_id("invoice_item", len(numbered)),
                with_shipping=not self._invoiced[order_id],
                state=state,
                now=at or self.now(),
            )
            self._invoiced[order_id] += 1
            entity_id: int = invoice["entity_id"]
            self._uncommitted[entity_id] = invoice
            if comment is not None:
                self.comments.add(invoice, comment, created_at=invoice["created_at"])
            if committed:
                self.commit(entity_id)
            return entity_id

    def commit(self, entity_id: int) -> None:
        """Make an earlier submitted invoice visible, with its ids and stamps of then."""
        with self.lock:
            self.invoices.put(entity_id, self._uncommitted.pop(entity_id))

    def rollback(self, entity_id: int) -> None:
        """Give up an uncommitted invoice; its entity_id and its increment_id are never given again."""
        with self.lock:
            del self._uncommitted[entity_id]

    def add_comment(
        self,
        entity_id: int,
        text: str,
        *,
        visible: bool = False,
        notified: bool = False,
        created_at: str | None = None,
    ) -> int:
        """Comment on an invoice, without moving its `updated_at`; return the comment's id."""
        with self.lock:
            invoice = self.invoices.row(entity_id)
            return self.comments.add(
                invoice, text, visible=visible, notified=notified, created_at=created_at or self.now()
            )

    def edit_comment(self, comment_id: int, text: str, *, visible: bool | None = None) -> None:
        """Rewrite a comment in place: id and created_at stay, and there is no trace."""
        with self.lock:
            self.comments.edit(comment_id, comment=text)
            if visible is not None:
                self.comments.edit(comment_id, is_visible_on_front=int(visible))

    def move_comment(self, comment_id: int, entity_id: int) -> None:
        """Move a comment to another invoice."""
        with self.lock:
            self.comments.edit(comment_id, parent=self.invoices.row(entity_id))

    def change_state(self, entity_id: int, state: int) -> None:
        """Set the state (open 1, paid 2, canceled 3) and move `updated_at`."""
        self.edit_invoice(entity_id, state=state, updated_at=self.now())

    def touch(self, entity_id: int) -> None:
        """Move `updated_at`, as an e-mail sent to the customer does."""
        self.edit_invoice(entity_id, updated_at=self.now(), email_sent=1)

    def edit_invoice(self, entity_id: int, **fields: Any) -> None:
        """Set fields in the database as given; None is a null, which Magento does not send."""
        with self.lock:
            self.invoices.edit(entity_id, **fields)

    def edit_order(self, order_id: int, **fields: Any) -> None:
        """Set fields of an order as given."""
        with self.lock:
            self.orders.put(order_id, self.orders.row(order_id) | fields)

    def delete_store_view(self, store_id: int) -> None:
        """Set `store_id` to null, as the foreign key does; no stamp moves, and an order keeps its `store_name`."""
        with self.lock:
            for entity_id in self.invoices.ids:
                if self.invoices.row(entity_id).get("store_id") == store_id:
                    self.invoices.edit(entity_id, store_id=None)
            for order_id in self.orders.ids:
                order = self.orders.row(order_id)
                if order.get("store_id") == store_id:
                    items = [item | {"store_id": None} for item in order["items"]]
                    self.orders.put(order_id, order | {"store_id": None, "items": items})

    def corrupt(self, entity_id: int) -> None:
        """Break an invoice: each answer that would hold it is an error."""
        self.break_invoice(entity_id, "error")

    def break_invoice(self, entity_id: int, way: Way) -> None:
        """Break an invoice: each answer that would hold it breaks in this way."""
        with self.lock:
            self.invoices.broken[entity_id] = way

    def break_order(self, order_id: int, way: Way) -> None:
        """Break an order: each answer that would hold it breaks in this way; its invoices stay readable."""
        with self.lock:
            self.orders.broken[order_id] = way

    def mend(self, entity_id: int) -> None:
        """Make a broken invoice readable again."""
        with self.lock:
            self.invoices.broken.pop(entity_id, None)

    def mend_order(self, order_id: int) -> None:
        """Make a broken order readable again."""
        with self.lock:
            self.orders.broken.pop(order_id, None)

    def keep_invoice(self, invoice: Wire) -> None:
        """Store an invoice in wire form, with its comments."""
        self.invoices.put(invoice["entity_id"], invoice)
        self._invoiced[invoice["order_id"]] += 1
        self.comments.take_in(invoice)
