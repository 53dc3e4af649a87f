"""Turns a comment into a note: its title, its text escaped for Salesforce, its comment record, their fingerprint."""

import base64
import html
import re
from dataclasses import dataclass

from daemon.invoice import Comment, Invoice
from daemon.settings.schema import Note
from daemon.spelling import Body, cut, hash_of, spell_instant

# A comment record's Body__c takes 131,072 characters, a classic note's Body 32,000.
ROOM = {"content_note": 131_072, "note": 32_000}
_MARK = "\n… (cut: the whole comment is in Magento)"
_TITLE_ROOM = {"content_note": 255, "note": 80}


@dataclass(frozen=True, slots=True)
class NoteRecord:
    """A comment's records for Salesforce: the fields of its note and of its comment record."""

    comment_id: int
    external_id: str
    title: str
    text: str
    visibility: str
    record: Body
    fingerprint: str

    def content(self) -> str:
        """Return the text for a ContentNote: HTML in base64.

        Salesforce rejects unescaped text, and drops bare line breaks.
        """
        lines = html.escape(self.text, quote=True).replace("\n", "<br>")
        return base64.b64encode(lines.encode()).decode("ascii")


def note_of(
    comment: Comment, invoice: Invoice, settings: Note, external_id: str, *, marked: bool = False
) -> NoteRecord:
    """Return the note for this comment; ``marked``: its title carries the external ID, to find the note again."""
    text = cut(comment.text.strip(), ROOM[settings.type], _MARK)
    marker = f" [{external_id}]" if marked else ""
    room = _TITLE_ROOM[settings.type] - len(marker)
    title = cut(_title(settings.title, comment, invoice), room, "…") + marker
    visibility = settings.visibility
    if visibility == "storefront":
        visibility = "AllUsers" if comment.visible_on_storefront else "InternalUsers"
    record: Body = {
        "Body__c": text,
        "Commented_At__c": spell_instant(comment.created_at),
        "Customer_Notified__c": comment.customer_notified,
        "Visible_On_Storefront__c": comment.visible_on_storefront,
    }
    fingerprint = hash_of([title, visibility, record])
    return NoteRecord(
        comment_id=comment.entity_id,
        external_id=external_id,
        title=title,
        text=text,
        visibility=visibility,
        record={**record, "Sync_Fingerprint__c": fingerprint},
        fingerprint=fingerprint,
    )


def marker_of(title: str) -> str | None:
    """Return the external ID in a note's title, if any."""
    found = re.search(r"\[([a-z0-9-]+-comment-\d+)\]$", title)
    return found[1] if found else None


def comment_digest(comment: Comment) -> str:
    """Return a digest of the comment, equal for the same comment in Magento."""
    shown = [comment.text, spell_instant(comment.created_at), comment.customer_notified, comment.visible_on_storefront]
    return hash_of(shown)


def _title(template: str, comment: Comment, invoice: Invoice) -> str:
    known = {
        "comment.id": str(comment.entity_id),
        "comment.created_at": comment.created_at.strftime("%Y-%m-%d %H:%M") if comment.created_at else "",
        "invoice.increment_id": invoice.increment_id,
    }
    return re.sub(r"\{(.*?)\}", lambda match: known[match[1]], template)
