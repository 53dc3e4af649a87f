"""The demo's story: customers buy, a rule refuses, a flag holds, a hand sends, the state is cleared."""

import random
import time

import click

from daemon.cli.demo.narrator import Narrator
from daemon.cli.demo.stage import ShowStopped, Stage
from state.ledger import LedgerRow

_GOODS = [
    ("TEE-1", "T-shirt “Größe M”", 24.90),
    ("MUG-2", "Mug & saucer", 12.50),
    ("BAG-3", "Bag <canvas>", 39.00),
    ("PEN-4", "Pen, 万年筆", 59.95),
]
_CUSTOMERS = [
    ("Ada", "Byron", "ada@example.com"),
    ("Seán", "O'Brien", "sean@example.com"),
    ("María", "Núñez", "maria@example.com"),
    ("Jūn", "田中", "jun@example.com"),
]
_REMARKS = ["Thank you & come again!", "Gift: please wrap", "Paid by card\nat the counter", "Café order, 5 € off"]


def play(stage: Stage, narrator: Narrator, *, longer: float) -> int:
    """All acts; 0 when both sides agree at the end."""
    narrator.say("A little Magento, a little Salesforce and the daemon between them are starting on this machine.")
    Show(stage, narrator).play(longer)
    compared = stage.compared()
    narrator.act("The invoice grid")
    stage.show_grid()
    click.echo()
    click.echo(
        f"In Magento {compared.in_magento}, in Salesforce {compared.in_salesforce}, "
        f"lost {len(compared.lost)}, doubled {len(compared.doubled)}."
    )
    if compared.equal:
        click.echo("Both sides agree: every invoice, item and comment, once.")
        return 0
    click.echo(f"The two sides differ: {compared}", err=True)
    return 1


class Show:
    """The acts, in order."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._narrator = narrator
        self._random = random.Random(7)  # noqa: S311  (the same story every time)

    def play(self, longer: float) -> None:
        """The whole story."""
        self._customers_buy()
        self._a_rule_refuses()
        self._automatic_goes_off()
        self._automatic_comes_back()
        self._go_on(longer)
        self._the_state_is_cleared()

    def _customers_buy(self) -> None:
        say = self._narrator
        say.act("Customers buy: their invoices get Salesforce IDs and notes within seconds")
        for _ in range(4):
            entity_id = self._buy(comments=self._random.randrange(3))
            self._arrival(entity_id)

    def _a_rule_refuses(self) -> None:
        stage, say = self._stage, self._narrator
        say.act("A validation rule in Salesforce refuses one invoice; the others go on")
        rule = stage.org.add_rule(
            "Magento_Invoice__c",
            lambda record: float(str(record["Grand_Total__c"])) > 1000,
            "Invoices over 1,000 need an account",
            ("Grand_Total__c",),
        )
        large = self._buy(quantity=60, comments=1)
        other = self._buy()
        stage.wait_for("the refusal", lambda: self._status(large) == "failed")
        row = stage.rows()[large]
        say.typed(f"invoice-sync explain {row.increment_id}")
        say.answer(stage.command("explain", row.increment_id), style="red")
        self._arrival(other)
        say.say("The rule is mended, and the invoice goes through:")
        rule.remove()
        self._by_hand(row.increment_id)
        self._arrival(large)

    def _automatic_goes_off(self) -> None:
        stage, say = self._stage, self._narrator
        say.act("Automatic synchronization is switched off by editing settings.yaml, while the daemon runs")
        say.answer(stage.edit("invoices", "enable_automatic_synchronization", value=False), style="yellow")
        self._settings_taken_up()
        by_hand, self._held = self._buy(comments=1), self._buy(comments=1)
        both = (by_hand, self._held)
        stage.wait_for("both to be held", lambda: all(self._status(key) == "held" for key in both))
        say.say("Two more customers buy. Their invoices are held: the Salesforce ID column stays empty.")
        say.say("One of them is synced by hand:")
        self._by_hand(stage.rows()[by_hand].increment_id)
        self._arrival(by_hand)

    def _automatic_comes_back(self) -> None:
        stage, say = self._stage, self._narrator
        say.act("And on again")
        say.answer(stage.edit("invoices", "enable_automatic_synchronization", value=True), style="yellow")
        self._settings_taken_up()
        self._arrival(self._buy(comments=1))
        number = stage.rows()[self._held].increment_id
        say.say(f"Invoice {number}, held meanwhile, stays held until it changes; now it is canceled in Magento:")
        stage.shop.change_state(self._held, 3)
        self._arrival(self._held)

    def _go_on(self, seconds: float) -> None:
        if not seconds:
            return
        self._narrator.act(f"Customers go on buying for {seconds:g} seconds")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            entity_id = self._buy(comments=self._random.randrange(3))
            self._arrival(entity_id)
            time.sleep(min(self._random.uniform(0.2, 2.0), max(0.0, until - time.monotonic())))

    def _the_state_is_cleared(self) -> None:
        stage, say = self._stage, self._narrator
        say.act("The state is cleared: everything is looked at again, and nothing doubles")
        created = sum(stage.org.created.values())
        known = len(stage.rows())
        say.typed("invoice-sync state clear --yes")
        say.answer(stage.command("state", "clear", "--yes"))
        stage.wait_for("everything to be in again", lambda: self._all_in(known))
        again = sum(stage.org.created.values()) - created
        if again:
            raise ShowStopped(f"{again} records were created a second time")
        say.say(f"All {known} invoices were looked at again; records created a second time: 0.")

    def _all_in(self, known: int) -> bool:
        rows = self._stage.rows().values()
        return len(rows) == known and all(row.sync_status == "synced" for row in rows) and self._stage.compared().equal

    def _buy(self, *, quantity: int | None = None, comments: int = 0) -> int:
        """A customer orders something and gets an invoice, with remarks on it."""
        goods = self._random.sample(_GOODS, self._random.randrange(1, 4))
        order = self._stage.shop.place_order(
            items=[(sku, name, quantity or self._random.randrange(1, 4), price) for sku, name, price in goods],
            customer=self._random.choice(_CUSTOMERS),
        )
        first = self._random.choice(_REMARKS) if comments else None
        entity_id = self._stage.shop.submit_invoice(order["entity_id"], comment=first)
        if comments > 1:
            self._stage.shop.add_comment(entity_id, self._random.choice(_REMARKS), visible=True)
            self._stage.shop.touch(entity_id)  # so that the next poll shows it: the sweep would take 15 minutes
        return entity_id

    def _arrival(self, entity_id: int) -> None:
        """Wait for the invoice and its notes, and say where they are."""
        stage = self._stage
        comments = len(stage.shop.invoices.row(entity_id)["comments"])

        def is_in() -> bool:
            row = stage.rows().get(entity_id)
            return row is not None and row.sync_status == "synced" and stage.notes_of(row) == comments

        stage.wait_for(f"invoice {entity_id} to arrive", is_in)
        self._narrator.arrived(_line(stage.rows()[entity_id], comments))

    def _by_hand(self, number: str) -> None:
        self._narrator.typed(f"invoice-sync sync {number}")
        self._narrator.answer(self._stage.command("sync", number))

    def _status(self, entity_id: int) -> str | None:
        row = self._stage.rows().get(entity_id)
        return row.sync_status if row else None

    def _settings_taken_up(self) -> None:
        """An edit is taken up at the next poll; the log says so."""
        self._stage.wait_for("the edit to be taken up", self._stage.saw_reload)


def _line(row: LedgerRow, comments: int) -> str:
    notes = f", {comments} note{'s' if comments != 1 else ''}" if comments else ""
    return f"{row.increment_id}  {row.grand_total} {row.currency}  →  {row.salesforce_id}{notes}"
