"""Reports the size of a large shop's first sync before the sync begins."""

from dataclasses import dataclass

_LARGE = 1_000
_INVOICES_A_CALL = 75


@dataclass(frozen=True, slots=True)
class FirstSync:
    """The number of Magento's invoices, and about how many Salesforce API calls these take."""

    invoices: int
    calls: int


def large_first_sync(invoices: int | None) -> FirstSync | None:
    """Return the size of the first sync; None when no first sync is to come, or a small one.

    One call sends 75 invoices with their items, another call their notes.
    """
    if invoices is None or invoices <= _LARGE:
        return None
    return FirstSync(invoices, 2 * -(-invoices // _INVOICES_A_CALL))
