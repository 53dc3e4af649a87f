"""Reads invoices, comments and orders from Magento, and never writes, despite the permission to write."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from daemon.clock import Clock
from daemon.errors import SideDenied
from daemon.invoice import Invoice, Malformed, Order
from daemon.magento.account import UNCOUNTED, SignIns
from daemon.magento.connection import Connection
from daemon.magento.diagnosis import diagnose, is_about_signature
from daemon.magento.errors import PageTooLarge
from daemon.magento.pages import Page, Watched, WatchedPage
from daemon.magento.parse import comments_of, invoice_of, order_of, stamps_of
from daemon.magento.responses import date_of, ignores_filters, rows_of
from daemon.magento.search import Filter, format_stamp, ids, query, within
from daemon.magento.sign_in_errors import AccessDenied
from daemon.redaction import Redaction
from daemon.settings import Configuration
from daemon.transport import Transport

Resource = Literal["invoices", "orders"]


class Magento:
    """One shop's REST API, by the settings in force."""

    def __init__(
        self,
        configuration: Configuration,
        clock: Clock,
        redaction: Redaction,
        transport: Transport,
        sign_ins: SignIns = UNCOUNTED,
    ) -> None:
        self._configuration = configuration
        self._observer = transport.observer
        self._diagnosed: AccessDenied | None = None
        self._connection = Connection(configuration, clock, redaction, transport, sign_ins)
        self.answered_at: datetime | None = None  # Magento's clock at its last answer
        self._page_limit = 300  # the largest page that the shop allows, as far as known

    @property
    def calls(self) -> int:
        """Return how many calls were made; an administrator's sign-ins do not count."""
        return self._connection.calls

    @property
    def sign_ins(self) -> int:
        """Return how often an administrator's name and password were given for a token."""
        return self._connection.account.sign_ins if self._connection.account else 0

    def spare_account(self, error: SideDenied) -> None:
        """Make no administrator's sign-in for an hour; raise this error instead."""
        if self._connection.account:
            self._connection.account.spare(error)

    def close(self) -> None:
        """Close the HTTP connections."""
        self._connection.close()

    def changed_since(
        self, since: datetime, *, after_id: int, page_size: int, upto: int | None = None, but: Sequence[int] = ()
    ) -> Page:
        """Return the next page of invoices created or changed at or after ``since``, by key.

        ``upto``: only ids up to this one; ``but``: without these ids.
        """
        moved = [Filter("updated_at", "gteq", format_stamp(since)), Filter("created_at", "gteq", format_stamp(since))]
        page = self._page([moved, *within(after_id, upto, but)], after_id, page_size)
        for invoice in page.invoices:
            known = [at for at in (invoice.created_at, invoice.updated_at) if at is not None]
            if known and max(known) < since.replace(microsecond=0):
                raise ignores_filters()
        return page

    def watched_since(
        self, since: datetime, *, after_id: int, page_size: int, upto: int | None = None, but: Sequence[int] = ()
    ) -> WatchedPage:
        """Return the next page of invoices created or changed at or after ``since``: just their stamps and comments."""
        moved = [Filter("updated_at", "gteq", format_stamp(since)), Filter("created_at", "gteq", format_stamp(since))]
        fields = "items[entity_id,created_at,updated_at,comments],total_count"
        body = self._get("invoices", query([moved, *within(after_id, upto, but)], page_size=page_size, fields=fields))
        rows = rows_of(body, after_id=after_id, at_most=page_size)
        return WatchedPage(
            tuple(Watched(row["entity_id"], *stamps_of(row), comments_of(row)) for row in rows),
            self._last_answer(),
            last=len(rows) < page_size,
        )

    def created_from(
        self,
        created_from: datetime | None,
        *,
        after_id: int,
        page_size: int,
        upto: int | None = None,
        but: Sequence[int] = (),
    ) -> Page:
        """Return the next page of all invoices, by key; with a date, of those created from then on."""
        groups = within(after_id, upto, but)
        if created_from is not None:
            groups.append([Filter("created_at", "gteq", format_stamp(created_from))])
        return self._page(groups, after_id, page_size)

    def by_ids(self, entity_ids: Sequence[int]) -> dict[int, Invoice | Malformed]:
        """Return these invoices as Magento shows them now, without those that Magento no longer has."""
        rows = self._rows("invoices", [Filter("entity_id", "in", ids(entity_ids))], max(len(entity_ids), 1))
        if any(row["entity_id"] not in entity_ids for row in rows):
            raise ignores_filters()
        return {row["entity_id"]: invoice_of(row) for row in rows}

    def by_number(self, increment_id: str) -> list[Invoice | Malformed]:
        """Return the invoices with this number, at most one per store."""
        found = map(invoice_of, self._rows("invoices", [Filter("increment_id", "eq", increment_id)], 100))
        return [invoice for invoice in found if invoice.increment_id == increment_id]

    def by_order(self, number: str) -> list[Invoice | Malformed]:
        """Return the invoices of the orders with this number."""
        fields = "items[entity_id,increment_id],total_count"
        found = self._rows("orders", [Filter("increment_id", "eq", number)], 100, fields)
        orders = [row["entity_id"] for row in found if row.get("increment_id") == number]
        if not orders:
            return []
        return [invoice_of(row) for row in self._rows("invoices", [Filter("order_id", "in", ids(orders))], 300)]

    def orders(self, order_ids: Sequence[int], fields: Iterable[str]) -> dict[int, Order]:
        """Return these orders with just these fields, without those that Magento does not have.

        An order costs Magento ten times what an invoice does, so orders are read only for new or changed invoices.
        """
        names = ",".join(["entity_id", "increment_id", *sorted(set(fields) - {"entity_id", "increment_id"})])
        among = [Filter("entity_id", "in", ids(order_ids))]
        rows = self._rows("orders", among, max(len(order_ids), 1), f"items[{names}],total_count")
        if any(row["entity_id"] not in order_ids for row in rows):
            raise ignores_filters()
        return {row["entity_id"]: order_of(row) for row in rows}

    def list_nothing(self, resource: Resource) -> None:
        """Ask for a list that no record can be in; raise our error when Magento does not even answer that."""
        body = self._get(resource, query([[Filter("entity_id", "eq", "0")]], page_size=1))
        rows_of(body, after_id=0, at_most=0)

    def show_newest(self) -> None:
        """Ask for the newest invoice; raise our error when Magento cannot even show that one."""
        rows_of(self._get("invoices", query([], page_size=1, newest_by="entity_id")), after_id=0, at_most=1)

    def _page(self, groups: Sequence[Sequence[Filter]], after_id: int, page_size: int) -> Page:
        body = self._get("invoices", query(groups, page_size=page_size))
        rows = rows_of(body, after_id=after_id, at_most=page_size)
        total = body.get("total_count")
        return Page(
            invoices=tuple(invoice_of(row) for row in rows),
            at=self._last_answer(),
            total=total if isinstance(total, int) and not isinstance(total, bool) else len(rows),
            last=len(rows) < page_size,
        )

    def _rows(
        self, path: str, group: Sequence[Filter], at_most: int, fields: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Return at most so many rows that the filters choose, in as few pages as the shop allows."""
        rows: list[Mapping[str, Any]] = []
        while True:
            after_id = rows[-1]["entity_id"] if rows else 0
            groups = [group, *within(after_id, None, ())] if rows else [group]
            size = min(at_most - len(rows), self._page_limit)
            try:
                body = self._get(path, query(groups, page_size=size, fields=fields))
            except PageTooLarge as limit:
                if limit.largest >= size:
                    raise
                self._page_limit = limit.largest
                continue
            page = rows_of(body, after_id=after_id, at_most=size)
            rows += page
            if len(page) < size or len(rows) >= at_most:
                return rows

    def _explained(self, error: AccessDenied) -> AccessDenied:
        """Return the error with its cause, found once for each message that Magento gives with these settings."""
        if self._connection.way != "oauth1" or not is_about_signature(error):
            return error
        if self._diagnosed is None or str(self._diagnosed) != str(error):
            self._diagnosed = diagnose(self._connection, self._configuration, error)
        return self._diagnosed

    def _last_answer(self) -> datetime:
        assert self.answered_at is not None
        return self.answered_at

    def _get(self, path: str, question: str) -> dict[str, Any]:
        response = self._connection.get(f"{path}?{question}")
        try:
            body = self._connection.read(response)
        except AccessDenied as error:
            raise self._explained(error) from None
        self.answered_at = date_of(response)
        self._observer.answer_read("magento")
        return body
