"""How signals end the demo: in order, whenever they come."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the block as Ctrl-C does; signals that are ignored stay so."""
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
    """Let the block end first: a process that was started and not yet noted would never be ended."""
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
    """The clean-up takes a moment, and is not to be cut off by a second Ctrl-C."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(*_: object) -> None:
    ignore()
    raise KeyboardInterrupt


def _heeded() -> list[signal.Signals]:
    return [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
