"""Runs the ordinary command line in a process tied to its parent: it ends when the parent is gone for any reason.

``python -m daemon.demo.tied run``: stdin is a pipe whose other end the demo holds and never writes to. When it
closes, the demo has ended, or was killed; then this process asks itself to end, as systemd would.
"""

import os
import signal
import threading
import time

from daemon.cli import main
from daemon.demo.failpoints import armed

_END_SECONDS = 10


def tie() -> None:
    """Watch the pipe from a thread of its own, with all signals left to the other threads."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    threading.Thread(target=_watch, name="tied", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)  # it did not end in order, and no other process is left to end it


if __name__ == "__main__":
    tie()
    main(observer=armed())
