"""Reads invoices and orders by id, also where Magento cannot show some of them: by halves, until one fails alone."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from daemon.errors import InvoiceSyncError
from daemon.invoice import Invoice, Malformed, Order
from daemon.magento import Magento, Resource
from daemon.sync.discovery.list_failures import require_another, require_answers, would_fail_again
from daemon.sync.discovery.page_sizes import PageSizes
from state.store import Store

V = TypeVar("V")
_KINDS: Mapping[Resource, str] = {"invoices": "ids", "orders": "orders"}
_LISTS_A_BATCH = 10


@dataclass(frozen=True, slots=True)
class Found(Generic[V]):
    """Records by id as Magento shows them now, and the unreadable ones with Magento's words.

    An id that is in neither is not there.
    """

    shown: dict[int, V] = field(default_factory=dict)
    unreadable: dict[int, str] = field(default_factory=dict)


class RecordReader:
    """Reads records by id, in lists of the size that Magento answers in time."""

    def __init__(self, store: Store, sizes: PageSizes, is_stopping: Callable[[], bool]) -> None:
        self._store = store
        self._sizes = sizes
        self._is_stopping = is_stopping

    def invoices(self, magento: Magento, entity_ids: Sequence[int]) -> Found[Invoice | Malformed]:
        """Read these invoices. One that is known to be unreadable costs a call of its own, and no search for it."""
        bad = self._store.ledger.corrupt_among(entity_ids)
        lists = _Lists(self, magento, "invoices", magento.by_ids)
        lists.read_all([each for each in entity_ids if each not in bad])
        for entity_id in sorted(bad):
            lists.read_all([entity_id])
        return lists.found

    def orders(self, magento: Magento, order_ids: Collection[int], fields: Collection[str]) -> Found[Order]:
        """Read these orders, of each just these fields."""
        lists = _Lists(self, magento, "orders", lambda ids: magento.orders(ids, fields))
        lists.read_all(sorted(order_ids))
        return lists.found

    def size(self, resource: Resource) -> int:
        """Return how many records the next list asks for."""
        return self._sizes.of(_KINDS[resource])

    def batch(self, most: int) -> int:
        """Return how many of so many invoices to read and send together, before the first read is old.

        Where Magento answers only small lists, a batch has those of ten.
        """
        return min(most, _LISTS_A_BATCH * min(self.size("invoices"), self.size("orders")))

    def note_full(self, resource: Resource) -> None:
        """Record a full list, read at once."""
        self._sizes.note_full(_KINDS[resource])

    def shrink(self, resource: Resource, size: int) -> None:
        """Ask for no more than this from now on."""
        self._sizes.set(_KINDS[resource], max(1, min(size, self.size(resource))))

    def require_answers(self, magento: Magento, resource: Resource, error: InvoiceSyncError) -> None:
        """Raise the error unless a record may be its cause."""
        require_answers(magento, resource, error, self._is_stopping)

    def require_another(
        self, magento: Magento, resource: Resource, entity_id: int, error: InvoiceSyncError, *, shown: Iterable[int]
    ) -> None:
        """Raise the error unless Magento shows another record, such as one of ``shown``."""
        require_another(self._store, magento, resource, entity_id, error, shown=shown, is_stopping=self._is_stopping)


class _Lists(Generic[V]):
    """Reads some records in several lists."""

    def __init__(
        self,
        reader: RecordReader,
        magento: Magento,
        resource: Resource,
        read: Callable[[Sequence[int]], Mapping[int, V]],
    ) -> None:
        self.found: Found[V] = Found()
        self._reader = reader
        self._magento = magento
        self._resource: Resource = resource
        self._ask = read

    def read_all(self, ids: Sequence[int]) -> None:
        at = 0
        while at < len(ids):
            size = self._reader.size(self._resource)
            part = ids[at : at + size]
            at += len(part)
            if self._read(part, tries=2) and len(part) == size:
                self._reader.note_full(self._resource)

    def _read(self, ids: Sequence[int], *, tries: int) -> bool:
        """Read these with one list, or by halves. Return whether one list was enough."""
        try:
            self.found.shown.update(self._ask(ids))
        except InvoiceSyncError as error:
            self._reader.require_answers(self._magento, self._resource, error)
            if tries > 1 and not (would_fail_again(error) and len(ids) > 1):  # once may be chance
                self._read(ids, tries=tries - 1)
            elif len(ids) > 1:
                self._read_halves(ids)
            else:
                shown = list(self.found.shown)[-1:]
                self._reader.require_another(self._magento, self._resource, ids[0], error, shown=shown)
                self.found.unreadable[ids[0]] = str(error)
            return False
        return True

    def _read_halves(self, ids: Sequence[int]) -> None:
        """Read each half. When nothing in them is unreadable, the list was too long for Magento."""
        unreadable = len(self.found.unreadable)
        half = len(ids) // 2
        for part in (ids[:half], ids[half:]):
            self._read(part, tries=2 if len(part) == 1 else 1)
        if len(self.found.unreadable) == unreadable:
            self._reader.shrink(self._resource, half)
