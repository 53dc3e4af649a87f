"""Tells whether a list of Magento's failed because of a record in it, or because Magento itself fails.

Magento says so in any way (500, 404 with words about an entity, 400, 502, 200 with rubbish, a time-out), so it is asked
something else. No decision rests on its words, which a shop may have translated.
"""

from collections.abc import Callable, Iterable
from functools import partial

from daemon.errors import Busy, InvoiceSyncError, Retriable, SideDenied, Unreachable
from daemon.magento import Magento, Resource
from state.store import Store

# A shop whose first so many invoices cannot be shown, and its newest neither, is one that shows none.
_ALL_UNREADABLE = 10


def require_answers(
    magento: Magento, resource: Resource, error: InvoiceSyncError, is_stopping: Callable[[], bool]
) -> None:
    """Raise the error unless it may be about a record: then Magento answers a list of nothing."""
    require_about_records(error, is_stopping)
    try:
        magento.list_nothing(resource)
    except InvoiceSyncError:
        raise error from None


def require_about_records(error: InvoiceSyncError, is_stopping: Callable[[], bool]) -> None:
    """Raise the error where no record can be its cause, or the process is to stop."""
    if not _may_be_about_records(error) or is_stopping():
        raise error


def require_another(
    store: Store,
    magento: Magento,
    resource: Resource,
    entity_id: int,
    error: InvoiceSyncError,
    *,
    shown: Iterable[int],
    is_stopping: Callable[[], bool],
) -> None:
    """Raise the error unless Magento shows another record of this kind; where none is known, a list of nothing.

    ``shown``: some that it has just shown. Of the others that are known to be readable, some may have broken since.
    """
    known = store.ledger.readable(but=entity_id, by="order_id" if resource == "orders" else "entity_id")
    asked = [partial(_show, magento, resource, each) for each in dict.fromkeys([*shown, *known]) if each != entity_id]
    if asked and resource == "invoices":
        asked.append(partial(magento.show_newest))
    for ask in asked or [partial(_require_some, store, magento, resource)]:
        try:
            ask()
        except InvoiceSyncError as other:
            if is_stopping() or not _may_be_about_records(other):
                break
            continue
        return
    raise error


def _show(magento: Magento, resource: Resource, entity_id: int) -> None:
    """Ask for one record. It raises when Magento cannot show it."""
    if resource == "orders":
        magento.orders([entity_id], ())
    else:
        magento.by_ids([entity_id])


def _require_some(store: Store, magento: Magento, resource: Resource) -> None:
    """Ask for a list of nothing; once nothing but unreadable invoices was met, for the newest invoice."""
    if len(store.ledger.corrupt(0, limit=_ALL_UNREADABLE)) < _ALL_UNREADABLE:
        magento.list_nothing(resource)
    else:
        magento.show_newest()


def is_too_much(error: InvoiceSyncError) -> bool:
    """Return whether a smaller list may be answered: this one was too large or took too long."""
    return isinstance(error, Retriable) and error.too_much


def would_fail_again(error: InvoiceSyncError) -> bool:
    """Return whether the same list is not worth a second call: it was too large, or took all the time that there is.

    A gateway's 503 or 504 may also be chance.
    """
    return is_too_much(error) and not isinstance(error, Busy)


def _may_be_about_records(error: InvoiceSyncError) -> bool:
    if isinstance(error, SideDenied):
        return error.side == "magento" and error.missing
    if isinstance(error, Retriable) and error.about is not None and not error.about:
        return False  # a sign-in failed
    if isinstance(error, Busy):
        return error.side == "magento" and error.retry_after is None
    return isinstance(error, Unreachable) and error.side == "magento" and error.sent
