"""What is owed and waits: by what it waits for, since when, and when it is tried again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from state.kinds import KeptName, RecordKind
from state.rows import IN_LIST, as_list, text_of
from state.sides import Side
from state.store import Store
from state.values import count_in, our_instant_of, text_in

# What was put off for so long is told like a failure.
LONG = timedelta(hours=1)
# The cause of what a call was about that had no answer, or only that it cannot be done now.
CALL = "call"
# The name under which the state keeps why notes as such are kept back, beside the two sides.
NOTES: KeptName = "notes"

_BOTH: tuple[KeptName, ...] = ("magento", "salesforce")
_GROUPS = (
    "CASE WHEN reason IS NULL THEN '' ELSE coalesce(cause, reason) END, count(*), max(entity_id), "
    "coalesce(max(reason), ''), min(waiting_since), min(next_attempt_at)"
)
_INVOICES = "SELECT * FROM ledger WHERE sync_status = 'pending' AND (:automatic OR asked)"
# A comment is owed only while its invoice is in Salesforce and not held.
_NOTES = """
    SELECT notes.* FROM notes JOIN ledger USING (entity_id)
    WHERE notes.sync_status = 'pending' AND (:automatic OR notes.asked)
    AND ledger.salesforce_id IS NOT NULL AND ledger.sync_status != 'held'
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """``count`` records that wait for one cause; ``reason`` was said of one of them, ``entity_id`` is the newest."""

    of: RecordKind
    cause: str
    count: int
    entity_id: int
    reason: str
    since: datetime | None = None
    next_attempt_at: datetime | None = None


def waiting_long(store: Store, now: datetime, *, automatic: bool, notes: bool) -> list[Waiting]:
    """Return what has been put off for an hour, the commonest cause first, invoices before notes.

    Not what waits because Salesforce as a whole does not work: that is told once, as the side's own.
    """
    found = _groups(store, "invoice", automatic=automatic, before=now - LONG)
    if notes:
        kept_back = store.sides.get(NOTES)
        if kept_back.status == "ok":
            found += _groups(store, "note", automatic=automatic, before=now - LONG)
        elif kept_back.since is not None and kept_back.since <= now - LONG:
            found += _kept_back(store, automatic=automatic)
    if store.sides.get("salesforce").status != "ok":
        found = [each for each in found if each.cause != CALL]
    return found


def sides_down(store: Store, *, on: bool, automatic: bool, notes: bool) -> list[Side]:
    """Return the sides that do not work, and notes that are kept back, of what is switched on and owed.

    What is switched off is not called, so nothing would ever find out that it works again.
    """
    found = [store.sides.get(name) for name in (_BOTH if on else _BOTH[:1])]
    if on and notes and _kept_back(store, automatic=automatic):
        found.append(store.sides.get(NOTES))
    return [side for side in found if side.status != "ok"]


def left_over(store: Store, *, automatic: bool, notes: bool, among: Collection[int] | None = None) -> list[Waiting]:
    """Return all that is owed (of these invoices, if any are named), however long it has waited."""
    found = _groups(store, "invoice", automatic=automatic, among=among)
    if notes and store.sides.get(NOTES).status != "ok":
        found += _kept_back(store, automatic=automatic, among=among)
    elif notes:
        found += _groups(store, "note", automatic=automatic, among=among)
    return found


def _groups(
    store: Store,
    of: RecordKind,
    *,
    automatic: bool,
    before: datetime | None = None,
    among: Collection[int] | None = None,
) -> list[Waiting]:
    rows, values = _owed(of, automatic=automatic, before=before, among=among)
    found = store.connection.execute(f"SELECT {_GROUPS} FROM ({rows}) GROUP BY 1 ORDER BY 2 DESC, 3 DESC", values)  # noqa: S608
    return [_waiting(store, of, row) for row in found]


def _owed(
    of: RecordKind, *, automatic: bool, before: datetime | None, among: Collection[int] | None
) -> tuple[str, dict[str, Any]]:
    """Return the SQL that selects what is owed, put off before then, of these invoices; and its values."""
    rows, name = (_INVOICES, "ledger") if of == "invoice" else (_NOTES, "notes")
    if before is not None:
        rows += f" AND {name}.waiting_since <= :before"
    if among is not None:
        rows += f" AND {IN_LIST.format(f'{name}.entity_id').replace('?', ':among')}"
    return rows, {"automatic": automatic, "before": text_of(before), "among": as_list(among or ())}


_READERS = (text_in, count_in, count_in, text_in, our_instant_of, our_instant_of)


def _waiting(store: Store, of: RecordKind, row: tuple[Any, ...]) -> Waiting:
    return Waiting(of, *store.connection.read_rows(f"what an {of} waits for", _READERS, [row])[0])


def _kept_back(store: Store, *, automatic: bool, among: Collection[int] | None = None) -> list[Waiting]:
    """Return all owed notes as one, while notes as such are kept back; none when none is owed."""
    rows, values = _owed("note", automatic=automatic, before=None, among=among)
    sql = f"SELECT count(*), max(entity_id) FROM ({rows})"  # noqa: S608
    count, entity_id = store.connection.execute(sql, values).fetchone()
    known = store.sides.get(NOTES)
    if not count:
        return []
    return [Waiting("note", NOTES, count, entity_id, known.reason or "", known.since, known.next_try_at)]


def shorten_waits(
    store: Store, now: datetime, *, pending: datetime, failed: datetime, again: datetime, side: datetime
) -> None:
    """Let nothing wait beyond these instants: owed and failed rows, unanswered calls, and a side's next try.

    A row that was dismissed as unreadable has a next try like a failed row.
    """
    with store.writing():
        for table in ("ledger", "notes"):
            store.connection.execute(
                f"UPDATE {table} SET next_attempt_at = min(next_attempt_at, "  # noqa: S608  (names from above)
                "CASE sync_status WHEN 'pending' THEN :pending ELSE :failed END) WHERE next_attempt_at > :pending",
                {"failed": text_of(failed), "pending": text_of(pending)},
            )
            again_at = {"at": text_of(again)}
            store.connection.execute(f"UPDATE {table} SET again_at = :at WHERE again_at > :at", again_at)  # noqa: S608
            since = {"now": text_of(now)}
            store.connection.execute(f"UPDATE {table} SET waiting_since = :now WHERE waiting_since > :now", since)  # noqa: S608
        store.connection.execute("UPDATE sides SET next_try_at = :at WHERE next_try_at > :at", {"at": text_of(side)})
