"""Takes up changes under a running process: an edit of the settings, or a cleared state."""

import math
from dataclasses import dataclass

from structlog.typing import FilteringBoundLogger

from daemon.errors import InvalidSettings
from daemon.sync.delivery.notes.pause import NotePause
from daemon.sync.delivery.systemic import RejectedAlike
from daemon.sync.discovery.fresh import FreshInvoices
from daemon.sync.health import MagentoHealth, SalesforceHealth
from daemon.sync.known_org import adopt_mapping
from daemon.sync.org import OrgFit
from daemon.sync.session import Sessions
from daemon.sync.timing import Timing
from daemon.sync.tools import Tools


@dataclass(kw_only=True)
class Renewal:
    """Replaces the session, and has every owner forget outdated knowledge.

    ``refreshed_at``: when the settings in force were last compared with the file, by the monotonic clock.
    """

    tools: Tools
    sessions: Sessions
    pauses: tuple[MagentoHealth, SalesforceHealth, NotePause]
    timing: Timing
    org: OrgFit
    alike: RejectedAlike
    fresh: FreshInvoices
    refreshed_at: float = -math.inf

    def __post_init__(self) -> None:
        self._recall()

    def refresh(self, log: FilteringBoundLogger) -> None:
        """See that the state is still there, and take up an edit of the settings; log a broken edit once."""
        began_at = self.tools.clock.monotonic()
        self.tools.store.require_in_place()
        found = self.sessions.reload()
        if isinstance(found, InvalidSettings):
            log.error("settings.refused", problems=found.problems, path=self.sessions.path)
        elif found:
            self.alike.clear()
            self._recall()
            log.info("settings.reloaded", path=self.sessions.path)
            for pause in self.pauses:
                if pause.known().status == "paused":
                    pause.end_pause()  # what paused it may be what was fixed
            adopt_mapping(self.tools.store, self.sessions.current.mapping.digest)
        self.refreshed_at = began_at

    def begin_again(self) -> None:
        """Store shop name and mapping in a new or cleared state."""
        session, facts = self.sessions.current, self.tools.store.facts
        session.salesforce.connection.expect_organization(facts.get("organization_id"))
        self._recall()
        facts.learn("magento_name", session.settings.magento.name)
        facts.learn("running", "1")
        adopt_mapping(self.tools.store, self.sessions.current.mapping.digest)

    def end_pauses(self) -> None:
        """Try each side now, as its cause may be fixed, unless a try could lock an account."""
        for pause in self.pauses:
            pause.end_pause()

    def _recall(self) -> None:
        self.fresh.clear()
        self.timing.recall()
        self.org.recall()
