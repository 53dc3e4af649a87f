"""Sends invoices with their items: each answer is remembered before the next call."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from daemon.errors import Busy, SideDenied, Unreachable
from daemon.invoice import Invoice
from daemon.mapping import InvoiceRecord
from daemon.salesforce import (
    INVOICE,
    Answer,
    CallRejected,
    Done,
    NotAttempted,
    RecordError,
    Rejected,
    remedy_for,
)
from daemon.sync.delivery.call_failures import is_about_records, was_alone
from daemon.sync.delivery.item_parents import ItemParents
from daemon.sync.delivery.outcomes import InvoiceOutcomes, pauses_all
from daemon.sync.delivery.systemic import RejectedAlike
from daemon.sync.health import SalesforceHealth
from daemon.sync.org import OrgFit
from daemon.sync.session import Sessions
from daemon.sync.tally import Tally
from daemon.sync.tools import Tools
from state.ledger import LedgerRow

Sent = tuple[LedgerRow, InvoiceRecord]


@dataclass
class _Waiting:
    """The invoices without an outcome: Magento's newest version, and the records to send."""

    newest: dict[int, Invoice]
    sent: dict[int, Sent] = field(default_factory=dict)


@dataclass(kw_only=True)
class InvoiceDelivery:
    """Sends due invoices, call after call, until each has an outcome or a call fails."""

    tools: Tools
    sessions: Sessions
    health: SalesforceHealth
    org: OrgFit
    alike: RejectedAlike
    items: ItemParents
    outcomes: InvoiceOutcomes

    def send(
        self, tally: Tally, entity_ids: Sequence[int], newest: Mapping[int, Invoice], *, until_alike: bool = False
    ) -> None:
        """Send these due invoices as Magento shows them now.

        What a failed call was about is put off; what else was to go stays due. ``until_alike``: or until so many were
        rejected for one cause that it may be every invoice's; the others stay due.
        """
        waiting = self._to_send(tally, self._owed(tally, entity_ids, newest))
        while waiting.sent and not self.tools.stop.asked:
            self.health.require_calls()
            called_at, began_at = self.tools.now(), self.tools.clock.monotonic()
            try:
                answers = self._call(tally, list(waiting.sent.values()))
            except (Unreachable, Busy) as failure:
                (first, _), *others = waiting.sent.values()
                seconds = self.tools.clock.monotonic() - began_at
                alone, was_well = not others and was_alone(first), self.health.known().status == "ok"
                tally.calls.bear(failure, tally.log, alone=alone, seconds=seconds, was_well=was_well)
                return
            tally.calls.note_answer()
            accepted = any(isinstance(answer, Done) for answer in answers.values())
            explained = self._explained(answers)
            if explained:
                taken = {key: answers.pop(key) for key, answer in list(answers.items()) if isinstance(answer, Done)}
                self._record(tally, waiting, taken, called_at, accepted=accepted)
                if self._sends_otherwise(tally, explained):
                    self._spell_again(waiting)
                    continue
            self._record(tally, waiting, answers, called_at, accepted=accepted)
            if all(isinstance(answer, NotAttempted) for answer in answers.values()):
                rows = [row for row, _ in waiting.sent.values()]
                self.outcomes.put_off(tally, rows, "Salesforce did not attempt it")
                return
            if accepted:
                self.alike.clear()
            elif until_alike and self.alike.are_many():
                return

    def guess_again(self) -> None:
        """Guess the existing items again, instead of asking first."""
        self.items.guess_again()

    def _owed(
        self, tally: Tally, entity_ids: Sequence[int], newest: Mapping[int, Invoice]
    ) -> list[tuple[LedgerRow, Invoice]]:
        """Return the rows to send, each with Magento's newest version; settle the others."""
        current = self.tools.store.ledger.known(entity_ids)
        found: list[tuple[LedgerRow, Invoice]] = []
        for row in (current[entity_id] for entity_id in entity_ids):
            if row.sync_status in {"held", "skipped"}:
                tally.outcomes.pop(row.entity_id, None)  # decided again while it was read again: no longer due
            elif row.entity_id not in newest:
                self.outcomes.leave_failed(tally, row)
            else:
                found.append((row, newest[row.entity_id]))
        return found

    def _to_send(self, tally: Tally, owed: Sequence[tuple[LedgerRow, Invoice]]) -> _Waiting:
        """Return the invoices with differences; the others cost no call and no description of the org."""
        waiting = _Waiting({row.entity_id: invoice for row, invoice in owed})
        spelled_by = self.sessions.current.mapping
        waiting.sent = self._differing(tally, owed)
        if waiting.sent:
            self.org.require(tally.log)
        if self.sessions.current.mapping is not spelled_by:  # the org takes other things than was thought
            left = [(row, invoice) for row, invoice in owed if row.entity_id in waiting.sent]
            waiting.sent = self._differing(tally, left)
        return waiting

    def _differing(self, tally: Tally, owed: Sequence[tuple[LedgerRow, Invoice]]) -> dict[int, Sent]:
        differing: dict[int, Sent] = {}
        at = self.tools.now()
        for row, invoice in owed:
            record = self.sessions.current.mapping.record_of(invoice)
            if _is_known_to_salesforce(row, record, at):
                self.outcomes.keep(tally, row, record, at)
            else:
                differing[row.entity_id] = (row, record)
        return differing

    def _spell_again(self, waiting: _Waiting) -> None:
        mapping = self.sessions.current.mapping
        waiting.sent = {key: (row, mapping.record_of(waiting.newest[key])) for key, (row, _) in waiting.sent.items()}

    def _call(self, tally: Tally, batch: Sequence[Sent]) -> dict[int, Answer]:
        """Make one call for as many invoices as fit; halve the call as often as Salesforce rejects all of it."""
        session = self.sessions.current
        try:
            placed = self.items.placed(session, batch)
            return session.salesforce.upsert_invoices([record for _, record in batch], placed)
        except CallRejected as refusal:
            if len(batch) > 1:
                return self._call(tally, batch[: len(batch) // 2])
            error = RecordError(refusal.code, refusal.message, status=refusal.status)
            return {batch[0][0].entity_id: Rejected(INVOICE, error)}
        except (Unreachable, Busy) as error:
            if is_about_records(error):
                self.outcomes.put_off_call(tally, [row for row, _ in batch], error)
                if error.unanswered:
                    self.org.expire()
            raise

    def _record(
        self, tally: Tally, waiting: _Waiting, answers: Mapping[int, Answer], called_at: datetime, *, accepted: bool
    ) -> None:
        """Commit each answer. Raise SideDenied for answers to be expected by every invoice; those invoices stay due."""
        pausing: list[RecordError] = []
        for entity_id, answer in answers.items():
            row, record = waiting.sent[entity_id]
            if isinstance(answer, Done):
                self.outcomes.accept(tally, row, record, answer, called_at)
            elif isinstance(answer, NotAttempted):
                continue
            elif pauses_all(row, answer, accepted=accepted):
                pausing.append(answer.error)
                continue
            else:
                self.outcomes.reject(tally, row, answer, called_at, self.sessions.current)
            del waiting.sent[entity_id]
        if pausing:
            remedy = remedy_for(pausing[0])
            raise SideDenied(str(pausing[0]), side="salesforce", hint=remedy.hint, probe=remedy.probe)

    def _explained(self, answers: Mapping[int, Answer]) -> list[Rejected]:
        """Return the rejections with another possible cause than the invoice: a changed org, or forgotten items."""
        rejected = [answer for answer in answers.values() if isinstance(answer, Rejected)]
        return [answer for answer in rejected if self._is_misplaced(answer) or self.org.may_explain(answer.error)]

    def _sends_otherwise(self, tally: Tally, explained: Collection[Rejected]) -> bool:
        """Return whether the invoices are to go again, spelled otherwise. Raise SideDenied when none of them can go."""
        if any(self._is_misplaced(answer) for answer in explained):
            self.items.ask_first()
            return True
        return self.org.look_again(tally.log)

    def _is_misplaced(self, answer: Rejected) -> bool:
        return self.items.is_misplaced(self.sessions.current, answer)


def _is_known_to_salesforce(row: LedgerRow, record: InvoiceRecord, at: datetime) -> bool:
    """Return whether Salesforce has just this: not when a person asked, nor once an older call may have committed."""
    if row.asked or row.salesforce_id is None or (row.again_at is not None and row.again_at <= at):
        return False
    return row.fingerprint == record.fingerprint
