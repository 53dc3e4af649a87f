"""One process after another on one state: each lives until it is killed, stopped, or the run is over."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from daemon.redaction import Redaction
from daemon.scheduler import Beat, StopRequest
from daemon.sync import Process, Tools, open_process
from state.errors import StateError
from state.store import Store
from tests.property.simulation.clock import Clock
from tests.property.simulation.network import Network
from tests.property.simulation.settings import EditedSettings
from tests.property.simulation.side_files import left_as_they_are, side_files
from tests.property.simulation.steps import Commits, Died, Steps, loses_commits
from tests.property.simulation.wire import InProcessTransport
from tests.property.simulation.witness import Broken

WARNING = 30


class Life:
    """Starts the daemon, lets it beat, and starts it again when it has died."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        steps: Steps,
        random: Random,
        network: Network,
        settings: EditedSettings,
        look: Callable[[Store], None],
    ) -> None:
        self.path = path
        self.store: Store | None = None
        self.stop = StopRequest()
        self._redaction = Redaction()
        self._clock = clock
        self._steps = steps
        self._random = random
        self._network = network
        self._settings = settings
        self._look = look
        self._beat: Beat | None = None
        self._work: Process | None = None
        self._kept: bytes | None = None
        # Whether somebody removes the state, but not the files next to it, after this death.
        self.is_removed: Callable[[], bool] = lambda: False

    @property
    def work(self) -> Process:
        """What the process that lives works with."""
        if self._work is None:
            self._begin()
        assert self._work is not None
        return self._work

    def beat(self) -> bool:
        """One poll with all that is due; False when the process died in it, or was stopped by it."""
        try:
            work = self.work
            assert self._beat is not None
            assert self.store is not None
            self._beat.poll()
        except Died:
            self._die()
            self._clock.advance(self._random.choice((5, 30, 300)))
            return False
        self._look(self.store)
        if self.stop.asked:
            self.restart()
            return False
        return work is self._work

    def restart(self) -> None:
        """Stop cleanly; the next beat is another process's."""
        if self._work is not None:
            try:
                self._work.hand_over()
            except Died:
                self._die()
            self._end()

    def restart_without_state(self) -> bool:
        """Stop cleanly while another process reads, and lose state.db but not what it keeps open next to it."""
        if self._work is None or self.store is None:
            return False
        with left_as_they_are(self.path):
            self.restart()
        self.path.unlink()
        return True

    def by_others(self) -> AbstractContextManager[None]:
        """Another process writes to the state."""
        return self._steps.by_others()

    def close(self) -> None:
        """The run is over."""
        self._end()

    def _begin(self) -> None:
        self._settings.reload()  # a new process reads them as they stand
        self.stop = StopRequest()
        self._redaction = Redaction()
        commits = Commits(self._steps)
        self.store = self._open(commits)
        self._kept = None
        if loses_commits(self.store):
            self._kept = self._copy()
        commits.watch(self.store)
        tools = Tools(self.store, self._clock, Random(self._random.random()), self.stop, self._log())
        self._work = open_process(tools, self._settings, self._redaction, InProcessTransport(self._network))
        self._work.take_over()
        self._beat = Beat(self._work, self.stop)

    def _open(self, commits: Commits) -> Store:
        """Open the state. One whose file is not there is a new one, whatever was left next to it."""
        is_new, left = not self.path.exists(), side_files(self.path)
        if is_new and not left:
            self.path.write_bytes(_new_state())
        try:
            store = Store(self.path, lock=True, redact=self._redaction.clean, observer=commits)
        except StateError as error:
            raise Broken("L1", f"no process can begin on its state: {error}") from error
        if is_new and store.ledger.newest():
            raise Broken("I13", "a state that was removed is there again")
        return store

    def _die(self) -> None:
        if self.store is None:
            return
        with left_as_they_are(self.path):  # nobody takes the log in when a process is killed
            self._end()
        self._lose_what_was_not_synced()
        if self.is_removed():
            self.path.unlink()

    def _end(self) -> None:
        """As a kill leaves it: the connection goes, and with it what was not committed."""
        if self.store is not None:
            self.store.close()
        self.store = self._work = self._beat = None

    def _copy(self) -> bytes:
        copy = sqlite3.connect(":memory:")
        assert self.store is not None
        self.store.connection.database.conn.backup(copy)
        return copy.serialize()

    def _lose_what_was_not_synced(self) -> None:
        """The machine went down with the process: a state that does not sync its commits is an old one now."""
        if self._kept is not None:
            for leftover in self.path.parent.glob(f"{self.path.name}*"):
                leftover.unlink()
            self.path.write_bytes(self._kept)

    def _log(self) -> Any:
        return structlog.wrap_logger(
            structlog.ReturnLogger(),
            processors=[_listen],
            wrapper_class=structlog.make_filtering_bound_logger(WARNING),
        )


@cache
def _new_state() -> bytes:
    """A state as it is made where there is none, which takes longer than many a poll."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        Store(path, lock=True).close()
        return path.read_bytes()


def _listen(_logger: object, _method: str, event: Any) -> str:
    """A pass that ends by an error nobody foresaw is a defect, though the daemon would go on."""
    if event["event"] == "pass.failed" and "unexpected" in str(event.get("error")):
        raise Broken("L1", f"a pass ended by {event['error']}")
    raise structlog.DropEvent
