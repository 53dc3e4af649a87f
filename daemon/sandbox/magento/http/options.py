"""The setup of this Magento; tests change the setup of a running one."""

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
    """One installation: its shop, its integration, its administrator, its limits and speeds."""

    shop: Shop
    consumer_key: str
    consumer_secret: str
    access_token: str
    access_token_secret: str
    bearer_enabled: bool = False
    """oauth/consumer/enable_integration_as_bearer; off by default since 2.4.4."""
    version: Version = "2.4.8"
    language: Language = "en"
    """The language of errors: that of an installed translation."""
    resources: set[str] = field(default_factory=lambda: {INVOICES, ORDERS})
    """The integration's rights."""
    revoked: bool = False
    """True: the integration's token is revoked."""
    active: bool = True
    """False: the integration is inactive, which OAuth refuses, but Bearer does not."""
    seconds_per_call: float = 0.0
    seconds_per_invoice: float = 0.0
    seconds_per_order: float = 0.0
    order_lines: int | None = None
    """PHP's memory: a list of orders with more lines than this in total ends in a fatal error."""
    ways: dict[Way, Fault] = field(default_factory=ways_to_break)
    """The answers in place of a list with an unreadable record; tests may replace a fault."""
    signatures: frozenset[str] = frozenset({"HMAC-SHA256"})
    """The accepted signature methods of OAuth; up to 2.4.3 also HMAC-SHA1."""
    repeats_last_page: bool = False
    """True: a page beyond the last is the last one again, as up to 2.3.7."""
    page_limit: int | None = None
    """webapi/validation: the largest pageSize; off by default."""
    admin_username: str = "admin"
    admin_password: str = "Passw0rd-123"  # noqa: S105 - of a shop on loopback
    admin_active: bool = True
    admin_resources: set[str] = field(default_factory=lambda: {INVOICES, ORDERS, STORES})
    """The rights of the administrator's role."""
    admin_failures: int = 0
    """Wrong passwords in a row; six lock the account at the token endpoint."""
    admin_failures_until: float | None = None
    """The time at which failures and lock are forgotten; each failure moves it on."""
    admin_token_minutes: int = 60
    """The life of a JWT; up to 2.4.3 a token lived 240 minutes."""
    two_factor: str | None = None
    """The provider, `google`, or the empty string before one is set up; None: no second factor."""
    one_time_password: str = "123456"  # noqa: S105
    stores: tuple[str, ...] = ("default", "eu", "b2b")
    timezone: str = "UTC"
    clock: Callable[[], datetime] | None = None
    """The web server's clock; None: the shop's."""
    base_url: str | None = None
    """web/secure/base_url, to which the front page redirects; None: the front page answers under any name."""
    seen_as: str | None = None
    """The URL, up to the host, that a proxy in front shows to PHP in place of the called one."""
    nonces: set[tuple[str, str]] = field(default_factory=set)
    admin_tokens: dict[str, float] = field(default_factory=dict)
    """Each token with the time of its end, in seconds since 1970."""

    def now(self) -> float:
        """Return the web server's time, in seconds since 1970."""
        return (self.clock or self.shop.clock)().timestamp()
