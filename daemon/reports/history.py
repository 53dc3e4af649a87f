"""Reports past passes with their books."""

from state.passes import Pass
from state.store import Store


def past_passes(store: Store, limit: int) -> tuple[Pass, ...]:
    """Return the newest finished passes, newest first."""
    return tuple(store.passes.newest(limit))
