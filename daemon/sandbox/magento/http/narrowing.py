"""Narrows a search by ids and indexes, before its other conditions are tested row by row, as a database does."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from daemon.sandbox.magento.http.conditions import Filter, read_date, read_number
from daemon.sandbox.magento.shop.tables import Index, Table

_INDEX_PAYS = 8
"""The cost of reading one row, in entries of an index."""

Group = Sequence[Filter]


def narrow(table: Table, groups: Sequence[Group]) -> tuple[Sequence[int], list[Group]]:
    """Return the possible ids, ascending, and the groups of conditions to test their rows with."""
    ids: Sequence[int] = table.ids
    waiting: list[Group] = []
    for group in groups:
        narrowed = _by_ids(ids, group[0]) if len(group) == 1 and group[0].field == "entity_id" else None
        if narrowed is None:
            waiting.append(group)
        else:
            ids = narrowed
    left: list[Group] = []
    for group in waiting:
        narrowed = _by_indexes(table, ids, group)
        if narrowed is None:
            left.append(group)
        else:
            ids = narrowed
    return ids, left


def _by_ids(ids: Sequence[int], condition: Filter) -> Sequence[int] | None:
    """Return the ids for which a condition on ids holds; None for a condition that rows must be tested with."""
    if condition.value is None:
        return None
    value = read_number(condition.value)
    match condition.condition:
        case "gt":
            return ids[bisect_right(ids, value) :]
        case "gteq" | "from":
            return ids[bisect_left(ids, value) :]
        case "lt":
            return ids[: bisect_left(ids, value)]
        case "lteq" | "to":
            return ids[: bisect_right(ids, value)]
        case "in":
            wanted = sorted({read_number(each) for each in condition.value.split(",") if each})
            return [each for number in wanted for each in ids[bisect_left(ids, number) :][:1] if each == number]
        case _:
            return None


def _by_indexes(table: Table, ids: Sequence[int], group: Group) -> Sequence[int] | None:
    """Return the ids for which any of these conditions on indexed stamps holds; None: rows must be tested."""
    places: list[tuple[Index, int]] = []
    for each in group:
        index = table.indexes.get(each.field)
        if index is None or each.value is None or each.condition not in {"gt", "gteq", "from"}:
            return None
        places.append((index, index.start(read_date(each.value), inclusive=each.condition != "gt")))
    entries = sum(len(index) - place for index, place in places)
    if not places or entries > len(ids) * _INDEX_PAYS:
        return None
    found = {entity_id for index, place in places for entity_id in index.after(place)}
    if len(found) * _INDEX_PAYS < len(ids):
        return sorted(each for each in found if _holds(ids, each))
    return [each for each in ids if each in found]


def _holds(ids: Sequence[int], entity_id: int) -> bool:
    place = bisect_left(ids, entity_id)
    return place < len(ids) and ids[place] == entity_id
