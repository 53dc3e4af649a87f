"""Waits in the main thread for the signals that the daemon acts on."""

import select
import signal
import socket
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def block_signals() -> None:
    """Keep the signals for :class:`Signals`. Call this before any thread is started: threads inherit the mask."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


class Signals:
    """Waits in the main thread for one of the signals; other signals are ignored.

    ``signal.sigtimedwait`` is not used: when the process was stopped and continued (Ctrl-Z and ``fg``) and the timeout
    passed meanwhile, it returns whatever stood on the stack, which may be a signal's number.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._before = {number: signal.signal(number, _nothing) for number in SIGNALS}
        # The interpreter writes each signal's number there. Nothing is lost when the buffer is full of numbers.
        self._wakeup = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return self

    def __exit__(self, *_: object) -> None:
        block_signals()
        signal.set_wakeup_fd(self._wakeup)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def wait(self, seconds: float) -> signal.Signals | None:
        """Return the received signal, of several the first in ``SIGNALS``; None when none came within this time."""
        if not select.select([self._reader], [], [], seconds)[0]:
            return None
        received = self._reader.recv(4096)
        return next((number for number in SIGNALS if number in received), None)


def _nothing(*_: object) -> None:
    """Leave the process as it is: the number has been written already."""
