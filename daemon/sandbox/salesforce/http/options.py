"""The settings of a running sandbox's Salesforce, for tests to change."""

import secrets
import time
from dataclasses import dataclass, field
from threading import Lock

from daemon.sandbox.salesforce.org import ApiError, Org


@dataclass
class Options:
    """Credentials, sessions, the day's API calls and errors for whole calls; read again at every call.

    `refuse_calls` answers every metered call with (status, errorCode, message) while it is set;
    `sign_in_refused` answers every sign-in with (error, error_description).
    `public_key` (PEM) is the app's certificate to check a JWT-bearer sign-in with.
    `session_seconds = 0` makes every new session an expired one.
    """

    org: Org
    client_id: str
    client_secret: str
    instance_url: str | None = None
    session_seconds: float = 7200
    public_key: str | None = None
    api_limit: int = 100_000
    api_used: int = 0
    app_usage: tuple[int, int, str] | None = None
    seconds_per_call: float = 0.0
    seconds_per_record: float = 0.0
    query_batch: int = 2000
    limits_visible: bool = True
    sign_in_refused: tuple[str, str] | None = None
    refuse_calls: tuple[int, str, str] | None = None
    sign_ins: int = 0
    sessions: dict[str, float] = field(default_factory=dict)
    _mutex: Lock = field(default_factory=Lock, repr=False)

    @property
    def notes_enabled(self) -> bool:
        """Return whether enhanced notes are switched on in Setup; off, ContentNote is unknown."""
        return "ContentNote" not in self.org.hidden

    @notes_enabled.setter
    def notes_enabled(self, enabled: bool) -> None:
        (self.org.hidden.discard if enabled else self.org.hidden.add)("ContentNote")

    @property
    def maintenance(self) -> bool:
        """Return whether the org is read-only, as for minutes during planned maintenance."""
        return self.org.read_only

    @maintenance.setter
    def maintenance(self, read_only: bool) -> None:
        self.org.read_only = read_only

    def expire_sessions(self) -> None:
        """End every session: the next call of each client gets a 401."""
        with self._mutex:
            self.sessions.clear()

    def open_session(self) -> str:
        """Return a new access token."""
        with self._mutex:
            token = f"{self.org.organization_id[:15]}!{secrets.token_urlsafe(48)}"
            self.sessions[token] = time.monotonic() + self.session_seconds
            self.sign_ins += 1
            return token

    def demand_session(self, authorization: str) -> None:
        """Refuse a call whose session is unknown or over, the only sign of a session's end."""
        scheme, _, token = authorization.partition(" ")
        with self._mutex:
            expiry = self.sessions.get(token) if scheme in {"Bearer", "OAuth"} else None
        if expiry is None or time.monotonic() >= expiry:
            raise ApiError("INVALID_SESSION_ID", "Session expired or invalid", fields=None, status=401)

    def meter_call(self) -> None:
        """Count one API call against the day's limit, or refuse the call."""
        if self.refuse_calls:
            status, code, message = self.refuse_calls
            raise ApiError(code, message, fields=None, status=status)
        with self._mutex:
            if self.api_used >= self.api_limit:
                raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", fields=None, status=403)
            self.api_used += 1

    def limit_info(self) -> str:
        """Return the value of the `Sforce-Limit-Info` header."""
        info = f"api-usage={self.api_used}/{self.api_limit}"
        if self.app_usage:
            used, limit, name = self.app_usage
            info += f"; per-app-api-usage={used}/{limit}(appName={name})"
        return info
