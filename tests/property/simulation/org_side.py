"""Events in the org: deletions, locks, passing rules, limits, ending sign-ins."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from urllib.parse import urlsplit

import requests

from daemon.sandbox.salesforce.http import Options
from daemon.sandbox.salesforce.org import Org, Row, Trap, Value
from daemon.sandbox.salesforce.org.traps import Operation
from tests.property.simulation.clock import Clock
from tests.property.simulation.rates import Rates
from tests.property.simulation.wire import Reply
from tests.property.simulation.witness import Witness

_INVOICE, _ITEM, _COMMENT = "Magento_Invoice__c", "Magento_Invoice_Item__c", "Magento_Invoice_Comment__c"
_OBJECTS = (_INVOICE, _ITEM, _COMMENT)


class OrgSide:
    """Changes the org, and tells the witness."""

    def __init__(
        self, org: Org, options: Options, clock: Clock, random: Random, rates: Rates, witness: Witness
    ) -> None:
        self.org = org
        self._options = options
        self._clock = clock
        self._random = random
        self._witness = witness
        self._traps: list[Trap] = []
        self.kept: Trap | None = None
        self.kept_id: str | None = None
        self._hosts = 1
        self._sign_in_moved = False
        self.trouble: tuple[Callable[[], object], ...] = (
            self.delete_record, self.delete_record, self.delete_record, self.delete_record,
            self.delete_note, self.delete_comment, self.lock, self.lock,
            self.rule, self.rule, self.broad_rule, self.expire, self.use_up, self.refuse_sign_in, self.fill_storage,
            self.maintain, self.switch_notes_off,
        )  # fmt: skip
        if rates.files_full:
            self.trouble += (self.fill_files,) * 8
        if rates.moves:
            self.trouble += (self.move,) * 8

    def delete_record(self) -> None:
        """Delete an invoice's record with its details; its notes are left behind."""
        records = self._records(_INVOICE)
        if records:
            record = self._random.choice(records)
            self._witness.left_behind.update(self.org.note_ids_of(str(record["Id"])))
            self._witness.deleted_records.add(_number(str(record["Magento_Id__c"])))
            self.org.delete(_INVOICE, str(record["Id"]))

    def delete_note(self) -> None:
        """Delete a note; its comment record stays, with the note's id."""
        records = [row for row in self._records(_COMMENT) if self.org.row("ContentNote", str(row["Note_Id__c"]))]
        if records:
            record = self._random.choice(records)
            self._witness.deleted_notes.add(_number(str(record["Magento_Id__c"])))
            self.org.delete("ContentNote", str(record["Note_Id__c"]))
        elif notes := [row for row in self._records("ContentNote") if "[" in str(row["Title"])]:
            note = self._random.choice(notes)
            self._witness.deleted_notes.add(int(str(note["Title"]).split()[2]))
            self.org.delete("ContentNote", str(note["Id"]))

    def delete_comment(self) -> None:
        """Delete a comment record, and with it the memory of its note."""
        records = self._records(_COMMENT)
        if records and self._random.random() < 0.4:
            record = self._random.choice(records)
            self._witness.deleted_comments.add(_number(str(record["Magento_Id__c"])))
            self.org.delete(_COMMENT, str(record["Id"]))

    def lock(self) -> None:
        """Lock some records by another transaction."""
        share = self._random.choice((2, 3))
        name = self._random.choice(_OBJECTS)
        self._traps.append(
            self.org.lock(name, lambda row: _digits(row) % share == 0, times=self._random.randrange(1, 5))
        )

    def rule(self) -> None:
        """Add a validation rule against some records, for a while."""
        share, place = self._random.choice((2, 3, 5)), self._random.randrange(2)
        self._rule(self._random.choice(_OBJECTS), lambda row: _digits(row) % share == place)

    def broad_rule(self) -> None:
        """Add a validation rule against most invoices, for a while."""
        place = self._random.randrange(6)
        self._rule(_INVOICE, lambda row: _digits(row) % 6 != place)

    def keep_rule(self, entity_id: int) -> None:
        """Add a validation rule against just this invoice, for good: it must delay no other one."""
        self.kept_id = f"main-{entity_id}"
        self.kept = self._refusing(_INVOICE, lambda row: row.get("Magento_Id__c") == self.kept_id)

    def expire(self) -> None:
        """End all sessions."""
        self._options.expire_sessions()

    def use_up(self) -> None:
        """Use the day's calls up for a while."""
        self._options.api_limit = max(1, self._options.api_used)
        self._clock.after(self._random.uniform(100, 5000), self._give_back)

    def refuse_sign_in(self) -> None:
        """Deny sign-ins for a while, as after an administrator's mistake in the app."""
        self._options.sign_in_refused = ("invalid_client", "invalid client credentials")
        self._options.expire_sessions()
        self._clock.after(self._random.uniform(100, 4000), self._allow_sign_in)

    def fill_storage(self) -> None:
        """Leave no room for another record, for a while."""
        trap = self.org.fail(
            _INVOICE, lambda _row: True, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", operations=("create",)
        )
        self._traps.append(trap)
        self._clock.after(self._random.uniform(100, 4000), trap.remove)

    def fill_files(self) -> None:
        """Leave no room for another note, or a longer one either, for a while; records are data, and have room."""
        self._clock.after(self._random.uniform(100, 4000), self.keep_files_full().remove)

    def keep_files_full(self) -> Trap:
        """Reject notes for lack of room until the trap is removed."""
        operations: tuple[Operation, ...] = self._random.choice((("create",), ("create", "update")))

        def refuses(_row: Row) -> bool:
            self._witness.happened["refused for want of room"] += 1
            return True

        trap = self.org.fail(
            "ContentNote", refuses, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", operations=operations
        )
        self._traps.append(trap)
        return trap

    def move(self, *, signs_in: bool = False) -> None:
        """Change the org's host; now and then, unless ``signs_in``, also that of its sign-in, until a correction."""
        self._hosts += 1
        self._options.instance_url = f"https://acme{self._hosts}.my.salesforce.com"
        if not signs_in and self._random.random() < 0.3:
            self._sign_in_moved = True
            self._clock.after(self._random.uniform(100, 4000), self._move_sign_in_back)

    def redirect(self, request: requests.PreparedRequest) -> Reply | None:
        """Return the old host's answer; None for a call to the present host."""
        url, now = urlsplit(str(request.url)), urlsplit(self._options.instance_url or "")
        signs_in = "/oauth2/" in url.path
        if self._sign_in_moved if signs_in else url.netloc != now.netloc:
            status = self._random.choice((301, 307))
            return Reply(status, {"Location": f"https://{now.netloc}{url.path}", "Content-Type": "text/html"}, b"")
        return None

    def maintain(self) -> None:
        """Make the org read-only for some minutes."""
        self.org.read_only = True
        self._clock.after(self._random.uniform(60, 900), self._end_maintenance)

    def switch_notes_off(self) -> None:
        """Switch notes off for a while."""
        self._options.notes_enabled = False
        self._clock.after(self._random.uniform(60, 2000), self._switch_notes_on)

    def calm_down(self) -> None:
        """End all troubles but a kept rule."""
        for trap in self._traps:
            trap.remove()
        self._give_back()
        self._allow_sign_in()
        self._end_maintenance()
        self._switch_notes_on()
        self._move_sign_in_back()

    def _records(self, name: str) -> list[dict[str, Value]]:
        """Return the records that can be deleted now."""
        return [] if self.org.read_only or self.org.hidden else self.org.records(name)

    def _rule(self, name: str, predicate: Callable[[Row], bool]) -> None:
        trap = self._refusing(name, predicate)
        self._traps.append(trap)
        self._clock.after(self._random.uniform(60, 6000), trap.remove)

    def _refusing(self, name: str, predicate: Callable[[Row], bool]) -> Trap:
        def refuses(row: Row) -> bool:
            found = predicate(row)
            if found:
                self._witness.refused.add(self._whose(name, row))
            return found

        return self.org.add_rule(name, refuses, "not like this")

    def _whose(self, name: str, row: Row) -> str:
        """Return the external ID of the invoice or comment that the row belongs to."""
        if name != _ITEM:
            return str(row["Magento_Id__c"])
        parent = self.org.row(_INVOICE, str(row["Invoice__c"]))
        return str(parent["Magento_Id__c"]) if parent else ""

    def _give_back(self) -> None:
        self._options.api_limit, self._options.api_used = 100_000, 0

    def _allow_sign_in(self) -> None:
        self._options.sign_in_refused = None

    def _move_sign_in_back(self) -> None:
        self._sign_in_moved = False

    def _end_maintenance(self) -> None:
        self.org.read_only = False

    def _switch_notes_on(self) -> None:
        self._options.notes_enabled = True


def _number(external_id: str) -> int:
    return int(external_id.rsplit("-", 1)[-1])


def _digits(row: Row) -> int:
    return _number(str(row.get("Magento_Id__c") or "0"))
