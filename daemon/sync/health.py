"""Tells whether a side may be called: a side pauses until a person acts; failure and recovery are logged."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from structlog.typing import FilteringBoundLogger

from daemon.errors import Busy, Fatal, InvoiceSyncError, OutOfCalls, Probe, SideDenied
from daemon.spelling import sentences
from daemon.sync.account import AccountSignIns
from daemon.sync.session import Sessions
from daemon.sync.tools import Tools
from state.kinds import SideName, SideStatus
from state.sides import Side


class LeftAlone(Exception):  # noqa: N818
    """The work needs a side while the side is not to be called."""


# Seconds until a side that is paused is tried again, by how often it was in vain.
_STEPS: dict[Probe, tuple[int, ...]] = {
    "sign-in": (60, 300, 900, 3600),
    "calls": (60, 120, 240, 480, 900),
    "hourly": (3600,),
}
LONGEST = timedelta(hours=1)


class SideHealth:
    """Owns the health of one side, kept in the state."""

    def __init__(self, side: SideName, tools: Tools, sessions: Sessions) -> None:
        self.side: SideName = side
        self._tools = tools
        self._sessions = sessions

    @property
    def calls(self) -> int:
        """The number of calls by the side's client."""
        raise NotImplementedError

    def known(self) -> Side:
        """Return the state's row about the side."""
        return self._tools.store.sides.get(self.side)

    def is_open(self) -> bool:
        """Return whether the side may be called now."""
        return self._may_be_called(self.known())

    def end_pause(self) -> None:
        """Try a paused side now."""
        known = self.known()
        if known.next_try_at is not None:
            self._tools.store.sides.note(replace(known, next_try_at=None))

    def answered(self, log: FilteringBoundLogger) -> None:
        """Record an answer of the side; log its recovery."""
        known = self.known()
        if known.status != "ok":
            event = f"{self.side}.recovered"
            log.info(event, since=str(known.since), reason=known.reason)
        fresh = self._with_usage(Side(self.side, api_used=known.api_used, api_limit=known.api_limit))
        if fresh != known:
            self._tools.store.sides.note(fresh)

    def failed(self, error: InvoiceSyncError, log: FilteringBoundLogger) -> None:
        """Record a failure of the side; log the first one and each change of reason."""
        store, now, known = self._tools.store, self._tools.now(), self.known()
        paused = isinstance(error, Fatal | OutOfCalls)
        wait: float | None = None
        if paused:
            wait = _STEPS[_probe_of(error)][: known.failures + 1][-1]
        elif isinstance(error, Busy):
            wait = error.retry_after
        status: SideStatus = "paused" if paused else "failing"
        reason = store.redact(str(error))  # as what is known of it: the two are compared
        hint = self._hint(error)
        if known.status != status or (paused and not _tells(known.reason, reason)):
            event = "salesforce.budget_reached" if isinstance(error, OutOfCalls) else f"{self.side}.failing"
            log.warning(event, reason=reason, hint=hint, api_used=known.api_used, api_limit=known.api_limit)
        fresh = replace(
            known,
            status=status,
            reason=sentences(reason, hint) if hint else reason,
            since=known.since or now,
            failures=known.failures + 1,
            next_try_at=None if wait is None else now + timedelta(seconds=wait),
            exit_code=error.exit_code,
        )
        if paused and not self._may_be_called(known) and _tells(known.reason, reason):
            # A person's request met the pause: the next try does not wait longer for that.
            fresh = replace(fresh, failures=known.failures, next_try_at=known.next_try_at)
        store.sides.note(self._with_usage(fresh))

    def _may_be_called(self, known: Side) -> bool:
        return known.next_try_at is None or known.next_try_at <= self._tools.now()

    def _hint(self, error: InvoiceSyncError) -> str | None:
        """Return the hint; for a sign-in add when changed secrets take effect, if not at once."""
        if isinstance(error, SideDenied) and error.about_secrets:
            secrets = self._sessions.current.configuration.secrets
            fixed = sorted(name for name in secrets.fixed if name.startswith(error.side))
            if fixed:
                restart = f"A change of {', '.join(fixed)} takes effect with a restart."
                return f"{error.hint} {restart}" if error.hint else restart
        return error.hint

    def _with_usage(self, known: Side) -> Side:
        return known


class MagentoHealth(SideHealth):
    """Owns Magento's health; no try is made at the risk of locking the account."""

    def __init__(self, tools: Tools, sessions: Sessions, sign_ins: AccountSignIns) -> None:
        super().__init__("magento", tools, sessions)
        self._sign_ins = sign_ins

    @property
    def calls(self) -> int:
        """The number of calls by Magento's client."""
        return self._sessions.current.magento.calls

    def end_pause(self) -> None:
        """Try Magento now, unless one more refused sign-in could lock the account."""
        if self.account_at_risk() is None:
            super().end_pause()

    def account_at_risk(self) -> datetime | None:
        """Return until when one more refused sign-in may lock the account in Magento, else None.

        They are counted in the state, with those of a check. Whatever it was that paused the side: a count that was
        not ended by a token is about the account.
        """
        by_account = self._sessions.current.settings.magento.auth == "admin"
        return self._sign_ins.locked_until() if by_account and self.known().status == "paused" else None


class SalesforceHealth(SideHealth):
    """Owns Salesforce's health, and the leave for one probe after a pause."""

    def __init__(self, tools: Tools, sessions: Sessions) -> None:
        super().__init__("salesforce", tools, sessions)
        self._probing = False

    @property
    def calls(self) -> int:
        """The number of calls by Salesforce's client."""
        return self._sessions.current.salesforce.connection.calls

    def begins(self) -> bool:
        """Return whether deliveries may begin now; after a pause their first call is a probe."""
        known = self.known()
        if not self._may_be_called(known):
            return False
        self._probing = known.status == "paused"
        return True

    def require_calls(self) -> None:
        """Raise OutOfCalls when the rest of the org's daily calls is reserved for others. Ask before each call.

        One probe is let through whenever a pause is over: only an answer tells that calls were given back.
        """
        connection = self._sessions.current.salesforce.connection
        probing, self._probing = self._probing, False
        if connection.reserve_reached and not probing:
            raise OutOfCalls(
                f"{connection.api_used} of the org's {connection.api_limit} daily API calls are used; the rest is left "
                "to others (salesforce.api_reserve)",
                side="salesforce",
            )

    def answered(self, log: FilteringBoundLogger) -> None:
        """Record an answer of Salesforce, with the org's address and ID."""
        super().answered(log)
        connection, facts = self._sessions.current.salesforce.connection, self._tools.store.facts
        if connection.instance_url is not None:
            learnt = {"instance_url": connection.instance_url, "organization_id": connection.organization_id}
            for name, value in learnt.items():
                if value is not None and facts.get(name) != value:
                    facts.learn(name, value)

    def _with_usage(self, known: Side) -> Side:
        connection = self._sessions.current.salesforce.connection
        if connection.api_used is None:
            return known
        return replace(known, api_used=connection.api_used, api_limit=connection.api_limit)


def _probe_of(error: InvoiceSyncError) -> Probe:
    if isinstance(error, OutOfCalls):
        return "calls"
    return error.probe if isinstance(error, SideDenied) else "sign-in"


def _tells(known: str | None, reason: str) -> bool:
    """Return whether the reason was told already; another number of used calls is no other reason."""
    return re.sub(r"\d+", "", known or "").startswith(re.sub(r"\d+", "", reason))
