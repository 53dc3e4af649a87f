"""Tries one by one what the daemon needs of a shop, for the person who sets it up; reads a page at most."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from daemon.clock import Clock
from daemon.magento.account import UNCOUNTED, SignIns
from daemon.magento.connection import Connection
from daemon.magento.diagnosis import NOTHING, Address, ask_address, find_seen_as
from daemon.magento.errors import PageTooLarge
from daemon.magento.parse import stamps_of
from daemon.magento.search import Filter, ids, query
from daemon.redaction import Redaction
from daemon.settings import Configuration
from daemon.transport import Transport
from state.values import LARGEST


class Inspection:
    """One inspection of a shop, by the settings in force."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        sign_ins: SignIns = UNCOUNTED,
    ) -> None:
        self._settings = configuration.settings.magento
        self._configuration = configuration
        self._connection = Connection(configuration, clock, redaction, transport, sign_ins)
        self.cookie_domain: str | None = None

    def close(self) -> None:
        """Close the HTTP connections."""
        self._connection.close()

    @property
    def answered(self) -> bool:
        """Return whether there was any answer at all, of Magento or not."""
        return self._connection.last is not None

    @property
    def answered_at(self) -> datetime | None:
        """Return the web server's clock at its last answer."""
        last = self._connection.last
        try:
            return parsedate_to_datetime(last.headers["Date"]).astimezone(UTC) if last is not None else None
        except (KeyError, ValueError, OverflowError):
            return None

    def newest_change(self) -> tuple[int, datetime | None]:
        """Return the number of invoices, and the database's clock at the last change of one."""
        fields = "items[entity_id,created_at,updated_at],total_count"
        newest = query([], page_size=1, newest_by="updated_at", fields=fields)
        body = self._read(f"invoices?{newest}")
        items = body.get("items")
        row = items[0] if isinstance(items, list) and items else None
        total = body.get("total_count")
        known = [at for at in stamps_of(row) if at is not None] if isinstance(row, dict) else []
        return (total if isinstance(total, int) else len(known[:1])), max(known, default=None)

    def may_read(self, resource: Literal["invoices", "orders"]) -> None:
        """Ask for an empty list, because a record could break a full one; AccessDenied without the permission."""
        question = query(NOTHING, page_size=1, fields="items[entity_id],total_count")
        self._read(f"{resource}?{question}")

    def page_limit(self, page_size: int) -> int | None:
        """Return the shop's limit for pages, if below this size; the question asks for zero rows."""
        try:
            self._read(f"invoices?{query(NOTHING, page_size=page_size)}")
        except PageTooLarge as limit:
            return limit.largest
        return None

    def show_newest(self, page_size: int) -> int:
        """Read so many of the newest invoices, whole, and then their orders; return the number of invoices."""
        newest = query([], page_size=page_size, newest_by="entity_id")
        body = self._read(f"invoices?{newest}")
        items = body.get("items")
        invoices = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
        orders = sorted({row["order_id"] for row in invoices if _is_id(row.get("order_id"))})
        if orders:
            fields = "items[entity_id,increment_id],total_count"
            question = query([[Filter("entity_id", "in", ids(orders))]], page_size=len(orders), fields=fields)
            self._read(f"orders?{question}")
        return len(invoices)

    def version(self) -> str | None:
        """Return the shop's version, if public: ``Magento/2.4 (Community)``."""
        response = self._connection.get_unsigned(f"{self._settings.base_url}/magento_version")
        text = response.text.strip() if response.status_code == 200 else ""
        return text if text.startswith("Magento/") and len(text) < 80 else None

    def address(self) -> Address:
        """Ask the front page for the shop's own address."""
        return ask_address(self._connection, self._settings.base_url)

    def seen_as(self) -> str | None:
        """Return the scheme and host at Magento, if a signature over another address passes."""
        return find_seen_as(self._connection, self._configuration)

    def _read(self, question: str) -> dict[str, Any]:
        return self._connection.read(self._connection.get(question))


def _is_id(value: object) -> bool:
    """Return whether a record can have this id: questions for other ids would say little of the page."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST
