"""How this Magento is set up; tests change it while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from daemon.sandbox.faults import Fault
from daemon.sandbox.magento.http.breaking import ways_to_break
from daemon.sandbox.magento.http.languages import Language
from daemon.sandbox.magento.shop import Shop, Way

Version = Literal["2.4.6", "2.4.7", "2.4.8"]
INVOICES = "Magento_Sales::sales_invoice"
ORDERS = "Magento_Sales::actions_view"
STORES = "Magento_Backend::store"


@dataclass(slots=True, eq=False)
class Magento:
    """One installation: its shop, its integration, its administrator, its habits."""

    shop: Shop
    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str
    bearer_enabled: bool = False
    """oauth/consumer/enable_integration_as_bearer; off by default since 2.4.4."""
    version: Version = "2.4.8"
    language: Language = "en"
    """What refusals are said in: a shop that has a translation installed says them in it."""
    resources: set[str] = field(default_factory=lambda: {INVOICES, ORDERS})
    """What the integration may do."""
    revoked: bool = False
    """The integration's token."""
    active: bool = True
    """The integration; an inactive one is refused with OAuth, but not as Bearer."""
    seconds_per_call: float = 0.0
    seconds_per_invoice: float = 0.0
    seconds_per_order: float = 0.0
    order_lines: int | None = None
    """PHP's memory: a list of orders that have more lines than this together ends in a fatal error."""
    ways: dict[Way, Fault] = field(default_factory=ways_to_break)
    """What is answered in place of a list that holds an unreadable record; a test may put another fault there."""
    signatures: frozenset[str] = frozenset({"HMAC-SHA256"})
    """What OAuth may be signed with; up to 2.4.3 also HMAC-SHA1."""
    repeats_last_page: bool = False
    """A page beyond the last is the last one again, as up to 2.3.7."""
    page_limit: int | None = None
    """webapi/validation: the largest pageSize; off by default."""
    admin_username: str = "admin"
    admin_password: str = "Passw0rd-123"  # noqa: S105 - of a shop on loopback
    admin_active: bool = True
    admin_resources: set[str] = field(default_factory=lambda: {INVOICES, ORDERS, STORES})
    """What the administrator's role may do."""
    admin_failures: int = 0
    """In a row; six lock the account at the token endpoint."""
    admin_failures_until: float | None = None
    """When they are forgotten, and a lock with them; each failure puts it off."""
    admin_token_minutes: int = 60
    """Of a JWT; up to 2.4.3 a token lived 240 minutes."""
    two_factor: str | None = None
    """Its provider, `google`, or the empty string where none is set up yet."""
    one_time_password: str = "123456"  # noqa: S105
    stores: tuple[str, ...] = ("default", "eu", "b2b")
    timezone: str = "UTC"
    clock: Callable[[], datetime] | None = None
    """Of the web server; the shop's unless it is said to differ."""
    base_url: str | None = None
    """web/secure/base_url, where a caller of the front page is sent; none: it answers by whatever name."""
    seen_as: str | None = None
    """The URL, up to the host, that a proxy in front lets PHP see in place of the one that was called."""
    nonces: set[tuple[str, str]] = field(default_factory=set)
    admin_tokens: dict[str, float] = field(default_factory=dict)
    """Each with the time, in seconds since 1970, at which it ends."""

    def now(self) -> float:
        """The web server's time, in seconds since 1970."""
        return (self.clock or self.shop.clock)().timestamp()
