"""The three flags and the skip rules → send, hold or skip, with the reason. Pure: no I/O."""

from dataclasses import dataclass
from enum import Enum

from daemon.invoice import Comment, Invoice
from daemon.settings.schema import Invoices, Note


class Action(Enum):
    """What is done with an invoice or a comment now; the value is the sync status that it gets."""

    SEND = "pending"
    HOLD = "held"
    SKIP = "skipped"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an invoice besides what Magento shows of it.

    ``owed``: it was to be sent already; ``in_salesforce``: it has a Salesforce ID; ``asked``: a person asked for it;
    ``named``: one by one; ``store_id``: the store that it was of, where Magento has forgotten it since.
    """

    owed: bool = False
    in_salesforce: bool = False
    asked: bool = False
    named: bool = False
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An action with its reason; ``held_for`` says which flag holds a comment back."""

    action: Action
    reason: str | None = None
    held_for: str | None = None


SEND = Decision(Action.SEND)
OFF = "invoices.enable_synchronization is off"
MANUAL = "invoices.enable_automatic_synchronization is off"
NO_NOTES = "invoices.synchronize_notes is off"


def decide(invoice: Invoice, options: Invoices, known: Known) -> Decision:
    """Whether this version of the invoice is sent, held or skipped.

    What is owed stays owed when a flag goes off (it waits); only a skip rule that its newest version meets takes it
    back, and that only while it is not in Salesforce and nobody named it.
    """
    rule = None if known.in_salesforce or known.named else skip_rule(invoice, options, known.store_id)
    if known.owed:
        return Decision(Action.SKIP, rule) if rule else SEND
    if not options.enable_synchronization:
        return Decision(Action.HOLD, OFF)
    if not options.enable_automatic_synchronization and not known.asked:
        return Decision(Action.HOLD, MANUAL)
    return Decision(Action.SKIP, rule) if rule else SEND


def skip_rule(invoice: Invoice, options: Invoices, known_store: int | None = None) -> str | None:
    """Return the skip rule that this version of the invoice meets, in words, or None.

    ``known_store``: the store that it was of, for an invoice whose store view was deleted since.
    """
    store_id = known_store if invoice.store_id is None else invoice.store_id
    skip = options.skip
    if skip.zero_total and invoice.grand_total == 0:
        return "invoices.skip.zero_total: its total is 0"
    if invoice.state in skip.states:
        return f"invoices.skip.states: it is {invoice.state}"
    if store_id in skip.store_ids:
        return f"invoices.skip.store_ids: it is of store {store_id}"
    return None


def decide_comment(
    comment: Comment, options: Invoices, note: Note, *, asked: bool, in_salesforce: bool = False
) -> Decision:
    """Whether a new or edited comment becomes a note, waits for a flag, or makes none.

    ``in_salesforce``: it has a note already, and its changes follow, also the one that hides it from the storefront.
    """
    if not comment.text.strip():
        return Decision(Action.SKIP, "it is empty")
    if note.only_visible_on_storefront and not comment.visible_on_storefront and not in_salesforce:
        return Decision(Action.SKIP, "salesforce.note.only_visible_on_storefront: it is not visible there")
    if not options.synchronize_notes:
        return Decision(Action.HOLD, NO_NOTES, held_for="notes")
    if not options.enable_synchronization:
        return Decision(Action.HOLD, OFF, held_for="automatic")
    if not options.enable_automatic_synchronization and not asked:
        return Decision(Action.HOLD, MANUAL, held_for="automatic")
    return SEND
