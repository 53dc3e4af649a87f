"""What is done when: polls, requests, minutes of backfill, each a pass with its own books."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from daemon.errors import InvalidSettings, InvoiceSyncError, SideDenied
from daemon.sync import health
from daemon.sync.books import open_pass
from daemon.sync.delivery.invoices import FULL, deliver_due, send_rows
from daemon.sync.delivery.lookup import confirm_next
from daemon.sync.delivery.notes.attach import attach_due
from daemon.sync.discovery.scan import read_again, read_page, read_unreadable_again
from daemon.sync.discovery.sweep import begin_rounds, is_sweep_due, read_sweep_page
from daemon.sync.org import doubt_fit
from daemon.sync.parts import HISTORY_KEPT, Parts, Tally
from daemon.sync.timing import FAILED_AGAIN, RETRY_LONGEST, UNANSWERED_AGAIN
from state.dismissal import dismiss
from state.forgetting import clear_state
from state.passes import Pass
from state.requests import Request
from state.sign_ins import BY_US
from state.waiting import NOTES

_A_MINUTE = 60.0


@dataclass
class Work:
    """All that one process does with a state, pass by pass."""

    parts: Parts
    last: Pass | None = None
    failure: InvoiceSyncError | None = None  # what ended the last pass early, if anything did
    left_undone: bool = False  # whether any pass so far left a record failed or put off
    synced: int = 0  # invoices and notes that are in since this work began
    notes: int = 0
    polled_at: float | None = None  # by the monotonic clock
    sweeps: bool = True  # a single run leaves the sweep to the daemon
    _pruned_on: date | None = None
    _cut_short: bool = False  # a poll made way for a request, and goes on after it

    def take_over(self) -> None:
        """Begin to work on this state: see that it is this shop's, and doubt what a dead process left under way.

        InvalidSettings when the state belongs to another shop.
        """
        parts, facts = self.parts, self.parts.store.facts
        name = parts.configuration.settings.magento.name
        known = facts.get("magento_name")
        if known is not None and known != name:
            where = parts.configuration.document.where("magento", "name")
            raise InvalidSettings(
                [f"{where}: magento.name is {name!r}, but this state was made for {known!r}"],
                hint="Set it back, or run `invoice-sync state clear` to begin anew under the new name: "
                "its invoices then get new external IDs in Salesforce.",
            )
        unclean = facts.get("running") is not None
        with parts.store.writing():
            until = parts.now() + UNANSWERED_AGAIN
            if unclean:
                marked = parts.configuration.settings.salesforce.comment.object is None
                parts.store.doubts.owed(until, marked=marked)
            older = not parts.store.mark.fits()
            if older:
                parts.store.doubts.everything(until)
            parts.store.mark.renew()
            self._begin_anew()
            if unclean or older:
                doubt_fit(parts)
            self._prune()
        self.shorten_waits()

    def shorten_waits(self) -> None:
        """Nothing waits longer than it can have been told to: the clock that it was told by may have been wrong."""
        now = self.parts.now()
        self.parts.store.shorten_waits(
            now,
            pending=now + RETRY_LONGEST,
            failed=now + FAILED_AGAIN,
            again=now + UNANSWERED_AGAIN,
            side=now + health.LONGEST,
        )

    def _begin_anew(self) -> None:
        """Say whose state this is; after it was cleared too."""
        parts = self.parts
        parts.contents.clear()
        parts.salesforce.connection.expect_organization(parts.store.facts.get("organization_id"))
        parts.recall()
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
        store = self.parts.store
        with store.writing():
            store.facts.forget("running")
            store.mark.renew()
        self.parts.close()

    def poll_again(self) -> None:
        """The next pass is a poll, however short ago the last one was."""
        self.polled_at = None

    def end_pauses(self) -> None:
        """Whatever paused a side may be mended: it is tried now, unless that could lock an account."""
        for name in ("magento", "salesforce", NOTES):
            self.parts.end_pause(self.parts.store.sides.get(name))

    def resume(self) -> None:
        """A person runs this by hand: whatever paused a side, it is tried now.

        SideDenied when trying could lock the account that signs in to Magento.
        """
        self.end_pauses()
        known = self.parts.store.sides.get("magento")
        again = self.parts.account_at_risk(known)
        if again is not None:
            raise SideDenied(
                f"the sign-in to Magento was refused {BY_US} times in a row; one more could lock the account, "
                f"so it is not tried before {again:%Y-%m-%d %H:%M} UTC",
                side="magento",
                hint=known.reason,
            )

    def invoices_to_backfill(self) -> int | None:
        """How many invoices a first sync is about; None when it has begun already, or Magento cannot say."""
        parts = self.parts
        if parts.store.checkpoints.current() is not None or parts.store.scans.open("backfill") is not None:
            return None
        if not self._may_read():
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
            return self.backfill(lambda: True)
        self._cut_short = False
        self._prune()
        until = self.polled_at + _A_MINUTE  # a search for what Magento cannot show may take many calls
        with open_pass(self.parts, "poll") as tally:
            done = not self._may_read()
            while not done and not self._interrupted() and self.parts.clock.monotonic() < until:
                done = self._read(tally, "poll") is not False
                self._deliver(tally, full_only=True)
            self._deliver(tally)
            self._read_unreadable_again(tally)
            self._deliver(tally)
        return self._finish(tally)

    def backfill(self, enough: Callable[[], bool]) -> Pass:
        """Pages of the backfill with their deliveries, for a minute or until ``enough``."""
        until = self.parts.clock.monotonic() + _A_MINUTE
        with open_pass(self.parts, "backfill") as tally:
            done = not self._may_read()
            while not done:
                done = self._read(tally, "backfill") is not False
                self._deliver(tally, full_only=True)
                if self._interrupted() or enough() or self.parts.clock.monotonic() >= until:
                    break
            if self.parts.store.scans.open("backfill") is None:
                self._deliver(tally)
        began_at = self.parts.store.checkpoints.current()
        if began_at is not None:  # its first page may have taken several passes
            begin_rounds(self.parts, began_at)
        return self._finish(tally)

    def sweep(self, enough: Callable[[], bool]) -> Pass:
        """Pages of a sweep's round with their deliveries, for a minute or until ``enough``."""
        until = self.parts.clock.monotonic() + _A_MINUTE
        with open_pass(self.parts, "sweep") as tally:
            done = False
            while not done:
                self.parts.refresh()
                done = (
                    health.attempt(self.parts, tally, "magento", partial(read_sweep_page, self.parts, tally))
                    is not False
                )
                self._deliver(tally, full_only=True)
                if self._interrupted() or enough() or self.parts.clock.monotonic() >= until:
                    break
            self._deliver(tally)
        return self._finish(tally)

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
        if request.kind not in {"clear", "clear-checkpoint", "dismiss"}:
            raise InvoiceSyncError(f"this version knows no request {request.kind!r}", hint="Restart the daemon.")
        with open_pass(self.parts, "request") as tally:
            if request.kind == "dismiss":
                dismiss(self.parts.store, request.named_ids)
            else:
                clear_state(self.parts.store, self.parts.now(), request.kind, request.named_ids)
                self._begin_anew()
        return self._finish(tally)

    def sync(self, named: Sequence[int], others: Sequence[int] = ()) -> Pass:
        """A manual sync: these invoices as Magento shows them now, whatever the automatic flag says.

        Skip rules do not hold the ones that were named one by one.
        """
        size = self.parts.records.batch(FULL)
        batches = [(list(named[start : start + size]), True) for start in range(0, len(named), size)]
        batches += [(list(others[start : start + size]), False) for start in range(0, len(others), size)]
        self.parts.end_pause(self.parts.store.sides.get(NOTES))  # a person may know that the org takes them again
        with open_pass(self.parts, "request") as tally:
            for batch, one_by_one in batches:
                self._sync_batch(tally, batch, named=one_by_one)
                if tally.error is not None or self.parts.stop.asked:
                    break
            health.attempt(self.parts, tally, "salesforce", tally.calls.require_answer)
        return self._finish(tally)

    def _sync_batch(self, tally: Tally, batch: list[int], *, named: bool) -> None:
        self.parts.refresh()
        read = partial(read_again, self.parts, tally, batch, asked=True, named=named, seen_by="request")
        health.attempt(self.parts, tally, "magento", read)
        if tally.error is None:
            health.attempt(self.parts, tally, "salesforce", partial(self._send, tally, batch))
        self.parts.on_progress()

    def _send(self, tally: Tally, entity_ids: list[int]) -> None:
        """Send just these, if a person's request or anything else made them owed."""
        known = self.parts.store.ledger.known(entity_ids)
        rows = [row for row in known.values() if row.sync_status == "pending"]
        if rows and self.parts.configuration.settings.invoices.enable_synchronization:
            send_rows(self.parts, tally, rows)
        attach_due(self.parts, tally, entity_ids)

    def _may_read(self) -> bool:
        return health.is_open(self.parts, "magento")

    def _read(self, tally: Tally, kind: str) -> bool | None:
        """Read one page. True: it was the last; False: there are more; None: Magento cannot be read now."""
        self.parts.refresh()
        return health.attempt(self.parts, tally, "magento", lambda: read_page(self.parts, tally, kind))

    def _read_unreadable_again(self, tally: Tally) -> None:
        if tally.error is None and self._may_read() and not self._interrupted():
            health.attempt(self.parts, tally, "magento", partial(read_unreadable_again, self.parts, tally))

    def _deliver(self, tally: Tally, *, full_only: bool = False) -> None:
        parts = self.parts
        known = parts.store.sides.get("salesforce")
        if tally.salesforce_failed or not health.may_be_called(parts, known):
            return
        parts.probing = known.status == "paused"

        def deliver() -> None:
            deliver_due(parts, tally, full_only=full_only, interrupted=self._interrupted)
            while not full_only and not self._interrupted() and confirm_next(parts):
                deliver_due(parts, tally, interrupted=self._interrupted)
            if not full_only:
                tally.calls.require_answer()

        health.attempt(self.parts, tally, "salesforce", deliver)

    def _finish(self, tally: Tally) -> Pass:
        assert tally.closed is not None, "the pass has been closed"
        self.last = tally.closed
        self.failure = tally.failure
        self.left_undone = self.left_undone or tally.closed.outcome != "ok"
        self.synced += tally.closed.synced
        self.notes += tally.closed.notes
        return tally.closed
