"""What Salesforce has rejected since it last accepted an invoice, by cause."""

from dataclasses import dataclass, field

from state.ledger import LedgerRow

MANY = 10


@dataclass
class Rejections:
    """First attempts rejected since Salesforce last accepted one, by cause: the invoices, each with its reason."""

    by_cause: dict[str, dict[int, str]] = field(default_factory=dict)
    probed: set[int] = field(default_factory=set)  # which went ahead of the others, to find out

    def add(self, row: LedgerRow, cause: str, reason: str) -> None:
        """The invoice was rejected. A retry tells nothing new: it was rejected before."""
        if row.attempts == 0:
            self.by_cause.setdefault(cause, {})[row.entity_id] = reason

    def probe(self, entity_id: int) -> None:
        """It goes ahead of the others. What is said of it counts, not what was said before: it may not even be sent."""
        self.probed.add(entity_id)
        for rejected in self.by_cause.values():
            rejected.pop(entity_id, None)

    def clear(self) -> None:
        """Salesforce has accepted an invoice: what it rejects is those invoices' own."""
        self.by_cause.clear()
        self.probed.clear()

    def are_many(self) -> bool:
        """Whether so many were rejected for one cause that it may be every invoice's."""
        return any(len(rejected) >= MANY for rejected in self.by_cause.values())

    def like(self, entity_id: int) -> dict[int, str]:
        """All that were rejected for the same cause as this one, if they are many."""
        for rejected in self.by_cause.values():
            if entity_id in rejected and len(rejected) >= MANY:
                return rejected
        return {}
