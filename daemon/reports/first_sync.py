"""Reports what the first sync of a large shop takes, before it begins."""

from dataclasses import dataclass

_LARGE = 1_000
_INVOICES_A_CALL = 75


@dataclass(frozen=True, slots=True)
class FirstSync:
    """How many invoices Magento has, and about how many Salesforce API calls they take."""

    invoices: int
    calls: int


def large_first_sync(invoices: int | None) -> FirstSync | None:
    """Return what it takes; None where there is no first sync to come, or a small one.

    One call sends 75 invoices with their items, another one their notes.
    """
    if invoices is None or invoices <= _LARGE:
        return None
    return FirstSync(invoices, 2 * -(-invoices // _INVOICES_A_CALL))
