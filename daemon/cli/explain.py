"""``invoice-sync explain``: one invoice's whole story, also why it is not in Salesforce."""

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.options import ENTITY_ID, json_option, settings_option
from daemon.errors import UsageError

if TYPE_CHECKING:
    from daemon.invoice import Invoice, Malformed
    from daemon.settings import SettingsFile
    from state.store import Store

_WHY = {
    "pending": "It is owed to Salesforce and goes at the next pass.",
    "synced": "It is in Salesforce, as Magento last showed it.",
    "held": "A flag held it back. `invoice-sync sync` sends it, or a further change while the flags are on.",
    "skipped": "A skip rule holds it back. `invoice-sync sync NUMBER` sends it all the same.",
    "failed": "It waits for a person to mend the reason; it is tried again daily, when it changes, and by `sync`.",
}
_DISMISSED = "A person set it aside with `sync --dismiss`. A further change in Magento, or `sync NUMBER`, undoes that."


@click.command(epilog="\b\nExamples:\n  invoice-sync explain 000000042\n  invoice-sync explain --id 1234 --json")
@click.argument("number", required=False)
@click.option("--id", "entity_id", type=ENTITY_ID, metavar="ENTITY_ID", help="The invoice by its entity_id.")
@json_option
@settings_option
def explain(number: str | None, entity_id: int | None, as_json: bool, settings_name: str | None) -> int:
    """Tell one invoice's whole story: when it was seen, what was decided and why, every attempt, its notes."""
    from daemon.cli.assemble import open_reader, read_settings
    from daemon.cli.output import write_json
    from state.errors import StateMissingError

    if (number is None) == (entity_id is None):
        raise UsageError("name one invoice, by its number or with --id")
    settings_file = read_settings(settings_name)
    story: dict[str, Any] | None = None
    try:
        with open_reader(settings_file.current) as store:
            entity_id = _known(store, number) if number is not None else entity_id
            story = None if entity_id is None else tell(store, entity_id)
    except StateMissingError:
        pass
    if story is None:
        story = _never_seen(settings_file, number, entity_id)
    if as_json:
        write_json(story)
    else:
        _show(story)
    return 0


def _known(store: "Store", number: str) -> int | None:
    from daemon.cli.output import choices

    rows = store.ledger.by_number(number)
    if len(rows) > 1:
        ids = choices((row.entity_id, row.store_id) for row in rows)
        raise UsageError(f"{len(rows)} stores have an invoice {number}", hint=f"Name one: {ids}")
    return rows[0].entity_id if rows else None


def tell(store: "Store", entity_id: int) -> dict[str, Any] | None:
    """The story from the state; None for an invoice that the ledger does not have."""
    from daemon.cli.invoices import as_objects
    from daemon.cli.output import instant
    from state.dismissal import is_dismissed
    from state.waiting import NOTES

    row = store.ledger.known([entity_id]).get(entity_id)
    if row is None:
        return None
    kept_back = store.sides.get(NOTES).reason
    return {
        "invoice": as_objects(store, [row])[0],
        "why": _DISMISSED if is_dismissed(row) else _WHY[row.sync_status],
        "seen_at": instant(row.seen_at),
        "seen_by": row.seen_by,
        "asked": row.asked,
        "notes": [
            {
                "comment_id": note.comment_id,
                "sync_status": note.sync_status,
                "reason": note.reason or (kept_back if note.sync_status == "pending" else None),
                "note_id": note.note_id,
                "next_attempt_at": instant(note.next_attempt_at),
                "synced_at": instant(note.synced_at),
            }
            for note in store.notes.of([entity_id])
        ],
        "attempts": [
            {
                "at": instant(attempt.at),
                "pass_id": attempt.pass_id,
                "comment_id": attempt.comment_id,
                "outcome": attempt.outcome,
                "answer": attempt.answer,
            }
            for attempt in store.attempts.of(entity_id)
        ],
    }


def _never_seen(settings_file: "SettingsFile", number: str | None, entity_id: int | None) -> dict[str, Any]:
    """Magento is asked; why the daemon has not seen it."""
    from daemon.cli.assemble import ask_magento

    magento = ask_magento(settings_file.current)
    try:
        found = magento.by_number(number) if number is not None else list(magento.by_ids([entity_id or 0]).values())
    finally:
        magento.close()
    if not found:
        raise UsageError(f"there is no invoice {number or entity_id} in Magento, and none was ever seen")
    if len(found) > 1:
        ids = ", ".join(f"--id {shown.entity_id}" for shown in found)
        raise UsageError(f"{len(found)} stores have an invoice {number}", hint=f"Name one: {ids}")
    why = _why_unseen(settings_file, found[0])
    return {"invoice": None, "why": why, "seen_at": None, "seen_by": None, "asked": False, "notes": [], "attempts": []}


def _why_unseen(settings_file: "SettingsFile", shown: "Invoice | Malformed") -> str:
    since = settings_file.current.settings.invoices.created_from
    if since is not None and shown.created_at is not None and shown.created_at < since:
        place = settings_file.current.document.where("invoices", "created_from")
        return (
            f"Magento has it, created {shown.created_at:%Y-%m-%d %H:%M:%S} UTC: before invoices.created_from "
            f"({place}), so it is not discovered. `invoice-sync sync` with its number sends it all the same."
        )
    return "Magento has it, and no pass has read it yet: the next poll or the first sync under way will."


def _show(story: dict[str, Any]) -> None:
    from daemon.cli.output import one_line, say, say_lines
    from daemon.words import visible

    invoice = story["invoice"]
    if invoice is None:
        say(story["why"])
        return
    store = "no store" if invoice["store_id"] is None else f"store {invoice['store_id']}"
    say(f"Invoice {invoice['increment_id']} (entity_id {invoice['entity_id']}, {store})")
    facts = [
        ("Order", invoice["order_number"]),
        ("Total", f"{invoice['grand_total']} {invoice['currency'] or ''}, {invoice['state']}"),
        ("Created", f"{invoice['created_at']}, last changed {invoice['updated_at']}"),
        ("First seen", f"{story['seen_at']} by a {story['seen_by']}"),
        ("Status", f"{invoice['sync_status']}. {story['why']}"),
        ("Reason", invoice["reason"]),
        ("Next try", invoice["next_attempt_at"]),
        ("Salesforce ID", invoice["salesforce_id"]),
        ("Link", invoice["salesforce_url"]),
    ]
    for title, text in facts:
        if text:
            line = f"  {title + ':':<15}{text}"
            say_lines(line if title == "Reason" else visible(line))
    for note in story["notes"]:
        rest = note["note_id"] or one_line(note["reason"] or "")
        say(f"  Comment {note['comment_id']}: {note['sync_status']} {rest}".rstrip())
    for attempt in story["attempts"]:
        about = f"comment {attempt['comment_id']}" if attempt["comment_id"] else "invoice"
        answer = f": {one_line(attempt['answer'])}" if attempt["answer"] else ""
        say(f"  {attempt['at']} pass {attempt['pass_id']} {about} {attempt['outcome']}{answer}")
