"""Remembers how many records each kind of list may hold so that Magento answers it in time, over restarts too."""

import json
from collections import Counter

from state.facts import Facts

LARGEST = 300
_FACT = "page_sizes"
# A list that was too much once is tried larger after so many full ones: it then costs one call in twenty, not in two.
_FULL_BEFORE_LARGER = 20


class PageSizes:
    """The sizes by kind of list: a scan's kind, ``ids`` or ``orders``. Each begins with the largest.

    ``limit``: the largest page that the shop allows, once it has said so.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._sizes = _sizes_of(facts.get(_FACT))
        self._full: Counter[str] = Counter()
        self.limit = LARGEST

    def of(self, kind: str) -> int:
        """Return how many records the next list of this kind asks for."""
        return min(self._sizes.get(kind, LARGEST), self.limit)

    def halve(self, kind: str, size: int) -> None:
        """Ask for half of what was too much."""
        self.set(kind, max(1, size // 2))

    def set(self, kind: str, size: int) -> None:
        """Ask for so many from now on."""
        self._full[kind] = 0
        if self.of(kind) != size:
            self._keep(kind, size)

    def note_full(self, kind: str) -> None:
        """A list with as many records as were asked for was read; one that was not full tells nothing of the size."""
        if kind in self._sizes:
            self._full[kind] += 1
            if self._full[kind] >= _FULL_BEFORE_LARGER:
                self.set(kind, self._sizes[kind] * 2)

    def _keep(self, kind: str, size: int) -> None:
        self._sizes[kind] = size
        if size >= LARGEST:
            del self._sizes[kind]
        self._facts.learn(_FACT, json.dumps(self._sizes))


def _sizes_of(text: str | None) -> dict[str, int]:
    """Return the sizes that were kept; what cannot be read is learnt again."""
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    pairs = kept.items() if isinstance(kept, dict) else ()
    return {kind: size for kind, size in pairs if isinstance(size, int) and 1 <= size < LARGEST}
