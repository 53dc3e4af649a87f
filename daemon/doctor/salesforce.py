"""Tries the org: answer, API version, sign-in, identity, API calls, objects and fields."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from daemon.clock import Clock
from daemon.doctor.judge import judge_calls, judge_clock, judge_pair
from daemon.doctor.report import Line, failure
from daemon.errors import InvoiceSyncError
from daemon.mapping import InvoiceMapping
from daemon.redaction import Redaction
from daemon.salesforce import Salesforce
from daemon.salesforce.connection import Connection
from daemon.salesforce.fit import Finding, examine_org
from daemon.salesforce.identity import Organization, which_org
from daemon.settings import Configuration
from daemon.transport import Transport
from state.peek import Peek


class OrgVisit:
    """One visit to the org, and the org's identity."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        state: Peek,
        *,
        with_shop: bool,
    ) -> None:
        self._configuration = configuration
        self._redaction = redaction
        self._transport = transport
        self._settings = configuration.settings.salesforce
        self._clock = clock
        self._state = state
        self._with_shop = with_shop
        self.organization: Organization | None = None

    @property
    def described(self) -> dict[str, str | bool] | None:
        """Return the org, for the top of the report."""
        org = self.organization
        if org is None:
            return None
        return {"id": org.id, "name": org.name, "edition": org.edition, "production": org.production}

    def lines(self) -> Iterator[Line]:
        """Yield a line for each attempt; a failure prevents only dependent attempts."""
        salesforce = Salesforce(self._configuration, self._clock, self._redaction, self._transport)
        try:
            yield from self._lines(salesforce.connection)
        finally:
            salesforce.close()

    def _lines(self, connection: Connection) -> Iterator[Line]:
        yield from self._reach(connection)
        reached = connection.answered_at is not None
        clock = judge_clock("Salesforce", connection.answered_at, self._clock.now()) if reached else None
        if self._settings.auth == "jwt_bearer":
            way = f"auth: jwt_bearer, as {self._settings.username}"
        else:
            way = f"auth: {self._settings.auth}"
        try:
            connection.sign_in()
        except InvoiceSyncError as error:
            yield failure("salesforce", "sign-in", f"{way}, at {self._settings.login_url}", error)
            for check in ("org", "API calls"):
                yield Line("salesforce", check, "skipped", way, "needs the sign-in")
            yield Line("objects", "objects", "skipped", way, "needs the sign-in")
        else:
            yield Line("salesforce", "sign-in", "ok", way, f"is accepted; the org is at {connection.instance_url}")
            yield from self._org(connection)
            yield from self._objects(connection)
        if clock:
            yield clock

    def _reach(self, connection: Connection) -> Iterator[Line]:
        tried = f"GET {self._settings.login_url}/services/data"
        host = urlsplit(self._settings.login_url).netloc
        try:
            versions = connection.versions()
        except InvoiceSyncError as error:
            yield failure("salesforce", "reachable", tried, error)
            return
        yield Line("salesforce", "reachable", "ok", tried, f"{host} answers")
        wanted = self._settings.api_version
        if not versions:
            yield Line("salesforce", "API version", "skipped", tried, "the served versions are not shown")
        elif wanted in versions:
            yield Line("salesforce", "API version", "ok", tried, f"{wanted} is served (the newest is {versions[-1]})")
        else:
            fix = f"Set salesforce.api_version to one of {versions[0]} to {versions[-1]}."
            yield Line("salesforce", "API version", "error", tried, f"{wanted} is not served", fix)

    def _org(self, connection: Connection) -> Iterator[Line]:
        tried = "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization"
        try:
            self.organization = org = which_org(connection)
        except InvoiceSyncError as error:
            yield failure("salesforce", "org", tried, error)
        else:
            kind = "production" if org.production else "a sandbox" if org.sandbox else "for trials"
            yield Line("salesforce", "org", "ok", tried, f"{org.name} ({org.id}), {org.edition}, {kind}")
            if self._with_shop:
                yield judge_pair(self._configuration.settings.magento.base_url, org)
        known, found = self._state.organization_id, connection.organization_id
        if known and found and known != found:
            said = f"the state was made with the org {known}, and this org is {found}"
            fix = "Set salesforce.login_url back, or run `invoice-sync state clear` to start over with this org."
            yield Line("salesforce", "org of the state", "error", "the state's org", said, fix)
        yield judge_calls(connection.api_used, connection.api_limit, self._settings.api_reserve)

    def _objects(self, connection: Connection) -> Iterator[Line]:
        settings = self._configuration.settings
        tried = f"GET sobjects/{settings.salesforce.invoice.object}/describe, and of the objects that belong to it"
        try:
            fit = examine_org(connection, settings, InvoiceMapping(settings), currencies=self._state.currencies)
        except InvoiceSyncError as error:
            yield failure("objects", "objects", tried, error)
            return
        for finding in fit.findings:
            yield _line_of(finding)


def _line_of(finding: Finding) -> Line:
    tried = f"GET sobjects/{finding.object}/describe"
    name = f"{finding.object}.{finding.field}" if finding.field else finding.object
    return Line("objects", name, finding.severity, tried, finding.sentence, _ended(finding.hint))


def _ended(fix: str) -> str | None:
    return f"{fix.rstrip('.')}." if fix else None
