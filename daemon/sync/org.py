"""Tells whether the org takes our records: asks before the first write, and after a doubtful rejection.

One call per object, and what was found is remembered for a day, or until the settings change: a process that starts
again asks nothing. What would be rejected is found before a write, all of it at once. An error about invoices or items
pauses Salesforce (header and items go in together or not at all); one about notes or comment records keeps back the
notes alone. A rejection that describe could explain is looked into at once, but once an hour at most. What may go
twice, after a call without an answer or a crash, goes only once the org was described since: that nothing is doubled
rests on external IDs that are unique, and no rejection ever tells that one is so no longer.
"""

from dataclasses import replace
from datetime import timedelta

from structlog.typing import FilteringBoundLogger

from daemon.errors import SideDenied
from daemon.salesforce import RecordError
from daemon.salesforce.fit import Fit, examine_org
from daemon.sync.health import LeftAlone, SalesforceHealth
from daemon.sync.known_org import KnownOrg, adopt_mapping, expire_org, recall_org, remember_org, told_before
from daemon.sync.session import Sessions
from daemon.sync.timing import RETRY_LONGEST
from daemon.sync.tools import Tools

_RARELY = timedelta(hours=1)
_GOOD_FOR = timedelta(days=1)
# Rejections that say something of the object or a field rather than of the one record.
_EXPLAINED = frozenset(
    {
        "INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "NOT_FOUND", "JSON_PARSER_ERROR",
        "REQUIRED_FIELD_MISSING", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "STRING_TOO_LONG", "MALFORMED_ID",
    }
)  # fmt: skip


class OrgFit:
    """Owns the description of the org under the settings in force. None: the org is described before the next write."""

    def __init__(self, tools: Tools, sessions: Sessions, health: SalesforceHealth) -> None:
        self._tools = tools
        self._sessions = sessions
        self._health = health
        self._known: KnownOrg | None = None

    def recall(self) -> None:
        """Take up the state's findings about the org: none in a cleared state."""
        self._known = recall_org(self._tools.store, self._sessions.current.settings)
        self._sessions.spell_for(self._known.traits if self._known else None)

    def require(self, log: FilteringBoundLogger) -> None:
        """Raise SideDenied with every finding when the org would reject all invoices. Ask before a write."""
        known, now = self._known, self._tools.now()
        if known is None or not known.at <= now < known.at + _GOOD_FOR:
            self._look(log)

    def expire(self) -> None:
        """Have the org described before a second sending, unless its description is fresh."""
        known = self._known
        if known is not None and not known.at <= self._tools.now() < known.at + RETRY_LONGEST:
            self._known = None
            expire_org(self._tools.store)

    def may_explain(self, error: RecordError) -> bool:
        """Return whether a change of the org since its description may explain the rejection.

        Once it has been looked at for such a rejection, it is not for an hour.
        """
        known = self._known
        if known is None or error.code not in _EXPLAINED:
            return False
        at = known.questioned_at
        return at is None or not at <= self._tools.now() < at + _RARELY

    def look_again(self, log: FilteringBoundLogger) -> bool:
        """Describe the org again after a rejection. Return whether other things are sent from now on.

        Raise SideDenied when nothing is.
        """
        before = self._known
        self._look(log)
        assert self._known is not None, "an org that does not fit has been refused"
        self._known = replace(self._known, questioned_at=self._tools.now())
        remember_org(self._tools.store, self._sessions.current.settings, self._known)
        return before is None or before.traits != self._known.traits

    def why_no_notes(self, log: FilteringBoundLogger, *, again: bool = False) -> str | None:
        """Return the reason for the org to take no notes, or None.

        The org is asked again when it was not for a quarter of an hour; with ``again`` now.
        """
        self.require(log)
        known = self._known
        good_for = timedelta(0) if again else RETRY_LONGEST
        if known is not None and known.notes and not known.at <= self._tools.now() < known.at + good_for:
            self._look(log)
        return self._known.notes if self._known else None

    def _look(self, log: FilteringBoundLogger) -> None:
        store, session = self._tools.store, self._sessions.current
        fit = examine_org(
            session.salesforce.connection,
            session.settings,
            session.mapping,
            currencies=store.ledger.currencies(),
            before=self._require_leave,
        )
        questioned_at = self._known.questioned_at if self._known else None
        self._known = None
        errors = fit.errors("invoices")
        if errors:
            expire_org(store)
            said = "\n".join(f"- {finding}" for finding in errors + fit.errors("notes"))
            raise SideDenied(
                f"The org does not take what is sent to it, and nothing is written:\n{said}\nIt is looked at again "
                "once an hour, at a start, after an edit of settings.yaml, and by `invoice-sync sync`.",
                side="salesforce",
                probe="hourly",
            )
        notes = "; ".join(str(finding) for finding in fit.errors("notes")) or None
        self._known = KnownOrg(self._tools.now(), fit.traits, notes, self._tell(fit, log), questioned_at)
        remember_org(store, session.settings, self._known)
        if session.mapping.traits != fit.traits:
            self._sessions.spell_for(fit.traits)
            adopt_mapping(store, self._sessions.current.mapping.digest)

    def _require_leave(self) -> None:
        """Raise unless there may be a further call."""
        if self._tools.stop.asked:
            raise LeftAlone
        self._health.require_calls()

    def _tell(self, fit: Fit, log: FilteringBoundLogger) -> tuple[str, ...]:
        """Log each new finding without effect on invoices; return all findings logged until now."""
        before = told_before(self._tools.store)
        findings = [*fit.warnings, *fit.errors("notes")]
        for found in findings:
            if str(found) not in before:
                names = {"object": found.object, "field": found.field}
                log.warning("salesforce.finding", **names, reason=found.sentence, hint=found.hint)
        return tuple(str(found) for found in findings)
