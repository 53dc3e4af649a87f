"""The ledger: one row per invoice ever seen, with what was decided and what Salesforce answered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal

from state.connection import Connection
from state.failures import Failure, failures_of
from state.kinds import SeenBy, SyncStatus
from state.rows import IN_LIST, as_list, text_of
from state.values import instant_of

_SOME = 3  # rows that stand for all
CURRENCIES = "SELECT DISTINCT currency FROM ledger WHERE currency IS NOT NULL AND sync_status != 'skipped'"


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One invoice. It holds no content: a digest says whether Magento shows the same, a fingerprint whether we sent it.

    ``asked``: a person asked for it, so it goes whatever the automatic flag or the fingerprint says; ``named``:
    one by one, so skip rules do not hold it either. ``cause``: equal for all that failed for one cause.
    ``unconfirmed``: Salesforce may have it, of which a cleared state knows nothing; looked up once it is held or
    skipped. ``corrupt``: it breaks every list of Magento's that it is in. ``again_at``: a call about it had no answer
    and may still commit, so it is sent once more then. ``waiting_since``: when it was first put off.
    """

    TABLE: ClassVar[str] = "ledger"

    entity_id: int
    increment_id: str
    digest: str
    sync_status: SyncStatus
    seen_at: datetime
    seen_by: SeenBy
    store_id: int | None = None
    order_id: int | None = None
    order_number: str | None = None
    state: str | None = None
    grand_total: str | None = None
    currency: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    reason: str | None = None
    cause: str | None = None
    asked: bool = False
    named: bool = False
    unconfirmed: bool = False
    corrupt: bool = False
    salesforce_id: str | None = None
    fingerprint: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    again_at: datetime | None = None
    waiting_since: datetime | None = None
    synced_at: datetime | None = None


# A row is due when its time has come and it is owed, failed a day ago, or its last call had no answer. The automatic
# flag holds back whatever nobody asked for. One that Magento cannot show has its own next try. The plus keeps SQLite
# from reading all that is synced: it finds those few by their again_at.
_DUE = """
    (next_attempt_at IS NULL OR next_attempt_at <= :now)
    AND (sync_status IN ('pending', 'failed') OR (+sync_status = 'synced' AND again_at <= :now))
    AND (:automatic OR asked)
    AND corrupt = 0
"""


class Ledger:
    """The verbs of the ledger."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known(self, entity_ids: Iterable[int]) -> dict[int, LedgerRow]:
        """The rows there are for these invoices."""
        found = self._select(IN_LIST.format("entity_id"), [as_list(entity_ids)])
        return {row.entity_id: row for row in found}

    def write(self, rows: Iterable[LedgerRow]) -> None:
        """Insert or replace whole rows."""
        self._connection.replace_all(rows)

    def due(self, now: datetime, *, automatic: bool, limit: int) -> list[LedgerRow]:
        """The rows to send now: asked for first, then first attempts before retries.

        New invoices go before a backfill's, so that they do not wait until it is through. Of the retries those go
        first that were tried least, and then those that have waited longest: what always fails delays no other.
        """
        return self._select(
            f"{_DUE} ORDER BY asked DESC, attempts, CASE WHEN attempts THEN next_attempt_at END, "
            "seen_by = 'backfill', entity_id LIMIT :limit",
            {"now": text_of(now), "automatic": automatic, "limit": limit},
        )

    def newest_untried(
        self, now: datetime, *, automatic: bool, but: Iterable[int] = (), limit: int = 1
    ) -> list[LedgerRow]:
        """The newest invoices that are due and that no call has been about."""
        return self._select(
            f"{_DUE} AND sync_status = 'pending' AND attempts = 0 "  # noqa: S608  (SQL of this file)
            "AND entity_id NOT IN (SELECT value FROM json_each(:but)) ORDER BY entity_id DESC LIMIT :limit",
            {"now": text_of(now), "automatic": automatic, "but": as_list(but), "limit": limit},
        )

    def count_due(self, now: datetime, *, automatic: bool, but: Iterable[int]) -> int:
        """How many rows are due now, without these."""
        due = self._connection.execute(
            f"SELECT entity_id FROM ledger WHERE {_DUE}",  # noqa: S608
            {"now": text_of(now), "automatic": automatic},
        ).fetchall()
        return len({row[0] for row in due} - set(but))

    def corrupt(self, after_id: int, limit: int) -> list[int]:
        """Return the next invoices above this id that break every list they are in, by id."""
        rows = self._connection.execute(
            "SELECT entity_id FROM ledger WHERE corrupt = 1 AND entity_id > ? ORDER BY entity_id LIMIT ?",
            [after_id, limit],
        ).fetchall()
        return [row[0] for row in rows]

    def corrupt_among(self, entity_ids: Iterable[int]) -> set[int]:
        """Return which of these invoices are known to break every list that they are in."""
        among = IN_LIST.format("entity_id")
        sql = f"SELECT entity_id FROM ledger WHERE corrupt = 1 AND {among}"  # noqa: S608  (SQL of this file)
        return {row[0] for row in self._connection.execute(sql, [as_list(entity_ids)])}

    def corrupt_due(self, now: datetime, limit: int) -> list[int]:
        """Return the unreadable invoices that are to be tried again now, those that have waited longest first."""
        rows = self._connection.execute(
            "SELECT entity_id FROM ledger WHERE corrupt = 1 "
            "AND (next_attempt_at IS NULL OR next_attempt_at <= ?) ORDER BY next_attempt_at, entity_id LIMIT ?",
            [text_of(now), limit],
        ).fetchall()
        return [row[0] for row in rows]

    def readable(self, *, but: int, by: Literal["entity_id", "order_id"]) -> list[int]:
        """Return invoices (or the orders of some) that Magento was able to show: the newest, then the oldest."""
        found: list[int] = []
        for direction in ("DESC", "ASC"):
            rows = self._connection.execute(
                f"SELECT {by} FROM ledger WHERE corrupt = 0 AND sync_status != 'failed' "  # noqa: S608
                f"AND {by} IS NOT NULL AND {by} != ? ORDER BY entity_id {direction} LIMIT {_SOME}",
                [but],
            ).fetchall()
            found += [int(row[0]) for row in rows]
        return found

    def currencies(self) -> frozenset[str]:
        """The currencies of all invoices that are, or may yet be, in Salesforce."""
        rows = self._connection.execute(CURRENCIES).fetchall()
        return frozenset(str(row[0]) for row in rows)

    def unconfirmed(self, now: datetime, limit: int) -> list[LedgerRow]:
        """Held and skipped rows that Salesforce is to be asked about; not while a call about them may still commit."""
        return self._select(
            "unconfirmed = 1 AND sync_status IN ('held', 'skipped') AND (again_at IS NULL OR again_at <= ?) "
            "ORDER BY entity_id LIMIT ?",
            [text_of(now), limit],
        )

    def owe_failed(self) -> None:
        """Failed rows are due now: what made them fail may have been mended."""
        with self._connection.writing():
            self._connection.execute("UPDATE ledger SET next_attempt_at = NULL WHERE sync_status = 'failed'")

    def forget_fingerprints(self) -> None:
        """Forget what was sent of all invoices: due ones go whatever was sent before."""
        with self._connection.writing():
            self._connection.execute("UPDATE ledger SET fingerprint = NULL")

    def mark_owed_unanswered(self, again_at: datetime) -> None:
        """A process died: any row that was due may have a call under way that commits late, so each is sent again then.

        Also one that was synced or failed, and was just then being sent once more. Or it was carried out already: what
        Salesforce holds is not known, so the fingerprint is forgotten.
        """
        with self._connection.writing():
            self._connection.execute(
                "UPDATE ledger SET again_at = :again_at, fingerprint = NULL WHERE sync_status = 'pending' "
                "OR (sync_status IN ('synced', 'failed') AND again_at IS NOT NULL) "
                "OR (sync_status = 'failed' AND (next_attempt_at IS NULL OR next_attempt_at <= :again_at))",
                {"again_at": text_of(again_at)},
            )

    def by_number(self, increment_id: str) -> list[LedgerRow]:
        """The invoices with this number: more than one when several stores use it."""
        return self._select("increment_id = ? ORDER BY store_id, entity_id", [increment_id])

    def newest(
        self, *, status: SyncStatus | None = None, order_number: str | None = None, limit: int | None = None
    ) -> list[LedgerRow]:
        """The grid: newest first, optionally of one status or of one order."""
        return self._select(
            "(:status IS NULL OR sync_status = :status) AND (:order IS NULL OR order_number = :order) "
            "ORDER BY created_at DESC, entity_id DESC LIMIT :limit",
            {"status": status, "order": order_number, "limit": -1 if limit is None else limit},
        )

    def counts(self) -> dict[SyncStatus, int]:
        """How many rows have each status."""
        return self._connection.count_by_status("ledger")

    def having(self, status: SyncStatus) -> set[int]:
        """The invoices of this status."""
        rows = self._connection.execute("SELECT entity_id FROM ledger WHERE sync_status = ?", [status])
        return {row[0] for row in rows}

    def failures(self, among: Iterable[int] | None = None) -> list[Failure]:
        """Why invoices (of these, if any are named) failed, the commonest cause first."""
        return failures_of(self._connection, "ledger", among)

    def oldest_owed(self, *, automatic: bool) -> datetime | None:
        """When Magento created the oldest invoice that is pending, or None."""
        return self._connection.value(
            "ledger: a created_at",
            instant_of,
            "SELECT min(created_at) FROM ledger WHERE sync_status = 'pending' AND (? OR asked)",
            [automatic],
        )

    def _select(self, where: str, values: Sequence[Any] | dict[str, Any]) -> list[LedgerRow]:
        sql = f"SELECT * FROM ledger WHERE {where}"  # noqa: S608  (SQL of this file)
        return self._connection.select(LedgerRow, sql, values)
