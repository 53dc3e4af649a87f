"""How Magento is asked: searchCriteria as a query string, in the one spelling that every version signs alike."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

_ROOT = "searchCriteria"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. Only conditions that Magento really has: it silently takes an unknown one as ``eq``."""

    field: str
    condition: str
    value: str


def format_stamp(instant: datetime) -> str:
    """As Magento filters by: UTC, whole seconds, no offset (it ignores offsets, and takes a bad date as no filter)."""
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat(" ")


def ids(entity_ids: Iterable[int]) -> str:
    """The value of an ``in`` condition."""
    return ",".join(str(entity_id) for entity_id in entity_ids)


def query(
    groups: Iterable[Iterable[Filter]], *, page_size: int, fields: str | None = None, newest_by: str | None = None
) -> str:
    """The query string: all groups must hold, in each group one filter must. Sorted by entity_id, first page.

    ``newest_by``: sorted by this field instead, the highest first; good for one row alone.

    Always the first page: page numbers drift while invoices arrive, older Magentos repeat the last page for ever,
    and sorting by a stamp loses rows that share one; so the caller pages by key. Spaces are %20 and every parameter
    has its ``=``: Magento's signature check refuses ``+`` and, from 2.4.8, a bare name.
    """
    pairs: list[tuple[str, str]] = []
    for group_index, group in enumerate(groups):
        for index, condition in enumerate(group):
            # Indexes stay below 10: from there on the versions disagree about the order that is signed.
            at = f"{_ROOT}[filter_groups][{group_index}][filters][{index}]"
            pairs += [
                (f"{at}[field]", condition.field),
                (f"{at}[value]", condition.value),
                (f"{at}[condition_type]", condition.condition),
            ]
    pairs += [
        (f"{_ROOT}[sortOrders][0][field]", newest_by or "entity_id"),
        (f"{_ROOT}[sortOrders][0][direction]", "DESC" if newest_by else "ASC"),
        (f"{_ROOT}[pageSize]", str(page_size)),
        (f"{_ROOT}[currentPage]", "1"),
    ]
    if fields:
        pairs.append(("fields", fields))
    return "&".join(f"{_quoted(name)}={quote(value, safe='')}" for name, value in pairs)


@lru_cache(maxsize=256)
def _quoted(name: str) -> str:
    """A parameter's name; there are few of them."""
    return quote(name, safe="")
