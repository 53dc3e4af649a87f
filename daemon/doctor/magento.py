"""Tries the shop: answer, sign-in, permissions, page size, address and clocks."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from daemon.clock import Clock
from daemon.doctor.judge import judge_address, judge_clock, judge_stamps
from daemon.doctor.report import Line, failure
from daemon.errors import InvoiceSyncError
from daemon.magento import AccessDenied, SignIns
from daemon.magento.diagnosis import Address, explain_signature, is_about_signature
from daemon.magento.inspection import Inspection
from daemon.redaction import Redaction
from daemon.settings import Configuration
from daemon.transport import Transport

_INVOICES = "Magento_Sales::sales_invoice"
_ORDERS = "Magento_Sales::actions_view"
_LISTS = ((_INVOICES, "invoices"), (_ORDERS, "orders"))
_NOT_SHOWN = (
    "The daemon reads such a page in smaller ones. An invoice that Magento cannot show, or whose order it cannot,"
    " becomes failed and delays no other; Magento's var/log has the error."
)


def examine_magento(
    configuration: Configuration, clock: Clock, redaction: Redaction, transport: Transport, sign_ins: SignIns
) -> Iterator[Line]:
    """Yield a line for each attempt at the shop; a failure prevents only dependent attempts.

    ``sign_ins`` counts an administrator's sign-ins, also the check's own: six denied ones in a row lock the account,
    whoever made them.
    """
    inspection = Inspection(configuration, clock, redaction, transport, sign_ins)
    try:
        yield from _Visit(configuration, clock, inspection).lines()
    finally:
        inspection.close()


class _Visit:
    """One visit to the shop, with its results so far."""

    def __init__(self, configuration: Configuration, clock: Clock, inspection: Inspection) -> None:
        self._settings = configuration.settings.magento
        self._clock = clock
        self._shop = inspection
        self._newest: datetime | None = None
        self._address: Address | None = None
        self._followed = True
        self._size = self._settings.page_size
        self._seen_as: str | None = None
        self._answered: tuple[datetime | None, datetime] | None = None

    def lines(self) -> Iterator[Line]:
        """Yield all lines, each after its preconditions."""
        host = urlsplit(self._settings.base_url).netloc
        root = f"{self._settings.base_url}/rest/{self._settings.store_code}/V1"
        invoices = self._try(partial(self._shop.may_read, "invoices"))
        orders = self._try(partial(self._shop.may_read, "orders")) if self._shop.answered else invoices
        newest = invoices or self._try(self._read_newest)
        self._try(self._ask_address)
        if not self._shop.answered:
            assert invoices is not None
            yield failure("magento", "reachable", f"GET {root}/invoices", invoices)
            yield Line("magento", "sign-in", "skipped", host, "needs an answer")
            return
        yield Line("magento", "reachable", "ok", host, "answers")
        yield from self._let_in(root, invoices, orders)
        if invoices is None:
            yield self._page_size(root)
            if orders is None:
                yield self._newest_page(root)
        yield self._version()
        if self._address is not None:  # a shop without a front page is fine
            yield judge_address(self._settings.base_url, self._address, followed=self._followed, seen_as=self._seen_as)
        theirs, ours = self._answered or (None, self._clock.now())
        yield judge_clock("Magento", theirs, ours)
        if newest is None:
            yield judge_stamps(self._newest, theirs)
        else:
            yield Line("clocks", "Magento's database", "skipped", host, "needs the newest invoice")

    def _try(self, attempt: Callable[[], None]) -> InvoiceSyncError | None:
        try:
            attempt()
        except InvoiceSyncError as error:
            found: InvoiceSyncError | None = error
        else:
            found = None
        if self._shop.answered and self._answered is None:
            self._answered = self._shop.answered_at, self._clock.now()
        return found

    def _read_newest(self) -> None:
        _, self._newest = self._shop.newest_change()

    def _ask_address(self) -> None:
        self._address = self._shop.address()

    def _let_in(self, root: str, invoices: InvoiceSyncError | None, orders: InvoiceSyncError | None) -> Iterator[Line]:
        """Yield lines on REST, sign-in and each permission by name, for all of which Magento answers 401."""
        errors = {_INVOICES: invoices, _ORDERS: orders}
        no_rest = next((error for error in errors.values() if error and not _is_denial(error)), None)
        if invoices is not None and no_rest is invoices:
            yield failure("magento", "REST API", f"GET {root}/invoices", invoices)
            yield Line("magento", "sign-in", "skipped", root, "needs the REST API")
            return
        yield Line("magento", "REST API", "ok", f"GET {root}/invoices", "is Magento's")
        signed_in = any(error is None or _is_permission(error, self._settings.auth) for error in errors.values())
        way = f"auth: {self._settings.auth}"
        if not signed_in:
            assert invoices is not None
            yield self._explained(failure("magento", "sign-in", way, invoices), invoices)
            for resource, _ in _LISTS:
                yield Line("magento", resource, "skipped", way, "needs the sign-in")
            return
        yield Line("magento", "sign-in", "ok", way, "is accepted")
        for resource, path in _LISTS:
            error = errors[resource]
            tried = f"GET {root}/{path}, a page without records"
            yield (
                failure("magento", resource, tried, error)
                if error
                else Line("magento", resource, "ok", tried, "may be read")
            )

    def _explained(self, line: Line, error: InvoiceSyncError) -> Line:
        if not is_about_signature(error):
            return line
        self._followed = False
        self._seen_as = self._shop.seen_as()
        fix = explain_signature(self._settings.base_url, self._address, self._seen_as)
        return Line(line.area, line.check, line.status, line.tried, line.result, fix)

    def _version(self) -> Line:
        tried = f"GET {self._settings.base_url}/magento_version"
        try:
            version = self._shop.version()
        except InvoiceSyncError:
            version = None
        return Line("magento", "version", "ok" if version else "skipped", tried, version or "the shop does not show it")

    def _newest_page(self, root: str) -> Line:
        """Read a page as large as the daemon's: lists of one hide a record that breaks its list."""
        tried = f"GET {root}/invoices and {root}/orders, the newest {self._size}"
        try:
            count = self._shop.show_newest(self._size)
        except InvoiceSyncError as error:
            return Line("magento", "newest page", "warning", tried, str(error), _NOT_SHOWN)
        return Line("magento", "newest page", "ok", tried, f"Magento shows {count} of them")

    def _page_size(self, root: str) -> Line:
        size = self._settings.page_size
        tried = f"GET {root}/invoices, a page of {size}"
        try:
            limit = self._shop.page_limit(size)
        except InvoiceSyncError as error:
            return failure("magento", "page size", tried, error)
        if limit is None:
            return Line("magento", "page size", "ok", tried, f"the shop gives pages of {size}")
        self._size = min(size, limit)
        said = f"the shop gives at most {limit} a page"
        return Line("magento", "page size", "ok", tried, f"{said}, and the daemon asks for no more")


def _is_denial(error: InvoiceSyncError) -> bool:
    """Return whether Magento denied access, rather than something else answered."""
    return isinstance(error, AccessDenied)


def _is_permission(error: InvoiceSyncError, way: str) -> bool:
    """Return whether Magento knows us, but denies this permission. A Bearer token does not show it."""
    return way != "bearer" and isinstance(error, AccessDenied) and error.cause == "permission"
