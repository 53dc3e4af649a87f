"""Pages of a scan and of a sweep, as values."""

from dataclasses import dataclass
from datetime import datetime

from daemon.invoice import Comment, Invoice, Malformed


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a scan, in ascending entity_id.

    ``at``: Magento's clock at the answer; ``total``: how many invoices the whole filter matches.
    """

    invoices: tuple[Invoice | Malformed, ...]
    at: datetime
    total: int
    last: bool

    @property
    def count(self) -> int:
        """Return the number of invoices in the page."""
        return len(self.invoices)

    @property
    def last_id(self) -> int | None:
        """Return the highest id in the page."""
        return self.invoices[-1].entity_id if self.invoices else None


@dataclass(frozen=True, slots=True)
class Watched:
    """An invoice for a sweep: its stamps and its comments, without the values to decide on."""

    entity_id: int
    created_at: datetime | None
    updated_at: datetime | None
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True)
class WatchedPage:
    """One page of a sweep, in ascending entity_id."""

    rows: tuple[Watched, ...]
    at: datetime
    last: bool

    @property
    def count(self) -> int:
        """Return the number of invoices in the page."""
        return len(self.rows)

    @property
    def last_id(self) -> int | None:
        """Return the highest id in the page."""
        return self.rows[-1].entity_id if self.rows else None
