"""What is done when: polls, requests, minutes of backfill, each a pass with its own books."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import TypeVar, cast

from daemon.errors import InvoiceSyncError, SettingsRefused, SideName
from daemon.sync import sides
from daemon.sync.attach import attach_due
from daemon.sync.confirm import confirm_next
from daemon.sync.deliver import FULL, deliver_due, send_rows
from daemon.sync.discover import read_again, read_page
from daemon.sync.parts import HISTORY_KEPT, UNANSWERED_AGAIN, Parts, Tally
from daemon.sync.sweep import begin_rounds, is_sweep_due, read_sweep_page
from state.clearing import clear_state
from state.passes import Pass
from state.requests import Request

_BACKFILL_MINUTE = 60.0
T = TypeVar("T")


@dataclass
class Work:
    """All that one process does with a state, pass by pass."""

    parts: Parts
    last: Pass | None = None
    failure: InvoiceSyncError | None = None  # what ended the last pass early, if anything did
    left_undone: bool = False  # whether any pass so far left a record failed or put off
    polled_at: float | None = None  # by the monotonic clock
    sweeps: bool = True  # a single run leaves the sweep to the daemon
    _pruned_on: date | None = None
    _cut_short: bool = False  # a poll made way for a request, and goes on after it

    def take_over(self) -> None:
        """Begin to work on this state: see that it is this shop's, and doubt what a dead process left under way.

        SettingsRefused when the state belongs to another shop.
        """
        parts, facts = self.parts, self.parts.store.facts
        name = parts.configuration.settings.magento.name
        known = facts.get("magento_name")
        if known is not None and known != name:
            where = parts.configuration.document.where("magento", "name")
            raise SettingsRefused(
                [f"{where}: magento.name is {name!r}, but this state was made for {known!r}"],
                hint="Set it back, or run `invoice-sync state clear` to begin anew under the new name: "
                "its invoices then get new external IDs in Salesforce.",
            )
        with parts.store.writing():
            if facts.get("running") is not None:
                again = parts.now() + UNANSWERED_AGAIN
                parts.store.ledger.doubt_owed(again)
                if parts.configuration.settings.salesforce.comment.object is None:
                    parts.store.notes.doubt_owed(again)
            self._begin_anew()
            self._prune()

    def _begin_anew(self) -> None:
        """Say whose state this is; after it was cleared too."""
        parts = self.parts
        parts.contents.clear()
        parts.store.facts.learn("magento_name", parts.configuration.settings.magento.name)
        parts.store.facts.learn("running", "1")
        parts.adopt_mapping()

    def _prune(self) -> None:
        """Forget what is older than history is kept for; once a day is often enough."""
        parts = self.parts
        if self._pruned_on != parts.now().date():
            self._pruned_on = parts.now().date()
            for table in (parts.store.passes, parts.store.attempts, parts.store.requests):
                table.prune(parts.now() - HISTORY_KEPT)

    def hand_over(self) -> None:
        """End the work cleanly: nothing is under way any more."""
        self.parts.store.facts.forget("running")
        self.parts.close()

    def resume(self) -> None:
        """A person runs this by hand: whatever paused a side, it is tried now."""
        for name in ("magento", "salesforce"):
            known = self.parts.store.sides.get(name)
            if known.next_try_at is not None:
                self.parts.store.sides.note(replace(known, next_try_at=None))

    def invoices_to_backfill(self) -> int | None:
        """How many invoices a first sync is about; None when it has begun already, or Magento cannot say."""
        parts = self.parts
        if parts.store.checkpoints.current() is not None or parts.store.scans.open("backfill") is not None:
            return None
        since = parts.configuration.settings.invoices.created_from
        try:
            return parts.magento.created_from(since, after_id=0, page_size=1).total
        except InvoiceSyncError:
            return None  # the pass itself says why

    def next_pass(self, poll_due: Callable[[], bool]) -> Pass | None:
        """The next thing to do, done: a request, a poll, a minute of backfill. None when there is nothing now."""
        parts = self.parts
        if parts.stop.asked:
            return None
        request = parts.store.requests.waiting()
        if request is not None:
            return self.request(request)
        if poll_due() or self._cut_short or (parts.store.scans.open("poll") is not None and self._may_read()):
            return self.poll()
        if parts.store.scans.open("backfill") is not None and self._may_read():
            return self.backfill(poll_due)
        if self.sweeps and self._may_read() and is_sweep_due(parts):
            return self.sweep(poll_due)
        return None

    def poll(self) -> Pass:
        """One poll with its deliveries; the first one of a state begins the backfill instead."""
        self.polled_at = self.parts.clock.monotonic()
        if self.parts.store.checkpoints.current() is None:
            first = self.backfill(lambda: True)
            began_at = self.parts.store.checkpoints.current()
            if began_at is not None:
                begin_rounds(self.parts, began_at)
            return first
        self._cut_short = False
        self._prune()
        with self._pass("poll") as tally:
            done = not self._may_read()
            while not done and not self._interrupted():
                done = self._read(tally, "poll") is not False
                self._deliver(tally, full_only=True)
            self._deliver(tally)
        return self._finished()

    def backfill(self, enough: Callable[[], bool]) -> Pass:
        """Pages of the backfill with their deliveries, for a minute or until ``enough``."""
        until = self.parts.clock.monotonic() + _BACKFILL_MINUTE
        with self._pass("backfill") as tally:
            done = not self._may_read()
            while not done:
                done = self._read(tally, "backfill") is not False
                self._deliver(tally, full_only=True)
                if self._interrupted() or enough() or self.parts.clock.monotonic() >= until:
                    break
            if self.parts.store.scans.open("backfill") is None:
                self._deliver(tally)
        return self._finished()

    def sweep(self, enough: Callable[[], bool]) -> Pass:
        """Pages of a sweep's round with their deliveries, for a minute or until ``enough``."""
        until = self.parts.clock.monotonic() + _BACKFILL_MINUTE
        with self._pass("sweep") as tally:
            done = False
            while not done:
                self.parts.refresh()
                done = self._try(tally, "magento", partial(read_sweep_page, self.parts, tally)) is not False
                self._deliver(tally, full_only=True)
                if self._interrupted() or enough() or self.parts.clock.monotonic() >= until:
                    break
            self._deliver(tally)
        return self._finished()

    def _interrupted(self) -> bool:
        """Whether something goes before the rest of this pass: the end of the process, or a person's request."""
        if self.parts.store.requests.waiting() is not None:
            self._cut_short = True
        return self._cut_short or self.parts.stop.asked

    def request(self, request: Request) -> Pass:
        """A manual sync that another process asked for."""
        store, now = self.parts.store, self.parts.now
        store.requests.take(request.id, now())
        count = len(request.named_ids) + len(request.other_ids)
        self.parts.log.info("request.received", request=request.id, invoices=count)
        try:
            done = self._do(request)
        except InvoiceSyncError as error:
            store.requests.finish(request.id, now(), exit_code=error.exit_code, error=str(error))
            raise
        code = self.failure.exit_code if self.failure else 0
        store.requests.finish(request.id, now(), exit_code=code, error=done.error)
        self.parts.log.info("request.finished", request=request.id, outcome=done.outcome)
        return done

    def _do(self, request: Request) -> Pass:
        if request.kind == "sync":
            return self.sync(request.named_ids, request.other_ids)
        with self._pass("request"):
            clear_state(self.parts.store, self.parts.now(), request.kind, request.named_ids)
            self._begin_anew()
        return self._finished()

    def sync(self, named: Sequence[int], others: Sequence[int] = ()) -> Pass:
        """A manual sync: these invoices as Magento shows them now, whatever the automatic flag says.

        Skip rules do not hold the ones that were named one by one.
        """
        batches = [(list(named[start : start + FULL]), True) for start in range(0, len(named), FULL)]
        batches += [(list(others[start : start + FULL]), False) for start in range(0, len(others), FULL)]
        with self._pass("request") as tally:
            for batch, one_by_one in batches:
                self._sync_batch(tally, batch, named=one_by_one)
                if tally.error is not None or self.parts.stop.asked:
                    break
        return self._finished()

    def _sync_batch(self, tally: Tally, batch: list[int], *, named: bool) -> None:
        self.parts.refresh()
        read = partial(read_again, self.parts, tally, batch, asked=True, named=named, seen_by="request")
        self._try(tally, "magento", read)
        if tally.error is None:
            self._try(tally, "salesforce", partial(self._send, tally, batch))
        self.parts.on_progress()

    def _send(self, tally: Tally, entity_ids: list[int]) -> None:
        """Send just these, if a person's request or anything else made them owed."""
        known = self.parts.store.ledger.known(entity_ids)
        rows = [row for row in known.values() if row.sync_status == "pending"]
        if rows and self.parts.configuration.settings.invoices.enable_synchronization:
            send_rows(self.parts, tally, rows)
        attach_due(self.parts, tally, entity_ids)

    def _may_read(self) -> bool:
        return sides.is_open(self.parts, "magento")

    def _read(self, tally: Tally, kind: str) -> bool | None:
        """Read one page. True: it was the last; False: there are more; None: Magento cannot be read now."""
        self.parts.refresh()
        return self._try(tally, "magento", lambda: read_page(self.parts, tally, kind))

    def _deliver(self, tally: Tally, *, full_only: bool = False) -> None:
        parts = self.parts
        if tally.salesforce_failed or not sides.is_open(parts, "salesforce"):
            return
        parts.probing = parts.store.sides.get("salesforce").status == "paused"

        def deliver() -> None:
            deliver_due(parts, tally, full_only=full_only, interrupted=self._interrupted)
            while not full_only and not self._interrupted() and confirm_next(parts):
                deliver_due(parts, tally, interrupted=self._interrupted)

        self._try(tally, "salesforce", deliver)

    def _try(self, tally: Tally, side: SideName, work: Callable[[], T]) -> T | None:
        """Do the work and note whether the side answered; None when it (or the other side, on its way) did not."""
        parts = self.parts
        calls = self._calls(side)
        try:
            result = work()
        except InvoiceSyncError as error:
            tally.error = tally.error or str(error)
            tally.failure = tally.failure or error
            tally.salesforce_failed = tally.salesforce_failed or side == "salesforce"
            sides.failed(parts, cast("SideName", getattr(error, "side", side)), error)
            return None
        if self._calls(side) > calls:
            sides.answered(parts, side)
            self._learn_org()
        return result

    def _calls(self, side: SideName) -> int:
        return self.parts.magento.calls if side == "magento" else self.parts.salesforce.connection.calls

    def _learn_org(self) -> None:
        connection = self.parts.salesforce.connection
        if connection.instance_url is not None:
            facts = self.parts.store.facts
            learnt = {"instance_url": connection.instance_url, "organization_id": connection.organization_id}
            for name, value in learnt.items():
                if value is not None and facts.get(name) != value:
                    facts.learn(name, value)

    @contextmanager
    def _pass(self, trigger: str) -> Iterator[Tally]:
        parts, tally = self.parts, Tally()
        parts.refresh()
        self.last = parts.store.passes.begin(trigger, parts.now())
        log, parts.log = parts.log, parts.log.bind(pass_id=self.last.id)
        parts.pass_id = self.last.id
        started = parts.clock.monotonic()
        magento, salesforce = self._calls("magento"), self._calls("salesforce")
        parts.log.debug("pass.started", trigger=trigger)
        try:
            yield tally
            if parts.store.scans.open("backfill") is None:
                parts.ask_first = False  # what was there already has been met; in a backfill more of it follows
            self.failure = tally.failure
            self.last = self._closed(self.last, tally, magento, salesforce)
            parts.store.passes.finish(self.last)
            self.left_undone = self.left_undone or self.last.outcome != "ok"
            self._say(self.last, parts.clock.monotonic() - started)
        finally:
            parts.log = log

    def _closed(self, begun: Pass, tally: Tally, magento: int, salesforce: int) -> Pass:
        outcomes = list(tally.outcomes.values())
        left = self._left_due(tally)
        synced, failed = outcomes.count("synced"), outcomes.count("failed")
        pending = outcomes.count("pending") + left
        outcome = "ok"
        if tally.error is not None:
            outcome = "partial" if synced or tally.notes else "failed"
        elif failed or (pending and not self._fills_a_batch(left, pending)) or tally.refused or tally.note_failures:
            outcome = "partial"
        return replace(
            begun,
            finished_at=max(self.parts.now(), begun.started_at),
            outcome=outcome,
            seen=tally.seen,
            owed=tally.owed,
            unchanged=tally.unchanged,
            held=tally.held,
            skipped=tally.skipped,
            refused=tally.refused,
            due=synced + failed + pending,
            synced=synced,
            failed=failed,
            pending=pending,
            notes=tally.notes,
            magento_calls=max(0, self._calls("magento") - magento),
            salesforce_calls=max(0, self._calls("salesforce") - salesforce),
            error=tally.error,
        )

    def _fills_a_batch(self, left: int, pending: int) -> bool:
        """Whether all that is still owed just goes with the next page of the backfill: nothing was put off."""
        parts = self.parts
        more = parts.store.scans.open("backfill") is not None and not parts.stop.asked
        return more and left == pending and sides.is_open(parts, "salesforce")

    def _left_due(self, tally: Tally) -> int:
        """Rows that are due and were not come to, because a side failed or the process stops."""
        options = self.parts.configuration.settings.invoices
        if not options.enable_synchronization:
            return 0
        automatic = options.enable_automatic_synchronization
        return self.parts.store.ledger.count_due(self.parts.now(), automatic=automatic, but=tally.outcomes.keys())

    def _finished(self) -> Pass:
        assert self.last is not None
        return self.last

    def _say(self, done: Pass, seconds: float) -> None:
        """One line per pass; a poll that found nothing and cost one call is said at debug, or it would be the log."""
        idle = done.outcome == "ok" and done.due == 0 and done.notes == 0 and done.seen == done.unchanged
        books = {
            name: getattr(done, name)
            for name in (
                "trigger", "outcome", "seen", "owed", "unchanged", "held", "skipped", "refused", "due", "synced",
                "failed", "pending", "notes", "magento_calls", "salesforce_calls", "error",
            )
        }  # fmt: skip
        (self.parts.log.debug if idle else self.parts.log.info)("pass.finished", seconds=round(seconds, 3), **books)
