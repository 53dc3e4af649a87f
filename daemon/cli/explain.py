"""Draws one invoice's whole story, also the reason for not being in Salesforce."""

from daemon.cli.opening import open_reader, read_settings
from daemon.cli.output import instant, one_line, say, say_lines, write_json
from daemon.reports.invoices import InvoiceReport
from daemon.reports.numbers import row_with_number
from daemon.reports.story import Story, story_of
from daemon.settings import Configuration
from daemon.words import visible
from state.errors import StateMissingError
from state.store import Store


def show_story(settings_name: str | None, number: str | None, entity_id: int | None, *, as_json: bool) -> int:
    """Show the story of the invoice with this number or this entity_id, and return the exit code."""
    configuration = read_settings(settings_name).current
    story: Story | None = None
    try:
        with open_reader(configuration) as store:
            story = _story(store, number, entity_id)
    except StateMissingError:
        pass
    if story is None:
        story = _ask_magento(configuration, number, entity_id)
    if as_json:
        write_json(story)
    elif story.invoice is None:
        say(story.why)
    else:
        _draw(story, story.invoice)
    return 0


def _story(store: Store, number: str | None, entity_id: int | None) -> Story | None:
    if number is not None:
        row = row_with_number(store, number)
        entity_id = row.entity_id if row else None
    return None if entity_id is None else story_of(store, entity_id)


def _ask_magento(configuration: Configuration, number: str | None, entity_id: int | None) -> Story:
    from daemon.cli.unseen import explain_unseen  # few stories need Magento, and its client is large

    return explain_unseen(configuration, number, entity_id)


def _draw(story: Story, invoice: InvoiceReport) -> None:
    store = "no store" if invoice.store_id is None else f"store {invoice.store_id}"
    say(f"Invoice {invoice.increment_id} (entity_id {invoice.entity_id}, {store})")
    facts = [
        ("Order", invoice.order_number),
        ("Total", f"{invoice.grand_total} {invoice.currency or ''}, {invoice.state}"),
        ("Created", f"{instant(invoice.created_at)}, last changed {instant(invoice.updated_at)}"),
        ("First seen", f"{instant(story.seen_at)} by a {story.seen_by}"),
        ("Status", f"{invoice.sync_status}. {story.why}"),
        ("Reason", invoice.reason),
        ("Next try", instant(invoice.next_attempt_at)),
        ("Salesforce ID", invoice.salesforce_id),
        ("Link", invoice.salesforce_url),
    ]
    for title, text in facts:
        if text:
            line = f"  {title + ':':<15}{text}"
            say_lines(line if title == "Reason" else visible(line))
    for note in story.notes:
        rest = note.note_id or one_line(note.reason or "")
        say(f"  Comment {note.comment_id}: {note.sync_status} {rest}".rstrip())
    for attempt in story.attempts:
        about = f"comment {attempt.comment_id}" if attempt.comment_id else "invoice"
        answer = f": {one_line(attempt.answer)}" if attempt.answer else ""
        say(f"  {instant(attempt.at)} pass {attempt.pass_id} {about} {attempt.outcome}{answer}")
