"""A shop, an org, both served on loopback, and a folder with settings: what a test of the whole begins with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import structlog
from ruamel.yaml import YAML

from daemon.redaction import Redaction
from daemon.sandbox.comparison import Comparison, compare
from daemon.sandbox.faults import install
from daemon.sandbox.magento import http as sandbox_magento
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.salesforce import http as sandbox_salesforce
from daemon.sandbox.salesforce.org import Org
from daemon.sandbox.server import Server
from daemon.settings import SettingsFile
from daemon.sync import Process, Tools, open_process
from daemon.sync.tally import Tally
from daemon.transport import Transport
from state.ledger import LedgerRow
from state.passes import Pass
from state.store import Store
from tests.keys import key_pair

SECRETS = {
    "magento_consumer_key": "k" * 32,
    "magento_consumer_secret": "consumer-secret-canary",
    "magento_access_token": "t" * 32,
    "magento_access_token_secret": "token-secret-canary",
    "salesforce_client_id": "client-id-canary",
    "salesforce_client_secret": "client-secret-canary",
}


class TestClock:
    """A clock that a test moves; it runs on by itself as little as a real one would."""

    __test__ = False

    def __init__(self, ahead: timedelta = timedelta(0)) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return (datetime.now(UTC) + self.ahead).timestamp()

    def advance(self, **parts: float) -> None:
        self.ahead += timedelta(**parts)


class Stop:
    """Nobody asks to stop, unless the test does."""

    def __init__(self) -> None:
        self.asked = False


def read_again(work: Process, entity_ids: list[int]) -> None:
    """Take in these invoices as Magento shows them now, as a pass does before it sends them."""
    work.passes.intake.take_again(Tally(Pass(1, "poll", work.tools.now()), work.tools.log), entity_ids)


class World:
    """A shop and an org with a daemon's settings between them."""

    def __init__(
        self, folder: Path, shop: Shop | None = None, org: Org | None = None, clock: TestClock | None = None
    ) -> None:
        self.folder = folder
        self.clock = clock or TestClock()
        self.shop = shop or Shop(clock=self.clock.now)
        self.org = org or Org()
        magento_app = sandbox_magento.create_app(
            self.shop,
            consumer_key=SECRETS["magento_consumer_key"],
            consumer_secret=SECRETS["magento_consumer_secret"],
            access_token=SECRETS["magento_access_token"],
            access_token_secret=SECRETS["magento_access_token_secret"],
        )
        salesforce_app = sandbox_salesforce.create_app(
            self.org, client_id=SECRETS["salesforce_client_id"], client_secret=SECRETS["salesforce_client_secret"]
        )
        self.magento: sandbox_magento.Magento = magento_app.extensions["magento"]
        self.salesforce: sandbox_salesforce.Options = salesforce_app.extensions["salesforce"]
        self.magento_faults, self.magento_calls = magento_app.extensions["sandbox"]
        self.salesforce_faults, self.salesforce_calls = install(salesforce_app)
        self.apps = {"magento": magento_app, "salesforce": salesforce_app}
        self.magento_server = Server(magento_app)
        self.salesforce_server = Server(salesforce_app)
        self.events: list[dict[str, Any]] = []
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.leaks_on_purpose = False  # a test of the test's own end
        self.module = "daemon"  # what commands run as
        self.settings_path = folder / "settings.yaml"
        self.state_path = folder / "state" / "state.db"
        self.values: dict[str, Any] = {
            "invoices": {},
            "magento": {"base_url": self.magento_server.url, "timeout": 5},
            "salesforce": {"login_url": self.salesforce_server.url, "timeout": 5},
            "schedule": {"poll_interval": "1s"},
            "state": {"path": str(self.state_path)},
            "console": {"listen": None},
        }
        (folder / "secrets").mkdir()
        for name, value in SECRETS.items():
            self.write_secret(name, value)
        self.write_settings()

    def start(self) -> World:
        self.magento_server.start()
        self.salesforce_server.start()
        return self

    def stop(self) -> None:
        self.magento_server.stop()
        self.salesforce_server.stop()

    def set(self, dotted: str, value: object) -> None:
        """Edit one key of settings.yaml."""
        node = self.values
        *parents, last = dotted.split(".")
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value
        self.write_settings()

    def write_secret(self, name: str, value: str) -> None:
        """Write one file of the folder secrets/."""
        secret = self.folder / "secrets" / name
        secret.write_text(value)
        secret.chmod(0o600)

    def sign_in_by_assertion(self) -> None:
        """Let the daemon sign in to the org by jwt_bearer, with a key whose public half the app knows."""
        private, public = key_pair()
        self.salesforce.public_key = public
        self.write_secret("salesforce_private_key", private)
        self.values["salesforce"]["auth"] = "jwt_bearer"
        self.set("salesforce.username", "integration@sandbox.example")

    def write_settings(self) -> None:
        fresh = self.settings_path.with_suffix(".new")
        with fresh.open("w") as file:
            YAML(typ="safe").dump(self.values, file)
        fresh.replace(self.settings_path)

    @contextmanager
    def work(self, *, seed: int = 1) -> Iterator[Process]:
        """The work of one process, in this one, with events kept and a clock that can be moved."""
        redaction = Redaction()
        log = structlog.wrap_logger(
            structlog.ReturnLogger(),
            processors=[structlog.processors.add_log_level, redaction, self._keep],
            wrapper_class=structlog.make_filtering_bound_logger(0),
        )
        with Store(self.state_path, lock=True, redact=redaction.clean) as store:
            tools = Tools(store, self.clock, Random(seed), Stop(), log)
            work = open_process(tools, SettingsFile(self.settings_path, {}), redaction, Transport())
            work.take_over()
            try:
                yield work
            finally:
                work.hand_over()

    def _keep(self, _logger: object, _method: str, event: Any) -> str:
        self.events.append(dict(event))
        raise structlog.DropEvent

    def run_once(self) -> None:
        """All that is due now."""
        from daemon.scheduler import run_once

        with self.work() as work:
            run_once(work)

    def command(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The real command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", self.module, *arguments, "--settings", str(self.settings_path)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **(environ or {})},
        )
        return self._kept(done)

    def command_under(self, limits: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The real command in a process that first takes something from itself: ``limits`` executes what follows it."""
        words = ["-m", self.module, *arguments, "--settings", str(self.settings_path)]
        done = subprocess.run(
            [sys.executable, "-c", limits, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            # Coverage, where it is measured, would miss what was taken too, and say so in the process's name.
            env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
        )
        return self._kept(done)

    def _kept(self, done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
        """What it wrote is looked through for canaries when the test ends."""
        self.stdout.append(done.stdout)
        self.stderr.append(done.stderr)
        return done

    def spawn(self, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """The same, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", self.module, *arguments, "--settings", str(self.settings_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environ or {})},
        )

    def rows(self) -> dict[int, LedgerRow]:
        """The ledger as it stands."""
        with Store(self.state_path, lock=False) as store:
            return {row.entity_id: row for row in store.ledger.newest()}

    def wire_invoices(self) -> list[dict[str, Any]]:
        """Every invoice as Magento shows it."""
        with self.shop.lock:
            return [dict(self.shop.invoices.row(entity_id)) for entity_id in self.shop.invoices.ids]

    def compared(self) -> Comparison:
        """Both sides side by side."""
        return compare(self.wire_invoices(), self.org)

    def invoice(self, **options: Any) -> int:
        """One order with one invoice."""
        order = self.shop.place_order(
            items=[("TEE-1", "T-shirt", 2, 19.99), ("MUG-1", "Mug", 1, 7.5)],
            customer=("Jane", "Doe", "jane.canary@example.com"),
        )
        return self.shop.submit_invoice(order["entity_id"], **options)

    def named(self, event: str) -> list[dict[str, Any]]:
        """The events of this name so far."""
        return [found for found in self.events if found["event"] == event]
