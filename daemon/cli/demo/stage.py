"""The demo's stage: a folder with settings, two sandboxes in this process, and the real daemon in its own."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from ruamel.yaml import YAML

from daemon.errors import InvoiceSyncError
from daemon.sandbox import magento, salesforce
from daemon.sandbox.comparison import Comparison, compare
from daemon.sandbox.org import Org
from daemon.sandbox.server import Server
from daemon.sandbox.shop import Shop
from state.errors import StateError
from state.ledger import LedgerRow
from state.store import Store

_SETTINGS = """\
invoices:
  enable_synchronization: true            # false: nothing is sent to Salesforce
  enable_automatic_synchronization: true  # false: only `invoice-sync sync` sends
  synchronize_notes: true                 # invoice comments become notes in Salesforce

schedule:
  poll_interval: 1s

magento:
  base_url: {magento}
  admin_url: {magento}/admin

salesforce:
  login_url: {salesforce}

state:
  path: {state}
"""
_SECRETS = (
    "magento_consumer_key", "magento_consumer_secret", "magento_access_token", "magento_access_token_secret",
    "salesforce_client_id", "salesforce_client_secret",
)  # fmt: skip
_PATIENCE = 30.0


class ShowStopped(InvoiceSyncError):  # noqa: N818
    """Something that the demo waited for did not come."""


class Stage:
    """Everything that the demo needs; all of it is gone when the block ends, however it ends."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self.folder = Path(tempfile.mkdtemp(prefix="invoice-sync-demo-"))
        self.settings = self.folder / "settings.yaml"
        self._state = self.folder / "state.db"
        self._log = self.folder / "daemon.log"
        self._daemon: subprocess.Popen[bytes] | None = None
        self._reloads = 0
        self.shop, self.org = Shop(), Org(name="Demo")
        keys = {name: secrets.token_hex(16) for name in _SECRETS}
        shop = magento.create_app(
            self.shop,
            consumer_key=keys["magento_consumer_key"],
            consumer_secret=keys["magento_consumer_secret"],
            access_token=keys["magento_access_token"],
            access_token_secret=keys["magento_access_token_secret"],
        )
        org = salesforce.create_app(
            self.org, client_id=keys["salesforce_client_id"], client_secret=keys["salesforce_client_secret"]
        )
        self._magento, self._salesforce = Server(shop), Server(org)
        self._write_files(keys)

    def _write_files(self, keys: dict[str, str]) -> None:
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700)
        for name, key in keys.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(key)
        self.settings.write_text(
            _SETTINGS.format(magento=self._magento.url, salesforce=self._salesforce.url, state=self._state)
        )

    def __enter__(self) -> Self:
        self._magento.start()
        self._salesforce.start()
        self.start_daemon()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_daemon()
        self._magento.stop()
        self._salesforce.stop()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start_daemon(self) -> None:
        """``invoice-sync run`` in a process of its own, which a Ctrl-C in this terminal does not reach."""
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(  # noqa: S603  (our own command)
                [sys.executable, "-m", "daemon", "run", "--settings", str(self.settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )

    def stop_daemon(self) -> None:
        """SIGTERM, and SIGKILL if that were not enough."""
        if self._daemon is None:
            return
        self._daemon.terminate()
        try:
            self._daemon.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._daemon = None

    def command(self, *arguments: str) -> str:
        """Run the real command and return what it said; ShowStopped when it fails."""
        done = subprocess.run(  # noqa: S603  (our own command)
            [sys.executable, "-m", "daemon", *arguments, "--settings", str(self.settings)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=_environment(),
        )
        if done.returncode != 0:
            raise ShowStopped(f"invoice-sync {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def edit(self, section: str, key: str, value: bool) -> str:
        """Edit one line of settings.yaml, keeping its comments; returns the line as it is now."""
        yaml = YAML(typ="rt")
        document = yaml.load(self.settings)
        document[section][key] = value
        fresh = self.settings.with_suffix(".new")
        yaml.dump(document, fresh)
        fresh.replace(self.settings)
        return next(line for line in self.settings.read_text().splitlines() if key in line)

    def saw_reload(self) -> bool:
        """Whether the daemon has said, since this was last asked and true, that it took up an edit."""
        count = self._log.read_text(errors="replace").count("settings.reloaded")
        fresh, self._reloads = count > self._reloads, max(count, self._reloads)
        return fresh

    def rows(self) -> dict[int, LedgerRow]:
        """The ledger as it stands; empty while there is none."""
        try:
            with Store(self._state, lock=False) as store:
                return {row.entity_id: row for row in store.ledger.newest()}
        except StateError:
            return {}

    def wait_for(self, what: str, true: Callable[[], object]) -> None:
        """Wait until it is true; ShowStopped with the daemon's last lines when it does not become so."""
        until = time.monotonic() + _PATIENCE
        while not true():
            ended = self._daemon is not None and self._daemon.poll() is not None
            if ended or time.monotonic() > until:
                tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-10:])
                raise ShowStopped(f"the demo waited in vain for {what}; the daemon's last lines:\n{tail}")
            time.sleep(0.05)

    def compared(self) -> Comparison:
        """Both sides, side by side."""
        with self.shop.lock:
            return compare([dict(self.shop.invoices.row(key)) for key in self.shop.invoices.ids], self.org)

    def notes_of(self, row: LedgerRow) -> int:
        """How many notes hang on the invoice in Salesforce."""
        return len(self.org.notes_of(row.salesforce_id)) if row.salesforce_id else 0

    def show_grid(self) -> None:
        """The invoice grid, as ``invoice-sync invoices`` shows it."""
        from daemon.cli.invoices import show

        with Store(self._state, lock=False) as store:
            show(store, store.ledger.newest(limit=20))


def _environment() -> dict[str, str]:
    """Without settings or secrets of a real installation."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INVOICE_SYNC")}
