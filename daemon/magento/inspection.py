"""Tries one by one what the daemon needs of a shop, for a person who sets it up; reads, and no more than a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from daemon.clock import Clock
from daemon.errors import InvoiceSyncError, SideRefused
from daemon.magento.answers import read
from daemon.magento.connection import Connection
from daemon.magento.entry import NotLetIn
from daemon.magento.parse import stamps_of
from daemon.magento.refusals import PageTooLarge
from daemon.magento.search import Filter, query
from daemon.magento.sign import OAuth1
from daemon.settings import Configuration

_NOTHING = [[Filter("entity_id", "eq", "0")]]


def is_about_signature(error: Exception) -> bool:
    """Whether Magento may know the keys and not follow the signature: a wrong secret, or it sees another URL."""
    return isinstance(error, NotLetIn) and error.cause in {"signature", "unknown"}


@dataclass(frozen=True, slots=True)
class Address:
    """What the shop tells of its own address: where its front page sends a caller, and the host its cookie is for."""

    status: int
    location: str | None = None
    cookie_domain: str | None = None
    through: tuple[str, ...] = ()  # the proxies that say so


class Inspection:
    """One look at a shop by the settings in force."""

    def __init__(self, configuration: Configuration, clock: Clock) -> None:
        self._settings = configuration.settings.magento
        self._secrets = configuration.secrets
        self._connection = Connection(configuration, clock)
        self._clock = clock
        self.cookie_domain: str | None = None

    def spare_account(self, refusal: SideRefused) -> None:
        """Give no administrator's password away, but this refusal in its place."""
        if self._connection.account:
            self._connection.account.spare(refusal)

    def tell_sign_ins(self, on_answer: Callable[[bool], object]) -> None:
        """Let this be told of an administrator's sign-in whether it was taken."""
        if self._connection.account:
            self._connection.account.on_answer = on_answer

    def close(self) -> None:
        """Let go of the connections."""
        self._connection.close()

    @property
    def answered(self) -> bool:
        """Whether anything at all answered, Magento or not."""
        return self._connection.last is not None

    @property
    def answered_at(self) -> datetime | None:
        """The web server's clock at its last answer."""
        last = self._connection.last
        try:
            return parsedate_to_datetime(last.headers["Date"]).astimezone(UTC) if last is not None else None
        except (KeyError, ValueError, OverflowError):
            return None

    def newest_change(self) -> tuple[int, datetime | None]:
        """How many invoices there are, and when the one last changed was, by the database's clock."""
        body = self._list(
            "invoices", newest_by="updated_at", fields="items[entity_id,created_at,updated_at],total_count"
        )
        items = body.get("items")
        row = items[0] if isinstance(items, list) and items else None
        total = body.get("total_count")
        known = [at for at in stamps_of(row) if at is not None] if isinstance(row, dict) else []
        return (total if isinstance(total, int) else len(known[:1])), max(known, default=None)

    def may_read_orders(self) -> None:
        """Read no more of an order than its key. SideRefused when that is not allowed."""
        self._list("orders", fields="items[entity_id],total_count")

    def page_limit(self, page_size: int) -> int | None:
        """The largest page, when the shop limits it to less than this; asked for with no row at all."""
        try:
            read(self._connection.get(f"invoices?{query(_NOTHING, page_size=page_size)}"), self._settings.auth)
        except PageTooLarge as limit:
            return limit.largest
        return None

    def version(self) -> str | None:
        """What the shop says of its version, where it does: ``Magento/2.4 (Community)``."""
        response = self._connection.get_unsigned(f"{self._settings.base_url}/magento_version")
        text = response.text.strip() if response.status_code == 200 else ""
        return text if text.startswith("Magento/") and len(text) < 80 else None

    def address(self) -> Address:
        """Ask the front page; it sends a caller who came by another address to the shop's own."""
        refused = self._connection.last
        cookie = _cookie_domain(refused.headers) if refused is not None else None
        response = self._connection.get_unsigned(f"{self._settings.base_url}/")
        through = tuple(name for name in _PROXIES if name in response.headers)
        location = response.headers.get("Location") if 300 <= response.status_code < 400 else None
        return Address(response.status_code, location, _cookie_domain(response.headers) or cookie, through)

    def seen_as(self, addresses: Sequence[str]) -> str | None:
        """The first of these (a scheme and host) whose signature Magento can follow, where it could not follow ours."""
        for address in addresses:
            auth = OAuth1(self._secrets, self._settings.signature, address)
            try:
                read(self._connection.get_signed(f"invoices?{query(_NOTHING, page_size=1)}", auth), "oauth1")
            except SideRefused as refusal:
                if is_about_signature(refusal):
                    continue
            except InvoiceSyncError:
                return None
            return address
        return None

    def _list(self, path: str, *, newest_by: str | None = None, fields: str) -> dict[str, Any]:
        question = query([], page_size=1, newest_by=newest_by, fields=fields)
        return read(self._connection.get(f"{path}?{question}"), self._settings.auth)


_PROXIES = ("Via", "X-Varnish", "CF-Ray", "X-Served-By", "X-Amz-Cf-Id", "X-Cache")


def _cookie_domain(headers: Mapping[str, str]) -> str | None:
    """The host that PHP thinks it was called by: its session's cookie is for that one."""
    for part in headers.get("Set-Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "domain" and value:
            return value.strip(". ").lower()
    return None
