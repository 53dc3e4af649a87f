"""Reads on around an invoice that breaks every list it is in: finds it, sets it aside, and goes on with the rest."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from daemon.errors import Busy, Unreachable
from daemon.invoice import Invoice, Malformed
from daemon.magento import Page, PageTooLarge, WatchedPage
from daemon.sync.parts import FAILED_AGAIN, Parts
from state.dismissal import is_dismissed
from state.ledger import LedgerRow

P = TypeVar("P", Page, WatchedPage)
Ask = Callable[[int, int | None, Sequence[int]], P]
"""Asks for a page: its size, the last id that it may hold (None: any), and ids to leave out."""

_LARGEST = 300


def ask_page(parts: Parts, kind: str, after_id: int, ask: Ask[P], *, at_most: int) -> tuple[P, int | None]:
    """The next page of a scan. With an id: it was read only up to there, and there may be more.

    It is smaller when the shop limits pages or was too slow for a large one. When Magento fails inside at a page,
    twice, while it answers another question, the scan goes on in ranges of ids: they halve while they fail and double
    while they are read or empty, until one id fails alone. Once that is set aside the whole page is asked for again.
    """
    while True:
        size = min(parts.page_size, parts.page_limit, at_most)
        step = parts.steps.get(kind)
        upto = None if step is None else after_id + step
        try:
            page = ask(size, upto, parts.store.ledger.corrupt())
        except PageTooLarge as limit:
            if limit.largest >= size:
                raise
            parts.page_limit = limit.largest
        except Unreachable as error:
            if error.timed_out:
                parts.page_size = max(1, size // 2)  # for the next try: this pass has waited long enough
            raise
        except Busy as error:
            if not error.broken:
                raise
            _narrow(parts, kind, after_id, size, error)
        else:
            parts.page_size = max(parts.page_size, min(size * 2, _LARGEST))  # a poll's smaller pages say nothing of it
            parts.failed_steps.discard((kind, after_id, step))
            if step is None or upto is None:
                return page, None
            _widen(parts, kind, step, size)
            return replace(page, last=False), upto


def ask_ids(parts: Parts, entity_ids: Sequence[int]) -> dict[int, Invoice | Malformed]:
    """These invoices as Magento shows them now, without those that break the list; they are set aside."""
    try:
        return parts.magento.by_ids(entity_ids)
    except Busy as error:
        if not error.broken:
            raise
        if len(entity_ids) > 1:
            half = len(entity_ids) // 2
            return {**ask_ids(parts, entity_ids[:half]), **ask_ids(parts, entity_ids[half:])}
        key = ("ids", entity_ids[0], None)
        if key not in parts.failed_steps:
            parts.failed_steps.add(key)
            return ask_ids(parts, entity_ids)
        parts.failed_steps.discard(key)
        _require_answers(parts, error)
        _set_aside(parts, entity_ids[0], error)
        return {}


def _narrow(parts: Parts, kind: str, after_id: int, size: int, error: Busy) -> None:
    """A page or range failed. Once may be chance; twice, while Magento answers otherwise, is something in it."""
    step = parts.steps.get(kind)
    key = (kind, after_id, step)
    if step is not None and step > 1:
        parts.steps[kind] = step // 2
    elif key not in parts.failed_steps:
        parts.failed_steps.add(key)
    else:
        parts.failed_steps.discard(key)
        _require_answers(parts, error)
        if step is None:
            parts.steps[kind] = max(1, size // 2)
        else:
            _set_aside(parts, after_id + 1, error)
            del parts.steps[kind]


def _widen(parts: Parts, kind: str, step: int, size: int) -> None:
    if step * 2 >= size:
        del parts.steps[kind]
    else:
        parts.steps[kind] = step * 2


def _require_answers(parts: Parts, error: Busy) -> None:
    """Raise the error unless Magento answers a question that has nothing to do with it: then it is not Magento."""
    good = parts.store.ledger.any_synced()
    try:
        parts.magento.by_ids([good if good is not None else 0])
    except Busy:
        raise error from None


def _set_aside(parts: Parts, entity_id: int, error: Busy) -> None:
    """The one invoice cannot be read: it is failed, looked at once a day, and left out of every list."""
    known = parts.store.ledger.known([entity_id]).get(entity_id)
    if known is not None and is_dismissed(known):
        parts.store.ledger.write([replace(known, corrupt=True)])
        return
    row = known or LedgerRow(
        entity_id=entity_id,
        increment_id="",
        digest="",
        sync_status="failed",
        seen_at=parts.now(),
        seen_by="poll",
    )
    reason = f"Magento cannot show this invoice. {error}. Its log tells why; mend the record there."
    parts.store.ledger.write(
        [
            replace(
                row,
                sync_status="failed",
                reason=reason,
                cause="Magento cannot show it",
                corrupt=True,
                digest="",
                next_attempt_at=parts.now() + FAILED_AGAIN,
            )
        ]
    )
    parts.log.warning("invoice.failed", invoice=row.increment_id, entity_id=entity_id, reason=reason)
