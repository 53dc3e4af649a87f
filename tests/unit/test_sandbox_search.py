"""The sandbox's indexes: what they find is what a look at every row finds, whatever was done to the rows before."""

from __future__ import annotations

from random import Random

import pytest

from daemon.sandbox.magento.http.conditions import Filter
from daemon.sandbox.magento.http.search import Criteria, Sort, find
from daemon.sandbox.magento.shop.tables import INVOICE_COLUMNS, Table

_STAMPS = [f"2026-11-{day:02} 10:00:0{second}" for day in range(1, 29) for second in range(3)]
_ODD = [None, "0000-00-00 00:00:00", "yesterday", 20261103]
_ID_CONDITIONS = ("gt", "gteq", "lt", "lteq", "in", "nin", "eq")


def changed(tables: tuple[Table, Table], chance: Random) -> None:
    """The same happens to both."""
    entity_id = chance.randint(1, 200)
    stamps = {name: chance.choice(_ODD if chance.random() < 0.1 else _STAMPS) for name in ("created_at", "updated_at")}
    removed = chance.random() < 0.1
    for table in tables:
        if entity_id not in table:
            table.put(entity_id, {"entity_id": entity_id, **stamps})
        elif removed:
            table.remove(entity_id)
        else:
            table.edit(entity_id, updated_at=stamps["updated_at"])


def asked(chance: Random) -> Criteria:
    """Conditions such as a poll's and a sweep's, in any order, and some that no index helps with."""
    since = chance.choice([*_STAMPS, "nonsense"])
    condition = chance.choice(["gteq", "gteq", "from", "gt", "lt", "eq"])
    stamps = tuple(Filter(name, since, condition) for name in ("updated_at", "created_at")[: chance.choice([1, 2, 2])])
    ids = Filter("entity_id", str(chance.choice([0, 20, 100, 190])), chance.choice(_ID_CONDITIONS))
    groups = [stamps, (ids,), (Filter("updated_at", None, "notnull"), ids)][: chance.choice([1, 2, 3])]
    chance.shuffle(groups)
    return Criteria(tuple(groups), (Sort("entity_id", "ASC"),), page_size=chance.choice([5, 300]), page=1)


@pytest.mark.parametrize("seed", range(20))
def test_a_search_by_index_finds_what_a_look_at_every_row_finds(seed: int) -> None:
    chance = Random(seed)
    tables = Table(INVOICE_COLUMNS, indexed=("created_at", "updated_at")), Table(INVOICE_COLUMNS)
    found = 0
    for _ in range(300):
        changed(tables, chance)
        criteria = asked(chance)
        by_index, by_rows = (find(table, criteria) for table in tables)
        assert by_index == by_rows, criteria
        found += by_rows[1]
    assert found > 1_000
