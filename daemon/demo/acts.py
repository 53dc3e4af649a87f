"""Plays the story act by act; each act ends when its result has arrived."""

import shlex

from daemon.demo.failure import DemoFailed
from daemon.demo.stage import Stage, count

_AUTOMATIC = "enable_automatic_synchronization"
_LIMIT = 1000


def open_shop(stage: Stage) -> None:
    """Show the sides, the daemon, and the invoices from before the daemon."""
    say = stage.narration.say
    stage.narration.act("A shop, an org, and the daemon between them")
    earlier = stage.customers.shop.seed(3, seconds_apart=3600)
    say("Magento", f"{stage.magento.url}, a shop with {count(len(earlier), 'invoice')}")
    say("Salesforce", f"{stage.salesforce.url}, an org without any")
    stage.narration.command(f"cd {shlex.quote(str(stage.folder.path))}")
    stage.start_daemon()
    stage.expect(*earlier, timed=False)
    stage.wait_for_expected()
    stage.pause(1.5)


def let_buy(stage: Stage) -> None:
    """Let customers buy: invoices appear, and get Salesforce IDs and notes."""
    stage.narration.act("Customers buy")
    first = _buy(stage, pause=1.5)
    _buy(stage, pause=1.5)
    stage.customers.comment(first)
    stage.narration.say("Magento", stage.customers.last_comment(first))
    stage.expect(first)
    stage.pause(1.5)
    _buy(stage, pause=1.5)
    stage.wait_for_expected()
    row = stage.books().rows[first]
    stage.narration.say("", f"Its page: {stage.salesforce.url}/{row.salesforce_id}", "dim")
    stage.pause(1.5)


def be_rejected(stage: Stage) -> None:
    """Have a validation rule reject one invoice: the others go on, and the fixed one goes through."""
    say = stage.narration.say
    stage.narration.act("A validation rule rejects an invoice")
    stage.org.add_rule(
        "Magento_Invoice__c",
        lambda row: row["Status__c"] == "Open" and float(str(row["Grand_Total__c"])) > _LIMIT,
        f"An invoice above {_LIMIT} must be paid first.",
        ["Grand_Total__c"],
    )
    say("Salesforce", f"An administrator's new rule: above {_LIMIT} only paid invoices.")
    large = stage.customers.buy_these([("CHAIR-4", "Oak chair", 12, 129.9)], comment=True, paid=False)
    say("Magento", f"{stage.customers.describe(large)}; not paid yet")
    _buy(stage, pause=0)
    reason = stage.wait_for_status("failed", large).rows[large].reason
    say("daemon", f"{stage.number(large)}  failed: {reason}", "red")
    stage.wait_for_expected()
    stage.pause(3)
    stage.customers.pay(large)
    say("Magento", f"{stage.number(large)}  is paid: so it is fixed")
    stage.expect(large)
    stage.wait_for_expected()
    stage.pause(1.5)


def switch_off_and_on(stage: Stage) -> None:
    """Switch automatic off: invoices are held, one is sent manually. Then on: a held one goes with its next change."""
    say = stage.narration.say
    stage.narration.act("Automatic synchronization is switched off, and on again")
    stage.edit(_AUTOMATIC, value=False)
    stage.pause(1)
    by_hand, held = (stage.customers.buy(paid=False) for _ in range(2))
    for entity_id in (by_hand, held):
        say("Magento", stage.customers.describe(entity_id))
    reason = stage.wait_for_status("held", by_hand, held).rows[held].reason
    say("daemon", f"Both are held: {reason}", "cyan")
    stage.pause(2)
    stage.command("sync", stage.number(by_hand))
    stage.expect(by_hand, timed=False)
    stage.wait_for_expected()
    stage.pause(1.5)
    stage.edit(_AUTOMATIC, value=True)
    _buy(stage, pause=0)
    stage.wait_for_expected()
    if stage.books().status(held) != "held":
        raise DemoFailed(f"{stage.number(held)} is no longer held, though nobody changed it or asked for it")
    say("daemon", f"{stage.number(held)}  is still held: a change or a manual sync sends it", "cyan")
    stage.pause(2)
    stage.customers.pay(held)
    say("Magento", f"{stage.number(held)}  is paid")
    stage.expect(held)
    stage.wait_for_expected()
    stage.pause(1.5)


def clear_state(stage: Stage) -> None:
    """Clear the state: every invoice is looked at again, and none is doubled."""
    say = stage.narration.say
    stage.narration.act("The state is cleared, and nothing doubles")
    before, created = {key: row.salesforce_id for key, row in stage.books().rows.items()}, stage.org.created.total()
    if (code := stage.daemon.stop()) != 0:
        raise DemoFailed(f"the daemon ended on request, but with exit code {code}")
    say("daemon", "Ended by SIGTERM, as by systemd.")
    stage.command("state", "clear", "--yes")
    stage.pause(1)
    stage.start_daemon()

    def all_again() -> bool:
        books = stage.books()
        return all(books.shows(invoice) for invoice in stage.customers.invoices())

    stage.wait(all_again, "every invoice is looked at again")
    after = {key: row.salesforce_id for key, row in stage.books().rows.items()}
    new = stage.org.created.total() - created
    say("daemon", f"{count(len(after), 'invoice')} looked at again.")
    say("Salesforce", f"{count(new, 'record')} created; {'the same' if after == before else 'OTHER'} Salesforce IDs.")
    if new or after != before:
        raise DemoFailed("the cleared state led to new records in Salesforce")
    stage.pause(1.5)


def _buy(stage: Stage, *, pause: float) -> int:
    entity_id = stage.customers.buy()
    stage.narration.say("Magento", stage.customers.describe(entity_id))
    stage.expect(entity_id)
    stage.pause(pause)
    return entity_id
