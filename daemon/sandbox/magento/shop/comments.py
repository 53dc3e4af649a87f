"""The comments of a shop, by their own id."""

from __future__ import annotations

from typing import Any

from daemon.sandbox.magento.shop.invoices import spell_comment
from daemon.sandbox.magento.shop.numbers import Numbers
from daemon.sandbox.magento.shop.tables import Wire

TEXT_BYTES = 65_535
"""The size of the column TEXT, in bytes; the database cuts a longer text silently."""


class Comments:
    """The invoice of each comment; the comments themselves lie in their invoices."""

    def __init__(self, numbers: Numbers) -> None:
        self._numbers = numbers
        self._parents: dict[int, Wire] = {}
        self.utf8mb4 = False
        """True: the database keeps emoji. As shipped, up to 2.4.8, it stores each of them as `????`."""

    def add(
        self,
        invoice: Wire,
        text: str,
        *,
        visible: bool = False,
        notified: bool = False,
        created_at: str,
    ) -> int:
        """Put a comment into an invoice; return its id."""
        comment_id = self._numbers.next_id("comment")
        invoice["comments"].append(
            spell_comment(
                comment_id,
                invoice["entity_id"],
                self._stored(text),
                visible=visible,
                notified=notified,
                created_at=created_at,
            )
        )
        self._parents[comment_id] = invoice
        return comment_id

    def edit(self, comment_id: int, *, parent: Wire | None = None, **fields: Any) -> None:
        """Overwrite fields of a comment; move the comment into another invoice `parent`."""
        old = self._parents[comment_id]
        comment = next(each for each in old["comments"] if each["entity_id"] == comment_id)
        if "comment" in fields:
            fields["comment"] = self._stored(fields["comment"])
        if parent is not None and parent["entity_id"] != old["entity_id"]:
            old["comments"].remove(comment)
            parent["comments"] = sorted([*parent["comments"], comment], key=lambda each: each["entity_id"])
            self._parents[comment_id] = parent
            fields["parent_id"] = parent["entity_id"]
        comment.update(fields)

    def take_in(self, invoice: Wire) -> None:
        """Enter the comments of a recorded invoice."""
        self._parents |= {comment["entity_id"]: invoice for comment in invoice["comments"]}

    def __contains__(self, comment_id: object) -> bool:
        return comment_id in self._parents

    def _stored(self, text: str) -> str:
        """Return the text as the database keeps it."""
        if not self.utf8mb4:
            text = "".join(char if ord(char) < 0x10000 else "????" for char in text)
            return text.encode()[:TEXT_BYTES].decode(errors="ignore")
        return text
