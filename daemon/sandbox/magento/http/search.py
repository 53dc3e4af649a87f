"""Reads `searchCriteria`, echoes them, and answers them from a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from daemon.sandbox.magento.http.conditions import Filter, Test, compile_condition
from daemon.sandbox.magento.http.errors import ApiError, field_missing, internal_error, not_an_int
from daemon.sandbox.magento.http.narrowing import narrow
from daemon.sandbox.magento.http.options import Version
from daemon.sandbox.magento.http.parameters import snake_keys
from daemon.sandbox.magento.shop import Wire
from daemon.sandbox.magento.shop.tables import Table

_KEYS = {"filter_groups", "sort_orders", "page_size", "current_page"}
_NO_LIMIT = 999_999
"""Magento's page size for a call without one, where page sizes are limited."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One field to sort by; without a direction: descending."""

    field: str
    direction: str | None


@dataclass(frozen=True, slots=True)
class Criteria:
    """A search: all of the groups, any of a group's filters, in this order, this page of the result."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    sorts: tuple[Sort, ...] = ()
    page_size: int | None = None
    page: int | None = None

    def echo(self) -> Wire:
        """Return the criteria as Magento repeats them in every list."""
        echo: Wire = {
            "filter_groups": [
                {
                    "filters": [
                        {"field": each.field, "value": each.value, "condition_type": each.condition} for each in group
                    ]
                }
                for group in self.groups
            ]
        }
        if self.sorts:
            echo["sort_orders"] = [{"field": each.field, "direction": each.direction} for each in self.sorts]
        if self.page_size is not None:
            echo["page_size"] = self.page_size
        if self.page is not None:
            echo["current_page"] = self.page
        return echo


def read_criteria(parameters: Wire, *, version: Version, page_limit: int | None) -> Criteria:
    """Return the criteria in the query's parameters, which must be present, if only as `searchCriteria=`."""
    raw = parameters.get("searchCriteria", parameters.get("search_criteria"))
    if raw is None:
        raise field_missing("searchCriteria")
    table = snake_keys(raw)
    for name in table.keys() - _KEYS:
        raise internal_error() if version == "2.4.6" else _unknown_property(name)
    page_size = _whole(table, "page_size", "pageSize")
    if page_limit is not None:
        if page_size is not None and page_size > page_limit:
            raise ApiError(400, "Maximum SearchCriteria pageSize is %max", {"max": page_limit})
        page_size = _NO_LIMIT if page_size is None else page_size
    return Criteria(
        groups=tuple(
            tuple(_read_filter(each) for each in _listed(snake_keys(group).get("filters")))
            for group in _listed(table.get("filter_groups"))
        ),
        sorts=tuple(_read_sort(each) for each in _listed(table.get("sort_orders"))),
        page_size=page_size,
        page=_whole(table, "current_page", "currentPage"),
    )


def find(table: Table, criteria: Criteria, *, repeats_last_page: bool = False) -> tuple[list[int], int]:
    """Return the ids of the requested page, and the number of rows on all pages."""
    asked = {each.field for group in criteria.groups for each in group} | {s.field for s in criteria.sorts}
    if not asked <= table.columns:
        raise internal_error()
    ids, left = narrow(table, criteria.groups)
    if left:
        tests = [[compile_condition(each.field, each.condition, each.value) for each in group] for group in left]
        ids = [each for each in ids if _passes(table.row(each), tests)]
    if repeats_last_page and criteria.page and criteria.page_size:
        last = max(-(-len(ids) // max(criteria.page_size, 1)), 1)
        criteria = replace(criteria, page=min(criteria.page, last))
    return list(_cut(_sorted(table, ids, criteria), criteria)), len(ids)


def _passes(row: Wire, tests: Sequence[Sequence[Test]]) -> bool:
    return all(any(test(row) for test in group) for group in tests)


def _sorted(table: Table, ids: Sequence[int], criteria: Criteria) -> Sequence[int]:
    """Return the ids in the requested order. Rows of equal rank come in any order, another one on each page."""
    if (criteria.page or 1) % 2 == 0 and all(sort.field != "entity_id" for sort in criteria.sorts):
        ids = ids[::-1] if criteria.sorts else ids
    for sort in reversed(criteria.sorts):
        descending = (sort.direction or "DESC") == "DESC"
        if sort.field == "entity_id":
            ids = sorted(ids, reverse=descending)
        else:
            ids = sorted(ids, key=lambda each: _rank(table.row(each).get(sort.field)), reverse=descending)
    return ids


def _rank(value: Any) -> tuple[int, Any]:
    """Return a sort key: nulls first, then numbers, then texts."""
    return (0, 0) if value is None else (2, value) if isinstance(value, str) else (1, value)


def _cut(ids: Sequence[int], criteria: Criteria) -> Sequence[int]:
    """Return the page: no size or 0 means all rows, a negative size one row, a page below 1 the first."""
    if not criteria.page_size:
        return ids
    size = max(criteria.page_size, 1)
    start = (max(criteria.page or 1, 1) - 1) * size
    return ids[start : start + size]


def _listed(raw: Any) -> list[Any]:
    return list(raw.values()) if isinstance(raw, dict) else []


def _read_filter(raw: Any) -> Filter:
    table = snake_keys(raw)
    return Filter(table.get("field", ""), table.get("value"), table.get("condition_type") or "eq")


def _read_sort(raw: Any) -> Sort:
    table = snake_keys(raw)
    direction = table.get("direction")
    if direction is not None and direction.upper() not in {"ASC", "DESC"}:
        message = "The sort order has to be specified as %1 for ascending order or %2 for descending order."
        raise ApiError(400, message, ["ASC", "DESC"])
    return Sort(table.get("field", ""), direction and direction.upper())


def _whole(table: Wire, name: str, spelled: str) -> int | None:
    raw = table.get(name)
    if raw is None:
        return None
    try:
        return int(raw)
    except (TypeError, ValueError):
        raise not_an_int(str(raw), spelled) from None


def _unknown_property(name: str) -> ApiError:
    camel = "".join(part.capitalize() for part in name.split("_"))
    return ApiError(
        400,
        f'Property "{camel}" does not have accessor method "get{camel}" in class '
        '"Magento\\Framework\\Api\\SearchCriteriaInterface".',
    )
