"""Looks on while the daemon works: checks promises at every call and after every pass, not only at the end."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from daemon.sandbox.salesforce.org import Org
from state.passes import Pass
from state.store import Store
from state.values import instant_of
from tests.property.simulation.clock import Clock
from tests.property.simulation.rates import Rates
from tests.property.simulation.settings import EditedSettings
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.steps import moves
from tests.property.simulation.witness import Broken, Witness

# The daemon sends within a minute what it read. But it reads a slow shop that shows one record at a time for a while
# before it sends a batch, and the calls of one batch follow one another, each as slow as calls get.
_OLDEST_SENT = timedelta(minutes=30)


class Onlooker:
    """Compares the daemon's calls and state with the witness's truth."""

    def __init__(
        self, witness: Witness, shop: ShopSide, org: Org, settings: EditedSettings, rates: Rates, clock: Clock
    ) -> None:
        self._witness = witness
        self._clock = clock
        self._shop = shop
        self._org = org
        self._settings = settings
        self._rates = rates
        self._checkpoint: datetime | None = None
        self._set_aside: set[int] = set()
        self._cleared = 0
        self._pass = 0

    def magento_answered(self, url: str, body: bytes) -> None:
        """Enter the invoices that the daemon was shown whole."""
        if "/invoices?" not in url or "fields=" in url:
            return
        try:
            rows = json.loads(body).get("items") or ()
        except ValueError:  # an unreadable record breaks the answer
            return
        for row in rows:
            self._witness.shown[row["entity_id"], row["updated_at"], row["state"]] = self._awake()

    def salesforce_called(self, url: str, body: bytes) -> None:
        """Require that a call to Salesforce may begin, and that its content may be sent."""
        if not self._settings.flag("enable_synchronization"):
            raise Broken("I12", f"a call although synchronization is off: {url.rpartition('/')[2]}")
        if not url.endswith("composite/graph"):
            return
        for graph in json.loads(body)["graphs"]:
            node = graph["compositeRequest"][0]
            entity_id = int(graph["graphId"])
            if not self._settings.flag("enable_automatic_synchronization") and entity_id not in self._witness.asked:
                raise Broken("I4", f"invoice {entity_id} is sent although automatic synchronization is off")
            if node["method"] == "PATCH":
                self._check_newest(entity_id, node["body"])
                created_at = node["body"]["Invoice_Date__c"]
                same = self._witness.sent.setdefault(entity_id, created_at) == created_at
                if not same and not self._witness.cleared:
                    raise Broken("I2", f"invoice {entity_id} is written over by another one of the same id")

    def _check_newest(self, entity_id: int, sent: dict[str, Any]) -> None:
        """Require that Magento showed this version, and not long ago."""
        stamp = datetime.fromisoformat(sent["Magento_Updated_At__c"]).strftime("%Y-%m-%d %H:%M:%S")
        state = {"Open": 1, "Paid": 2, "Canceled": 3}[sent["Status__c"]]
        at = self._witness.shown.get((entity_id, stamp, state))
        if at is None:
            raise Broken("I2", f"invoice {entity_id} is sent as of {stamp}, which Magento never showed")
        if self._awake() - at > _OLDEST_SENT:
            raise Broken("I2", f"invoice {entity_id} is sent as it was {self._awake() - at} ago")

    def _awake(self) -> datetime:
        """Return Magento's time without the stops of the process, which then sends older readings."""
        return self._shop.now() - self._clock.still

    def look(self, store: Store) -> None:
        """Check the state after a pass, and after a process has taken over another one's state."""
        for entity_id, before, after in moves(store):
            if (before, after) == ("pending", "held"):
                raise Broken("I1", f"invoice {entity_id} was owed, and is held")
        self._look_at_passes(store)
        rows = store.connection.database.conn.execute(
            "SELECT entity_id, sync_status, reason, updated_at, salesforce_id, increment_id, corrupt FROM ledger"
        ).fetchall()
        self._set_aside = {row[0] for row in rows if row[1] == "failed" and row[6]}
        self._look_at_checkpoint(store, {row[0]: row[3] for row in rows})
        for entity_id, status, reason, _, salesforce_id, *_ in rows:
            if status == "failed" and not self._may_fail(entity_id, reason):
                raise Broken("I1", f"invoice {entity_id} is failed, for no cause there was: {reason}")
            if status == "synced" and not self._was_there(salesforce_id):
                raise Broken("I5", f"invoice {entity_id} is synced as {salesforce_id}, which never was")
        self._look_at_notes(store)

    def _look_at_passes(self, store: Store) -> None:
        finished = "SELECT * FROM passes WHERE finished_at IS NOT NULL AND id > ? ORDER BY id"
        for done in store.connection.select(Pass, finished, [self._pass]):
            if done.seen != done.owed + done.unchanged + done.held + done.skipped + done.refused:
                raise Broken("I14", f"what was seen does not add up: {done}")
            if done.due != done.synced + done.failed + done.pending:
                raise Broken("I14", f"what was due does not add up: {done}")
            self._pass = done.id

    def _look_at_checkpoint(self, store: Store, rows: dict[int, str | None]) -> None:
        """Require that the checkpoint never moves back, and that the ledger has all invoices behind the overlap."""
        checkpoint = store.checkpoints.current()
        if self._cleared == self._witness.cleared and self._checkpoint is not None:
            back = checkpoint is None or checkpoint < self._checkpoint
            if back:
                raise Broken("I7", f"the checkpoint moved back from {self._checkpoint} to {checkpoint}")
        self._checkpoint = checkpoint
        waiting = store.requests.waiting()
        if waiting is None or not waiting.kind.startswith("clear"):  # a clear that was only asked for is still to come
            self._cleared = self._witness.cleared
        if checkpoint is None:
            return
        read_before = checkpoint - timedelta(seconds=self._rates.overlap)
        backfill = store.scans.open("backfill")
        for entity_id in self._shop.ids():
            if backfill is not None and entity_id > backfill.after_id:
                continue
            if self._is_lost(entity_id, read_before, rows):
                raise Broken("I7", f"invoice {entity_id} is behind the checkpoint {checkpoint}, and not in the ledger")

    def _is_lost(self, entity_id: int, read_before: datetime, rows: dict[int, str | None]) -> bool:
        known, row = self._witness, self._shop.row(entity_id)
        if entity_id in self._shop.shop.invoices.broken or entity_id in known.reused:
            return False
        stamp = max(_instant(row["created_at"]), _instant(row["updated_at"]))
        late = known.visible[entity_id].replace(microsecond=0) - stamp
        if stamp >= read_before or late > timedelta(seconds=self._rates.overlap - abs(self._rates.web_offset)):
            return False
        if (
            self._is_unreadable(entity_id) or entity_id in self._set_aside
        ):  # an unreadable invoice is read again in a day
            return entity_id not in rows
        seen = instant_of(rows.get(entity_id))
        return seen is None or seen < _instant(row["updated_at"])

    def _may_fail(self, entity_id: int, reason: str | None) -> bool:
        known, text = self._witness, reason or ""
        if "FIELD_CUSTOM_VALIDATION_EXCEPTION" in text:
            return f"main-{entity_id}" in known.refused
        if "gone from Magento" in text:
            return entity_id in known.vanished
        if "another invoice" in text:
            return entity_id in known.reused or entity_id in known.unreadable
        # Two failures of Magento itself at just this invoice count as the invoice's; a day corrects that.
        by_chance = "cannot show" in text and self._rates.magento > 0
        return by_chance or (("cannot show" in text or "cannot be used" in text) and self._is_unreadable(entity_id))

    def _is_unreadable(self, entity_id: int) -> bool:
        """Return whether Magento ever failed at this invoice, or at its order."""
        known = self._witness
        if entity_id in known.unreadable or not known.unreadable_orders:
            return entity_id in known.unreadable
        shop = self._shop
        return entity_id not in shop.ids() or shop.row(entity_id)["order_id"] in known.unreadable_orders

    def _was_there(self, salesforce_id: str | None) -> bool:
        name = "Magento_Invoice__c"
        return salesforce_id is not None and (
            self._org.row(name, salesforce_id) is not None or self._org.was_deleted(name, salesforce_id)
        )

    def _look_at_notes(self, store: Store) -> None:
        found = store.connection.database.conn.execute(
            "SELECT comment_id, reason FROM notes WHERE sync_status = 'failed'"
        ).fetchall()
        for comment_id, reason in found:
            if reason == "its invoice cannot be read" and self._witness.unreadable | self._witness.vanished:
                continue
            whole = re.search("FIELD_CUSTOM_VALIDATION_EXCEPTION", reason or "")
            if not whole or f"main-comment-{comment_id}" not in self._witness.refused:
                raise Broken("I3", f"comment {comment_id} is failed, for no cause there was: {reason}")


@lru_cache(maxsize=1000)
def _instant(text: str) -> datetime:
    """Return the instant of Magento's stamp; the earliest one for a malformed stamp."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
