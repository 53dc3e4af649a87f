"""Decides by the three flags and the skip rules: send, hold or skip, with the reason. Pure: no I/O."""

from dataclasses import dataclass
from enum import Enum

from daemon.invoice import Comment, Invoice
from daemon.settings.schema import Invoices, Note
from state.kinds import HeldFor


class Action(Enum):
    """The action on an invoice or a comment; the value is the resulting sync status."""

    SEND = "pending"
    HOLD = "held"
    SKIP = "skipped"


@dataclass(frozen=True, slots=True)
class Known:
    """The facts about an invoice that Magento does not show.

    ``owed``: the invoice was to be sent already; ``in_salesforce``: it has a Salesforce ID; ``asked``: a person asked
    for it; ``named``: a person named it, one by one; ``store_id``: the store that it belonged to, where Magento has
    forgotten it since.
    """

    owed: bool = False
    in_salesforce: bool = False
    asked: bool = False
    named: bool = False
    store_id: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An action with its reason; ``held_for``: the flag behind a held comment."""

    action: Action
    reason: str | None = None
    held_for: HeldFor | None = None


SEND = Decision(Action.SEND)
OFF = "invoices.enable_synchronization is off"
MANUAL = "invoices.enable_automatic_synchronization is off"
NO_NOTES = "invoices.synchronize_notes is off"


def decide(invoice: Invoice, options: Invoices, known: Known) -> Decision:
    """Return whether this version of the invoice is sent, held or skipped.

    An owed invoice stays owed when a flag goes off, and waits. Only a skip rule that its newest version meets takes it
    back, and only while it is not in Salesforce and nobody named it.
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
    """Return the skip rule that this version of the invoice meets, in words, if any.

    ``known_store``: the store that the invoice belonged to, where its store view was deleted since.
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
    """Return whether a new or edited comment becomes a note, waits for a flag, or is skipped.

    ``in_salesforce``: the comment has a note already, which follows its changes, also a change that hides the comment
    from the storefront.
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
