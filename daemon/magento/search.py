"""Questions to Magento: searchCriteria as a query string, in the one spelling that every version signs alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

_ROOT = "searchCriteria"


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition, of those that Magento really has: Magento silently takes an unknown one as ``eq``."""

    field: str
    condition: str
    value: str


def format_stamp(instant: datetime) -> str:
    """Return the instant in the form of Magento's filters: UTC, in whole seconds, without an offset.

    Magento ignores offsets, and takes a bad date as no filter.
    """
    return instant.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat(" ")


def ids(entity_ids: Iterable[int]) -> str:
    """Return the value of an ``in`` condition."""
    return ",".join(str(entity_id) for entity_id in entity_ids)


def within(after_id: int, upto: int | None, but: Sequence[int]) -> list[list[Filter]]:
    """Return the filter groups for the ids after ``after_id``, up to ``upto``, without ``but``; all must hold."""
    groups = [[Filter("entity_id", "gt", str(after_id))]]
    if upto is not None:
        groups.append([Filter("entity_id", "lteq", str(upto))])
    if but:
        groups.append([Filter("entity_id", "nin", ids(but))])
    return groups


def query(
    groups: Iterable[Iterable[Filter]], *, page_size: int, fields: str | None = None, newest_by: str | None = None
) -> str:
    """Return the query string for the first page, sorted by entity_id.

    All groups must hold, and in each group one filter must. ``newest_by``: sort by this field instead, the highest
    first; good for one row alone.

    The caller pages by key and always asks for the first page: page numbers drift while invoices arrive, older Magentos
    repeat the last page for ever, and sorting by a stamp loses rows that share one. Spaces are %20 and every parameter
    has its ``=``: Magento's signature check rejects ``+`` and, from 2.4.8, a bare name.
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


@lru_cache(maxsize=256)  # shared by all shops of a process, and harmless: a name's spelling depends on nothing else
def _quoted(name: str) -> str:
    """Return a parameter's name in the spelling of a query; there are few names."""
    return quote(name, safe="")
