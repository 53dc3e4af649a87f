"""Hands work to the process that holds the state, and follows it to its end."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.errors import InvoiceSyncError

if TYPE_CHECKING:
    from daemon.settings import SettingsFile
    from state.store import Store

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Followed:
    """The request is finished: the state as it is now, and what kept it from being done, if anything."""

    store: "Store"
    failure: InvoiceSyncError | None


@contextmanager
def follow(
    settings_file: "SettingsFile", kind: str, *, named: Sequence[int] = (), others: Sequence[int] = ()
) -> Iterator[Followed]:
    """Leave the request and wait for its end. When the process ends first, the request stays and is said to wait."""
    from daemon.cli.assemble import open_asker
    from daemon.clock import SystemClock
    from state.file.lock import is_locked

    with open_asker(settings_file.current) as store:
        number = store.requests.leave(kind, SystemClock().now(), named=named, others=others)
        request = store.requests.get(number)
        while request is not None and request.finished_at is None:
            time.sleep(_LOOK_SECONDS)
            alive = is_locked(store.path)
            request = store.requests.get(number)
            if request is not None and request.finished_at is None and not alive:
                failure = InvoiceSyncError(
                    "the daemon ended before this request was done; it is done first when the daemon runs again",
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
