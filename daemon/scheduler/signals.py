"""Which signals the daemon acts on, and how its main thread waits for one."""

import select
import signal
import socket
from typing import Self

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def block_signals() -> None:
    """Keep the signals for :class:`Signals`. Call it before any thread is started: threads inherit it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


class Signals:
    """Waits in the main thread for one of the signals; any other number is nothing.

    ``signal.sigtimedwait`` is not used: when the process was stopped and continued (Ctrl-Z and ``fg``) and its time-out
    passed meanwhile, it returns whatever stood on the stack, a signal's number among it.
    """

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._before = {number: signal.signal(number, _nothing) for number in SIGNALS}
        # The interpreter writes each signal's number there. A buffer full of them needs no further one.
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
        """Return what was received, the first of ``SIGNALS`` of several; None when nothing was within this time."""
        if not select.select([self._reader], [], [], seconds)[0]:
            return None
        received = self._reader.recv(4096)
        return next((number for number in SIGNALS if number in received), None)


def _nothing(*_: object) -> None:
    """Leave the process as it is: the number has been written already."""
