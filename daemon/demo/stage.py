"""Sets the stage of the demo: a shop and an org in this process, the daemon in its own, and views of all three."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from daemon.demo.books import Books, read_books
from daemon.demo.child import DaemonProcess, run_command
from daemon.demo.customers import Customers
from daemon.demo.failure import DemoFailed
from daemon.demo.folder import Folder
from daemon.demo.narration import Narration
from daemon.sandbox.comparison import Comparison, compare
from daemon.sandbox.faults import Faults, install
from daemon.sandbox.magento import http as magento
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.salesforce import http as salesforce
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.server import Server
from state.kinds import SyncStatus

T = TypeVar("T")
_LOOK_SECONDS = 0.1


class Stage:
    """The sides, the daemon and the narration, with the waits of every act."""

    def __init__(self, folder: Folder, narration: Narration) -> None:
        self.folder = folder
        self.narration = narration
        self.org = Org()
        self.customers = Customers(Shop())
        self.daemon = DaemonProcess(folder)
        keys = folder.secrets
        magento_app = magento.create_app(
            self.customers.shop,
            consumer_key=keys["magento_consumer_key"],
            consumer_secret=keys["magento_consumer_secret"],
            access_token=keys["magento_access_token"],
            access_token_secret=keys["magento_access_token_secret"],
        )
        salesforce_app = salesforce.create_app(
            self.org, client_id=keys["salesforce_client_id"], client_secret=keys["salesforce_client_secret"]
        )
        self.faults: dict[str, Faults] = {
            "magento": magento_app.extensions["sandbox"][0],
            "salesforce": install(salesforce_app)[0],
        }
        options: salesforce.Options = salesforce_app.extensions["salesforce"]
        self.expire_sessions = options.expire_sessions
        self.magento, self.salesforce = Server(magento_app), Server(salesforce_app)
        self._expected: dict[int, float | None] = {}

    def books(self) -> Books:
        """Return the books from the daemon's state."""
        return read_books(self.folder.state)

    def compared(self) -> Comparison:
        """Return the comparison of both sides."""
        return compare(self.customers.invoices(), self.org)

    def start_daemon(self) -> None:
        """Start the daemon and wait until its log says so."""
        mark = self.daemon.mark()
        self.narration.command("invoice-sync run")
        self.daemon.start()
        self.wait(lambda: self.daemon.said("daemon.started", since=mark), "the daemon says that it has started")
        self.narration.say("daemon", f"Process {self.daemon.pid}; it asks Magento every second.")

    def command(self, *words: str) -> None:
        """Run a person's command, and show its output."""
        self.narration.command(" ".join(("invoice-sync", *words)))
        self.narration.command_output(run_command(self.folder, *words))

    def edit(self, key: str, value: object) -> None:
        """Edit one of the flags in settings.yaml and wait until the daemon has read the file."""
        mark = self.daemon.mark()
        self.narration.edit(self.folder.edit("invoices", key, value))
        self.wait(lambda: self.daemon.said("settings.reloaded", since=mark), "the daemon reads its settings again")
        self.narration.say("daemon", "Has read its settings again, without a restart.")

    def expect(self, *entity_ids: int, timed: bool = True) -> None:
        """Expect these just changed invoices in Salesforce, and say their arrival."""
        self._expected.update(dict.fromkeys(entity_ids, time.monotonic() if timed else None))

    def pause(self, seconds: float) -> None:
        """Let a person read, in a quick show no time. Say each arrival meanwhile."""
        self.linger(seconds if self.narration.paced else 0)

    def linger(self, seconds: float) -> None:
        """Let this time pass at any pace. Say each arrival meanwhile."""
        until = time.monotonic() + seconds
        self._report()
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(_LOOK_SECONDS, left))
            self._report()

    def wait(self, come: Callable[[], T], what: str, *, seconds: float = 30) -> T:
        """Return the first true result of ``come``; raise DemoFailed after too long, or when the daemon ends."""
        until = time.monotonic() + seconds
        with self.narration.waiting(what):
            while not (found := come()):
                self.daemon.require_alive()
                if time.monotonic() > until:
                    raise DemoFailed(f"waited {seconds:.0f} s in vain until {what}")
                time.sleep(_LOOK_SECONDS)
        return found

    def wait_for_expected(self) -> None:
        """Wait for the arrival of all expected invoices."""

        def all_in() -> bool:
            self._report()
            return not self._expected

        self.wait(all_in, "all of it is in Salesforce")

    def wait_for_status(self, status: SyncStatus, *entity_ids: int) -> Books:
        """Wait until all of these invoices have this sync status."""

        def reached() -> Books | None:
            books = self.books()
            return books if all(books.status(entity_id) == status for entity_id in entity_ids) else None

        numbers = ", ".join(self.number(entity_id) for entity_id in entity_ids)
        books = self.wait(reached, f"{numbers} {'is' if len(entity_ids) == 1 else 'are'} {status}")
        assert books is not None
        return books

    def number(self, entity_id: int) -> str:
        """Return the invoice's number."""
        return str(self.customers.invoice(entity_id)["increment_id"])

    def _report(self) -> None:
        if not self._expected:
            return
        books = self.books()
        for entity_id, since in list(self._expected.items()):
            if books.shows(self.customers.invoice(entity_id)):
                del self._expected[entity_id]
                row, notes = books.rows[entity_id], books.notes_in(entity_id)
                text = f"{row.increment_id}  {row.salesforce_id}  {count(notes, 'note')}"
                took = "" if since is None else f", after {time.monotonic() - since:.1f} s"
                self.narration.say("Salesforce", text + took)


def count(number: int, noun: str) -> str:
    """Return ``1 note`` or ``2 notes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


@contextmanager
def set_up(folder: Folder, narration: Narration) -> Iterator[Stage]:
    """Yield a stage with both sides served; end the daemon before the sides."""
    stage = Stage(folder, narration)
    folder.furnish(magento=stage.magento.url, salesforce=stage.salesforce.url)
    with stage.magento, stage.salesforce:
        try:
            yield stage
        finally:
            stage.daemon.stop()
