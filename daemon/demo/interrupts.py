"""Lets signals end the demo in order at any time."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the block like Ctrl-C; ignored signals stay ignored."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _heeded():
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Delay signals until the end of the block: a process started but not yet recorded would never be ended."""
    received: list[int] = []
    before = {number: signal.signal(number, lambda *_: received.append(1)) for number in _heeded()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        _interrupt()


def ignore() -> None:
    """Ignore further signals: a second Ctrl-C must not cut the clean-up off."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    ignore()
    raise KeyboardInterrupt


def _heeded() -> list[signal.Signals]:
    return [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
