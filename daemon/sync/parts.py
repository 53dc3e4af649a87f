"""What a pass works with: the store, the two clients by the settings in force, clock, chance, log and stop."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from daemon.clock import Clock
from daemon.errors import InvalidSettings, InvoiceSyncError
from daemon.invoice import Invoice
from daemon.magento import Magento, SignIns
from daemon.mapping import InvoiceMapping
from daemon.redaction import Redaction
from daemon.salesforce import Salesforce
from daemon.settings import Configuration, SettingsFile
from daemon.sync.delivery.call_failures import CallFailures
from daemon.sync.delivery.rejections import Rejections
from daemon.sync.discovery.page_sizes import PageSizes
from daemon.sync.discovery.pages import PageReader
from daemon.sync.discovery.records import RecordReader
from daemon.sync.known_org import KnownOrg, recall_org
from daemon.sync.timing import Timing
from daemon.transport import Transport
from state.passes import Pass
from state.sides import Side
from state.sign_ins import FACT, count_refused, forget_refused, locked_until
from state.store import Store
from state.waiting import NOTES

FRESH_SECONDS = 60.0
HISTORY_KEPT = timedelta(days=90)


class Stop(Protocol):
    """Whether the process was asked to end; looked at between two calls."""

    @property
    def asked(self) -> bool:
        """True from the moment somebody asked."""


@dataclass
class Tally:
    """The books of one pass while it runs."""

    seen: int = 0
    owed: int = 0
    unchanged: int = 0
    held: int = 0
    skipped: int = 0
    refused: int = 0
    notes: int = 0
    outcomes: dict[int, str] = field(default_factory=dict)  # of each due invoice: synced, failed or pending
    note_failures: int = 0
    error: str | None = None
    failure: InvoiceSyncError | None = None  # the first that ended work with a side
    salesforce_failed: bool = False
    calls: CallFailures = field(default_factory=CallFailures)
    closed: Pass | None = None


@dataclass
class Parts:
    """Everything a pass needs, put together in one place and handed in."""

    store: Store
    settings_file: SettingsFile
    clock: Clock
    random: Random
    log: FilteringBoundLogger
    stop: Stop
    redaction: Redaction
    transport: Transport
    on_progress: Callable[[], object] = lambda: None
    # A pass is over, with how many seconds it took; an invoice is in Salesforce, so many seconds after Magento made it.
    on_pass: Callable[[Pass, float], object] = lambda _done, _seconds: None
    on_arrival: Callable[[float], object] = lambda _seconds: None
    # Invoices just read, with when: what is sent is Magento's newest version, so they are good for a minute.
    contents: dict[int, tuple[float, Invoice]] = field(default_factory=dict)
    # First attempts that were rejected, by cause: many for one cause may be every invoice's.
    rejections: Rejections = field(default_factory=Rejections)
    # What describe told of the org under the settings in force; None: it is asked before the next write.
    org: KnownOrg | None = None
    # Set by the first item that is there already where that decides how it is written: from then on it is asked first.
    ask_items_first: bool = False
    # Set by the first comment that Salesforce already has: from then on it is asked first.
    ask_first: bool = False
    # A pause of Salesforce is over: one call finds out.
    probing: bool = False
    pass_id: int | None = None
    # When the settings in force were last compared with the file, by the monotonic clock.
    refreshed_at: float = -math.inf

    def __post_init__(self) -> None:
        self.timing = Timing(self.store, self.clock, self.random)
        sizes = PageSizes(self.store.facts)
        self.pages = PageReader(self.store, sizes, lambda: self.stop.asked)
        self.records = RecordReader(self.store, sizes, lambda: self.stop.asked)
        self._connect()

    @property
    def configuration(self) -> Configuration:
        """The settings in force."""
        return self.settings_file.current

    def now(self) -> datetime:
        """The wall clock in whole seconds, which is what the state remembers."""
        return self.timing.now()

    def refresh(self) -> None:
        """See that the state is still there, and take up an edit of the settings.

        A broken edit is said once, and the last good settings stay in force.
        """
        began_at = self.clock.monotonic()
        self.store.require_in_place()
        before = self.configuration
        found = self.settings_file.reload()
        if found is True and self.configuration.settings.magento.name != before.settings.magento.name:
            where = self.configuration.document.where("magento", "name")
            self.settings_file.current = before
            found = InvalidSettings([f"{where}: magento.name cannot change while invoice-sync runs"])
        if isinstance(found, InvalidSettings):
            self.log.error("settings.refused", problems=found.problems, path=str(self.settings_file.path))
        elif found:
            self.close()
            self._connect()
            self.log.info("settings.reloaded", path=str(self.settings_file.path))
            for side in ("magento", "salesforce", NOTES):  # what paused it may be what was mended
                known = self.store.sides.get(side)
                if known.status == "paused":
                    self.end_pause(known)
            self.adopt_mapping()
        self.refreshed_at = began_at

    def end_pause(self, known: Side) -> None:
        """The side is tried now; but not Magento where one more refused sign-in could lock the account."""
        if known.next_try_at is not None and self.account_at_risk(known) is None:
            self.store.sides.note(replace(known, next_try_at=None))

    def account_at_risk(self, known: Side) -> datetime | None:
        """Until when Magento remembers so many refused sign-ins that one more may lock the account; None: it does not.

        They are counted in the state, with those of a check. Whatever it was that paused the side: a count that was
        not ended by a token is about the account.
        """
        by_account = self.configuration.settings.magento.auth == "admin"
        paused = known.side == "magento" and known.status == "paused"
        return self._locked_until() if by_account and paused else None

    def _count_sign_in(self, taken: bool) -> None:
        if taken:
            forget_refused(self.store)
        else:
            count_refused(self.store, self.now())

    def _locked_until(self) -> datetime | None:
        return locked_until(self.store.facts.get(FACT), self.now())

    def adopt_mapping(self) -> None:
        """What an earlier mapping made Salesforce refuse is worth another try with this one."""
        known = self.store.facts.get("mapping")
        if known != self.mapping.digest:
            with self.store.writing():
                self.store.facts.learn("mapping", self.mapping.digest)
                if known is not None:
                    self.store.ledger.owe_failed()
                    self.store.notes.owe_failed()

    def close(self) -> None:
        """Let go of the connections; the store stays open."""
        self.magento.close()
        self.salesforce.close()

    def _connect(self) -> None:
        self.contents.clear()
        self.rejections.clear()
        self.redaction.use(self.configuration.secrets)  # before anything is answered that may repeat one
        sign_ins = SignIns(self._count_sign_in, self._locked_until)
        self.magento = Magento(self.configuration, self.clock, self.redaction, self.transport, sign_ins)
        expected = self.store.facts.get("organization_id")
        self.salesforce = Salesforce(self.configuration, self.clock, self.redaction, self.transport, expected)
        self.recall()

    def recall(self) -> None:
        """Take up what the state knows of the org (nothing after it was cleared), and which calls it doubts."""
        self.timing.recall()
        self.org = recall_org(self.store, self.configuration.settings)
        self.mapping = InvoiceMapping(self.configuration.settings, self.org.traits if self.org else None)
