"""Events in the shop: customers, clerks, slow transactions, broken records, a restored backup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from daemon.sandbox.magento.shop import Shop
from tests.property.simulation.clock import Clock
from tests.property.simulation.rates import Rates
from tests.property.simulation.witness import Witness

_TEXTS = ("thanks", "a & b <c>", "line one\nline two", "naïve 日本", "  spaced  ", "@{invoice.id}", "it's 100 %")
_ENOUGH = 40
_LINES = (("TEE", "T-shirt", (1, 2), 19.99), ("MUG", "Mug", (1,), 7.5))
_DAMAGE: tuple[dict[str, Any], ...] = (
    {"grand_total": "a lot"},
    {"state": 9},
    {"created_at": "0000-00-00 00:00:00"},
)


class ShopSide:
    """Changes the shop, and tells the witness."""

    def __init__(self, shop: Shop, clock: Clock, random: Random, rates: Rates, witness: Witness) -> None:
        self.shop = shop
        self.everyday: tuple[Callable[[], object], ...] = (
            self.buy, self.buy, self.buy, self.comment, self.comment, self.edit, self.change, self.change, self.touch,
        )  # fmt: skip
        self.trouble: tuple[Callable[[], object], ...] = (
            self.buy_late, self.buy_late, self.change_late, self.move, self.at_the_edge, self.at_the_edge,
            self.from_the_future, self.corrupt, self.mend, self.damage, self.repair, self.vanish, self.much_later,
            self.blank,
        )  # fmt: skip
        self._clock = clock
        self._random = random
        self._rates = rates
        self._witness = witness
        self._uncommitted: set[int] = set()
        self._damaged: dict[int, dict[str, Any]] = {}
        self._backup: dict[str, Any] | None = None
        self._sold = 0

    def reopen(self) -> None:
        """Allow new sales up to the limit, as between two polls."""
        self._sold = 0

    def now(self) -> datetime:
        """Return the time of Magento's database."""
        return self.shop.clock()

    def ids(self) -> list[int]:
        """Return the invoices that Magento shows."""
        return list(self.shop.invoices.ids)

    def comment_ids(self) -> list[int]:
        """Return the comments on these invoices."""
        return [comment["entity_id"] for entity_id in self.ids() for comment in self.row(entity_id)["comments"]]

    def row(self, entity_id: int) -> dict[str, Any]:
        """Return one invoice in wire form."""
        return self.shop.invoices.row(entity_id)

    def shows(self, entity_id: int) -> None:
        """Tell the witness that Magento shows the present version from now on."""
        known, row = self._witness, self.row(entity_id)
        known.visible[entity_id] = self.now()
        known.ever_visible.add(entity_id)
        known.items_shown.update(item["entity_id"] for item in row["items"])
        known.comments_shown.update(comment["entity_id"] for comment in row["comments"])

    def buy(self, *, late: float | None = None, at: datetime | None = None, count: int | None = None) -> None:
        """Place orders, each with its invoice; ``late``: commit them so many seconds later."""
        random = self._random
        if max(len(self.shop.invoices) + len(self._uncommitted), self._sold) >= _ENOUGH:
            return  # a shop that sells (and deletes) during each call would never be read to its end
        for _ in range(count or random.choice((1, 1, 2))):
            self._sold += 1
            lines = _LINES[: random.choice((1, 2))]
            free = random.random() < 0.1
            order_id = self._order(lines, free=free, store_id=random.choice((1, 1, 2)))
            entity_id = self._submit(order_id, random.choice((None, None, *_TEXTS[:3])), at)
            if late is None:
                self._commit(entity_id)
            else:
                self._clock.after(late, lambda entity_id=entity_id: self._commit(entity_id))  # type: ignore[misc]

    def sell(self, count: int) -> list[int]:
        """Sell so many invoices with comments, above the limit too; return their ids."""
        fresh: list[int] = []
        while len(fresh) < count:
            found = [
                self._submit(self._order(_LINES[:1], free=False, store_id=1), _TEXTS[0], None)
                for _ in range(count - len(fresh))
            ]
            for entity_id in found:
                self._commit(entity_id)
            # A restored backup may have given an id twice: such an invoice does not count.
            fresh += [entity_id for entity_id in found if entity_id not in self._witness.reused]
        return fresh

    def buy_late(self) -> None:
        """Sell one invoice in a long transaction, though not longer than the overlap."""
        self.buy(late=self._random.uniform(1, self._rates.overlap), count=1)

    def overtaken(self) -> None:
        """Sell one invoice in a transaction nearly as long as the overlap, and a newer one in a quicker transaction."""
        self.buy(late=self._random.uniform(0.3, 1) * self._rates.overlap, count=1)
        self._clock.after(1, lambda: self.buy(count=1))

    def much_later(self) -> None:
        """Sell one invoice in a transaction of hours, for a sweep to find."""
        self.buy(late=self._random.uniform(700, 12_000), count=1)

    def at_the_edge(self) -> None:
        """Let the longest transaction within the overlap end in the second of another new invoice."""
        self.buy(count=1)
        self.buy(at=self.now() - timedelta(seconds=self._rates.overlap), count=1)

    def commit_all(self) -> None:
        """Commit all open transactions."""
        for entity_id in sorted(self._uncommitted):
            self._commit(entity_id)

    def change(self) -> None:
        """Change the state of an invoice: open, paid or canceled."""
        self._change({"state": self._random.choice((1, 2, 3))})

    def change_one_of(self, ids: list[int]) -> None:
        """Change one of these invoices soon, while a call about it is still under way."""
        entity_id = self._random.choice(ids)

        def act() -> None:
            if entity_id in self.shop.invoices and entity_id not in self._damaged:
                self._edit(entity_id, {"state": self._random.choice((1, 2, 3))}, self.now())

        self._clock.after(self._random.uniform(1, 130), act)

    def touch(self) -> None:
        """Move an invoice's stamp, with no change for Salesforce."""
        self._change({"email_sent": self._random.choice((0, 1))})

    def correct(self, entity_id: int, grand_total: float) -> None:
        """Correct the total of an invoice."""
        self._edit(entity_id, {"grand_total": grand_total}, self.now())

    def move_stamp(self, entity_id: int) -> None:
        """Move the stamp of this invoice, as an e-mail about it does."""
        self._edit(entity_id, {"email_sent": 1}, self.now())

    def change_late(self) -> None:
        """Change an invoice with a stamp before the commit."""
        ago = timedelta(seconds=self._random.uniform(0, self._rates.overlap))
        self._change({"state": self._random.choice((1, 2, 3))}, at=self.now() - ago)

    def from_the_future(self) -> None:
        """Change an invoice with a stamp in the future."""
        self._change({"state": self._random.choice((1, 2, 3))}, at=self.now() + timedelta(days=2))

    def comment(self) -> None:
        """Comment on an invoice, without moving its stamp."""
        entity_id = self._any()
        if entity_id is not None:
            text = f"{self._random.choice(_TEXTS)} {self._random.randrange(1000)}"
            self._witness.comments_shown.add(self.shop.add_comment(entity_id, text))

    def blank(self) -> None:
        """Add an empty comment."""
        entity_id = self._any()
        if entity_id is not None:
            self._witness.comments_shown.add(self.shop.add_comment(entity_id, "  \n"))

    def edit(self) -> None:
        """Rewrite a comment in place."""
        found = self._some_comment()
        if found is not None:
            self.shop.edit_comment(found[1], f"{self._random.choice(_TEXTS)} edited {self._random.randrange(1000)}")

    def rewrite(self) -> None:
        """Rewrite a comment and change its invoice, so that the next poll shows both."""
        found = self._some_comment()
        if found is not None and found[0] not in self._damaged:
            self.rewrite_on(found[0])

    def rewrite_on(self, entity_id: int) -> None:
        """Rewrite the first comment of this invoice, and change the invoice."""
        for comment in self.row(entity_id)["comments"][:1]:
            text = f"{self._random.choice(_TEXTS)} rewritten {self._random.randrange(1000)}"
            self.shop.edit_comment(comment["entity_id"], text)
        self._edit(entity_id, {"email_sent": self._random.choice((0, 1))}, self.now())

    def move(self) -> None:
        """Move a comment to another invoice."""
        found, other = self._some_comment(), self._any()
        if found is not None and other is not None and other != found[0]:
            self._witness.moved.add(found[1])
            self.shop.move_comment(found[1], other)

    def corrupt(self) -> None:
        """Let an invoice break every list with it."""
        entity_id = self._any()
        if entity_id is not None:
            self._witness.unreadable.add(entity_id)
            self.shop.corrupt(entity_id)

    def mend(self) -> None:
        """Make all broken invoices readable again."""
        for entity_id in sorted(self.shop.invoices.broken):
            self.shop.mend(entity_id)
            if entity_id in self.shop.invoices:
                self._witness.visible[entity_id] = self.now() + timedelta(days=400)  # a stamp of long ago

    def damage(self) -> None:
        """Write nonsense into an invoice, as a faulty script does."""
        entity_id = self._any()
        if entity_id is not None and entity_id not in self._damaged:
            damage = self._random.choice(_DAMAGE)
            self._damaged[entity_id] = {name: self.row(entity_id).get(name) for name in damage}
            self._witness.unreadable.add(entity_id)
            self._edit(entity_id, damage, self.now())

    def repair(self) -> None:
        """Correct all nonsense."""
        while self._damaged:
            entity_id, before = self._damaged.popitem()
            if entity_id in self.shop.invoices:
                self._edit(entity_id, before, self.now())

    def vanish(self) -> None:
        """Delete an invoice, by chance."""
        entity_id = self._any()
        if entity_id is not None and self._random.random() < 0.5:
            self._forget(entity_id)
            self._witness.vanished.add(entity_id)

    def back_up(self) -> None:
        """Keep a copy of the database."""
        shop = self.shop
        self._backup = deepcopy(
            {
                "invoices": shop.invoices,
                "parents": shop.comments._parents,
                "orders": (shop.orders._rows, shop.orders._ids, shop.orders._purchases),
                "last": shop.numbers._last,
                "invoiced": shop._invoiced,
                "damaged": self._damaged,
            }
        )

    def restore(self) -> None:
        """Put that copy back: later sales are gone, and their ids are given again."""
        if self._backup is None:
            return
        shop, copy, known = self.shop, deepcopy(self._backup), self._witness
        for entity_id in self.ids():
            if entity_id not in copy["invoices"]:
                known.vanished.add(entity_id)
        known.reused.update(range(copy["last"]["invoice"] + 1, shop.numbers._last["invoice"] + 1))
        known.reused_comments.update(range(copy["last"]["comment"] + 1, shop.numbers._last["comment"] + 1))
        broken = shop.invoices.broken
        shop.invoices = copy["invoices"]
        shop.invoices.broken = {each: way for each, way in broken.items() if each in shop.invoices}
        shop.comments._parents = copy["parents"]
        shop.orders._rows, shop.orders._ids, shop.orders._purchases = copy["orders"]
        shop.numbers._last, shop._invoiced = copy["last"], copy["invoiced"]
        self._uncommitted.clear()
        shop._uncommitted.clear()
        self._damaged = copy["damaged"]
        for entity_id in self.ids():
            known.visible[entity_id] = self.now() + timedelta(days=400)
        known.happened["restore"] += 1
        self.buy(count=2)

    def _order(self, lines: Sequence[tuple[str, str, tuple[int, ...], float]], *, free: bool, store_id: int) -> int:
        items = [(sku, name, self._random.choice(many), 0 if free else price) for sku, name, many, price in lines]
        order_id: int = self.shop.place_order(items=items, shipping=0 if free else 10, store_id=store_id)["entity_id"]
        return order_id

    def _submit(self, order_id: int, comment: str | None, at: datetime | None) -> int:
        """Invoice an order, in an open transaction."""
        state, stamp = self._random.choice((1, 2)), None if at is None else _stamp(at)
        entity_id = self.shop.submit_invoice(order_id, comment=comment, state=state, committed=False, at=stamp)
        self._uncommitted.add(entity_id)
        return entity_id

    def _commit(self, entity_id: int) -> None:
        if entity_id in self._uncommitted:
            self._uncommitted.discard(entity_id)
            self.shop.commit(entity_id)
            self.shows(entity_id)

    def _forget(self, entity_id: int) -> None:
        self.shop.invoices.remove(entity_id)
        self._damaged.pop(entity_id, None)

    def _change(self, fields: dict[str, Any], at: datetime | None = None) -> None:
        entity_id = self._any()
        if entity_id is not None and entity_id not in self._damaged:
            self._edit(entity_id, fields, at or self.now())

    def _edit(self, entity_id: int, fields: dict[str, Any], at: datetime) -> None:
        before = self.row(entity_id)["updated_at"]
        stamp = _stamp(at)
        # A slow transaction does not move a stamp back.
        self.shop.edit_invoice(entity_id, **fields, updated_at=max(stamp, before) if at < self.now() else stamp)
        self.shows(entity_id)

    def _any(self) -> int | None:
        ids = self.shop.invoices.ids
        return self._random.choice(ids) if ids else None

    def _some_comment(self) -> tuple[int, int] | None:
        found = [
            (entity_id, comment["entity_id"]) for entity_id in self.ids() for comment in self.row(entity_id)["comments"]
        ]
        return self._random.choice(found) if found else None


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
