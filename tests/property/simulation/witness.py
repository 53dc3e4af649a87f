"""The truth about a run, independent of the daemon's state: the measure of its promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime


class Broken(BaseException):
    """A promise is broken; the text begins with its name. Not an Exception: the daemon must not survive it."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise
        self.what = what


@dataclass
class Witness:
    """The truth about one run."""

    # When Magento began to show the invoice's present version, by Magento's own clock.
    visible: dict[int, datetime] = field(default_factory=dict)
    ever_visible: set[int] = field(default_factory=set)
    items_shown: set[int] = field(default_factory=set)
    comments_shown: set[int] = field(default_factory=set)
    # Why an invoice or a comment may stand failed.
    refused: set[str] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    unreadable_orders: set[int] = field(default_factory=set)
    vanished: set[int] = field(default_factory=set)
    # Ids that a restored backup of Magento may have given twice.
    reused: set[int] = field(default_factory=set)
    reused_comments: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)
    # What people did in Salesforce.
    deleted_records: set[int] = field(default_factory=set)
    left_behind: set[str] = field(default_factory=set)
    deleted_notes: set[int] = field(default_factory=set)
    deleted_comments: set[int] = field(default_factory=set)
    # What operators did.
    asked: set[int] = field(default_factory=set)
    cleared: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    # When the daemon was last shown a version of an invoice, told by its stamp and state.
    shown: dict[tuple[int, str, int], datetime] = field(default_factory=dict)
    # When the invoice was created that Salesforce was first sent under this id.
    sent: dict[int, str] = field(default_factory=dict)
