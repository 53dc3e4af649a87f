"""Failed records by what made them fail: many with one cause are one thing to mend."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from state.connection import Connection
from state.rows import IN_LIST, as_list
from state.values import count_in, text_in


@dataclass(frozen=True, slots=True)
class Failure:
    """``count`` records that failed for one cause; ``reason`` is what was said of the newest, ``entity_id``."""

    cause: str
    count: int
    entity_id: int
    reason: str


def failures_of(
    connection: Connection, table: Literal["ledger", "notes"], among: Iterable[int] | None
) -> list[Failure]:
    """Why records failed (of these invoices, if any are named), the commonest cause first."""
    only = "" if among is None else f"AND {IN_LIST.format('entity_id')}"
    rows = connection.execute(
        # The other columns are of the row that holds the maximum: so SQLite promises.
        "SELECT coalesce(cause, reason, ''), count(*), max(entity_id), coalesce(reason, '') "  # noqa: S608
        f"FROM {table} WHERE sync_status = 'failed' {only} GROUP BY 1 ORDER BY 2 DESC, 3 DESC",
        [] if among is None else [as_list(among)],
    )
    readers = (text_in, count_in, count_in, text_in)
    return [Failure(*row) for row in connection.read_rows(table, readers, rows)]
