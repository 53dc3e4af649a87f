"""Faults that let a side kill its calling process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault
from daemon.sandbox.faults.answers import ask, compress
from tests.acceptance.process import Running

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment


def killing_after_the_answer(process: Running) -> Fault:
    """Let Salesforce or Magento answer in full, and kill the process while it reads the answer."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        whole = compress(ask(app, environ), environ)
        body = whole.get_data()

        def last_words() -> Iterator[bytes]:
            yield body
            os.kill(process.pid, signal.SIGKILL)

        whole.response = last_words()
        whole.headers["Content-Length"] = str(len(body))
        return whole

    return Fault("kill after the answer", answer)


def killing_before_the_answer(process: Running) -> Fault:
    """Carry the call out, and kill the process before the answer."""

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        os.kill(process.pid, signal.SIGKILL)
        return response

    return Fault("kill before the answer", answer)
