"""``python -m tests.system.sides FOLDER``: a shop and an org inside the machine, told what to do line by line.

Each line on stdin is a word with its arguments, as JSON; its answer is a line on stdout.
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from daemon.sandbox.faults import Fault
from daemon.sandbox.faults.answers import ask
from daemon.sandbox.wire import pause
from tests.world import SECRETS, World


class Sides:
    """The words."""

    def __init__(self, folder: Path) -> None:
        self._world = World(folder)
        self._slow = threading.Event()

    def start(self) -> dict[str, Any]:
        """Listen, and say where and which secrets are taken."""
        self._world.start()
        return {
            "magento": self._world.magento_server.url,
            "salesforce": self._world.salesforce_server.url,
            "secrets": SECRETS,
        }

    def stop(self) -> None:
        self._world.stop()

    def invoice(self) -> str:
        """A new invoice with a comment; its number."""
        entity_id = self._world.invoice(comment="for jane.canary@example.com")
        return str(self._world.shop.invoices.row(entity_id)["increment_id"])

    def once_each(self) -> bool:
        """Whether Salesforce has just what Magento shows, each invoice and note created once."""
        shown, created = len(self._world.wire_invoices()), self._world.org.created
        once = created["Magento_Invoice__c"] == created["ContentNote"] == shown
        return once and self._world.compared().equal

    def slow(self, seconds: float) -> None:
        """The next call that writes takes so long."""
        self._slow.clear()

        def answer(app: Any, environ: Any) -> Any:
            self._slow.set()
            pause(environ, seconds)
            return ask(app, environ)

        self._world.salesforce_faults.add(Fault("slow", answer), path="composite/graph", times=1)

    def is_slow(self) -> bool:
        """Whether that call is under way, or was."""
        return self._slow.is_set()


def main() -> None:
    sides = Sides(Path(sys.argv[1]))
    for line in sys.stdin:
        word, *arguments = json.loads(line)
        print(json.dumps(getattr(sides, word)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
