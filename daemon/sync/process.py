"""Takes over a state, chooses the next pass, and hands the state over."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.errors import InvalidSettings, InvoiceSyncError, SideDenied
from daemon.settings import Settings
from daemon.sync.discovery.intake import Intake
from daemon.sync.health import LONGEST, MagentoHealth
from daemon.sync.history import History
from daemon.sync.org import OrgFit
from daemon.sync.passes import Passes
from daemon.sync.renewal import Renewal
from daemon.sync.requests import Requests
from daemon.sync.session import Session, Sessions
from daemon.sync.tally import Tally
from daemon.sync.timing import FAILED_AGAIN, RETRY_LONGEST, UNANSWERED_AGAIN
from daemon.sync.tools import Tools
from state.kinds import ScanKind
from state.passes import Pass
from state.sign_ins import BY_US
from state.waiting import shorten_waits

_A_MINUTE = 60.0


@dataclass(kw_only=True)
class Process:
    """Works on a state, pass by pass.

    ``failure``: what ended the last pass early, if anything did; ``left_undone``: some pass left a record failed or put
    off; ``synced``, ``notes``: how many are in since this process began; ``polled_at``: by the monotonic clock;
    ``sweeps``: a single run leaves the sweep to the daemon.
    """

    tools: Tools
    sessions: Sessions
    renewal: Renewal
    magento: MagentoHealth
    org: OrgFit
    intake: Intake
    history: History
    passes: Passes
    requests: Requests
    last: Pass | None = None
    failure: InvoiceSyncError | None = None
    left_undone: bool = False
    synced: int = 0
    notes: int = 0
    polled_at: float | None = None
    sweeps: bool = True

    @property
    def session(self) -> Session:
        """The settings in force with their clients and mapping."""
        return self.sessions.current

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.sessions.current.settings

    @property
    def refreshed_at(self) -> float:
        """When the settings in force were last compared with the file, by the monotonic clock."""
        return self.renewal.refreshed_at

    def take_over(self) -> None:
        """Begin to work on this state: check its shop, and take the calls of a dead process for unanswered.

        Raise InvalidSettings when the state belongs to another shop.
        """
        store, now = self.tools.store, self.tools.now
        self._require_own_state()
        unclean = store.facts.get("running") is not None
        with store.writing():
            until = now() + UNANSWERED_AGAIN
            if unclean:
                store.unanswered.mark_owed(until, notes_by_title=self.settings.salesforce.comment.object is None)
            older = not store.generation.fits()
            if older:
                store.unanswered.mark_all(until)
            store.generation.renew()
            self.renewal.begin_again()
            if unclean or older:
                self.org.expire()
            self.history.prune(self.tools.now())
        self.shorten_waits()

    def shorten_waits(self) -> None:
        """Shorten waits beyond the longest possible one: the clock may have been wrong when they were set."""
        now = self.tools.now()
        shorten_waits(
            self.tools.store,
            now,
            pending=now + RETRY_LONGEST,
            failed=now + FAILED_AGAIN,
            again=now + UNANSWERED_AGAIN,
            side=now + LONGEST,
        )

    def hand_over(self) -> None:
        """End the work cleanly, with no call under way."""
        store = self.tools.store
        with store.writing():
            store.facts.forget("running")
            store.generation.renew()
        self.close()

    def close(self) -> None:
        """Let go of the connections to both sides; the store stays open."""
        self.sessions.current.close()

    def poll_again(self) -> None:
        """Make the next pass a poll, however recent the last poll."""
        self.polled_at = None

    def end_pauses(self) -> None:
        """Try each side now, as its cause may be fixed, unless a try could lock an account."""
        self.renewal.end_pauses()

    def resume(self) -> None:
        """Try each side now, because a person runs this by hand.

        Raise SideDenied when trying could lock the account that signs in to Magento.
        """
        self.end_pauses()
        again = self.magento.account_at_risk()
        if again is not None:
            raise SideDenied(
                f"the sign-in to Magento was refused {BY_US} times in a row; one more could lock the account, "
                f"so it is not tried before {again:%Y-%m-%d %H:%M} UTC",
                side="magento",
                hint=self.magento.known().reason,
            )

    def invoices_to_backfill(self) -> int | None:
        """Return the number of invoices of a first sync; None after its beginning, or without Magento's answer."""
        store = self.tools.store
        if store.checkpoints.current() is not None or store.scans.open("backfill") is not None:
            return None
        if not self.magento.is_open():
            return None
        since = self.settings.invoices.created_from
        try:
            return self.session.magento.created_from(since, after_id=0, page_size=1).total
        except InvoiceSyncError:
            return None  # the pass itself says why

    def next_pass(self, poll_due: Callable[[], bool]) -> Pass | None:
        """Make the next pass: a request, a poll, a minute of backfill or sweep. None when there is nothing to do."""
        if self.tools.stop.asked:
            return None
        request = self.tools.store.requests.waiting()
        if request is not None:
            return self._finish(self.requests.answer(request))
        if poll_due() or self.passes.cut_short or self._may_go_on("poll"):
            return self.poll()
        if self._may_go_on("backfill"):
            return self.backfill(poll_due)
        if self.sweeps and self.magento.is_open() and self.intake.is_sweep_due():
            return self._finish(self.passes.sweep(poll_due))
        return None

    def poll(self) -> Pass:
        """Make one poll with its deliveries; the first one of a state begins the backfill instead."""
        self.polled_at = self.tools.clock.monotonic()
        if self.tools.store.checkpoints.current() is None:
            return self.backfill(lambda: True)
        self.history.prune(self.tools.now())
        return self._finish(self.passes.poll(self.polled_at + _A_MINUTE))

    def backfill(self, enough: Callable[[], bool]) -> Pass:
        """Read pages of the backfill with their deliveries, for a minute or until ``enough``."""
        return self._finish(self.passes.backfill(enough))

    def sync(self, named: Sequence[int], others: Sequence[int] = ()) -> Pass:
        """Sync these invoices as Magento shows them now; ``named`` are those that a person named one by one."""
        return self._finish(self.requests.sync(named, others))

    def _may_go_on(self, kind: ScanKind) -> bool:
        return self.tools.store.scans.open(kind) is not None and self.magento.is_open()

    def _require_own_state(self) -> None:
        name, known = self.settings.magento.name, self.tools.store.facts.get("magento_name")
        if known is not None and known != name:
            where = self.session.configuration.document.where("magento", "name")
            raise InvalidSettings(
                [f"{where}: magento.name is {name!r}, but this state was made for {known!r}"],
                hint="Set it back, or run `invoice-sync state clear` to start again under the new name: "
                "its invoices then get new external IDs in Salesforce.",
            )

    def _finish(self, tally: Tally) -> Pass:
        self.last = done = tally.done
        self.failure = tally.failure
        self.left_undone = self.left_undone or done.outcome != "ok"
        self.synced += done.synced
        self.notes += done.notes
        return done
