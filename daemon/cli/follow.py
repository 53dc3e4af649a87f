"""Hands work to the daemon that holds the state, and follows the work to its end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from daemon.cli.opening import open_asker
from daemon.clock import SystemClock
from daemon.errors import InvoiceSyncError
from daemon.settings import Configuration
from state.file.lock import is_locked
from state.kinds import RequestKind
from state.store import Store

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Followed:
    """A finished request: the state afterwards, and the failure of the request, if any."""

    store: Store
    failure: InvoiceSyncError | None


@contextmanager
def follow(
    configuration: Configuration, kind: RequestKind, *, named: Sequence[int] = (), others: Sequence[int] = ()
) -> Iterator[Followed]:
    """Leave the request and wait for its end. When the daemon ends first, the request waits for the next one."""
    with open_asker(configuration) as store:
        number = store.requests.leave(kind, SystemClock().now(), named=named, others=others)
        request = store.requests.get(number)
        while request is not None and request.finished_at is None:
            time.sleep(_LOOK_SECONDS)
            alive = is_locked(store.path)
            request = store.requests.get(number)
            if request is not None and request.finished_at is None and not alive:
                failure = InvoiceSyncError(
                    "the daemon ended before this request was done; the next daemon does it first",
                    hint="Start the daemon, or repeat the command to do it now.",
                )
                failure.exit_code = 75
                yield Followed(store, failure)
                return
        error = None
        if request is not None and request.error is not None:
            error = InvoiceSyncError(request.error)
            error.exit_code = request.exit_code or 1
        yield Followed(store, error)
