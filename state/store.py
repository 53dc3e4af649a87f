"""Opens the state file, locks it, migrates it: the one door to the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Self

from sqlite_utils.db import Database

from state.attempts import Attempts
from state.checkpoints import Checkpoints
from state.errors import StateError, StateOlderError, StateReplacedError
from state.facts import Facts
from state.file.backup import copy_beside, copy_elsewhere, exists, is_beside
from state.file.lock import release_lock, take_lock, tell_in_use, write_generation
from state.file.opening import has_log, identity, open_to_read, open_to_work
from state.generation import Generation
from state.ledger import Ledger
from state.migrations import migrations
from state.notes import Notes
from state.observer import StateObserver
from state.passes import Passes
from state.requests import Requests
from state.rows import text_of, transaction
from state.scans import Scans
from state.sides import Sides
from state.unanswered import Unanswered


class Store:
    """One connection to the state.

    It may be handed to another thread, but only one works with it at a time.

    With ``lock=True`` it is the one process that works on this state, for as long as it is open; the lock is a
    file beside the state, taken before the schema is touched. Without, it reads; with ``asks`` it leaves requests too.
    ``redact`` takes out of a text what must not be kept; whoever writes what a side has said hands it in.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock: bool,
        asks: bool = False,
        redact: Callable[[str], str] = str,
        observer: StateObserver | None = None,
    ) -> None:
        self.path = path
        self._observer = observer or StateObserver()
        self._lock: int | None = None
        if lock:
            self._open_to_work()
        else:
            self._open_to_read(asks=asks)
        self.redact = redact
        self.facts = Facts(self)
        self.checkpoints = Checkpoints(self)
        self.scans = Scans(self)
        self.ledger = Ledger(self)
        self.notes = Notes(self)
        self.passes = Passes(self)
        self.attempts = Attempts(self)
        self.requests = Requests(self)
        self.sides = Sides(self)
        self.unanswered = Unanswered(self)
        self.generation = Generation(self, self._lock)

    @property
    def db(self) -> Database:
        """The connection, for the table modules beside this one and nobody else."""
        return self._db

    def require_in_place(self) -> None:
        """StateReplacedError when the file was removed or replaced: what is remembered would be lost with us."""
        if identity(self.path) != self._identity:
            raise StateReplacedError(
                f"the state at {self.path} was removed or replaced while this process worked on it",
                path=self.path,
                hint="Nothing more is sent. Start invoice-sync again: with no state it reads everything anew, and "
                "nothing is doubled in Salesforce.",
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction: all of the block is remembered, or none of it. Blocks nest.

        BEGIN IMMEDIATE, because a deferred BEGIN that reads first and writes later fails at once (without
        waiting) when another process has written in between.
        """
        if self._db.conn.in_transaction:
            yield
            return
        self._observer.transaction_begins(self._db.conn)
        with transaction(self._db):
            yield
            self._observer.transaction_commits()
        self._observer.transaction_committed()

    def backup(self, target: Path) -> None:
        """Write a consistent copy to ``target``, which must not exist; also while another process writes."""
        if exists(target):
            raise StateError(f"{target} exists already", path=target, hint="Name a file that is not there yet.")
        self._copy_to(target)

    def clear(self, now: datetime) -> None:
        """Forget everything but the past passes' numbers and the doubt, so that all is looked at again."""
        with self.writing():
            doubted = self.unanswered.latest_until(now)
            for table in ("checkpoints", "scans", "ledger", "notes", "attempts", "sides"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  (names from the line above)
            self.facts.clear()
            self.unanswered.keep_until(doubted)

    def shorten_waits(
        self, now: datetime, *, pending: datetime, failed: datetime, again: datetime, side: datetime
    ) -> None:
        """Let nothing wait beyond these: what is owed, has failed, or may still commit; and a side's next try.

        What was dismissed because it cannot be read has a next try like what has failed.
        """
        with self.writing():
            for table in ("ledger", "notes"):
                self._db.conn.execute(
                    f"UPDATE {table} SET next_attempt_at = min(next_attempt_at, "  # noqa: S608  (names from above)
                    "CASE sync_status WHEN 'pending' THEN :pending ELSE :failed END) WHERE next_attempt_at > :pending",
                    {"failed": text_of(failed), "pending": text_of(pending)},
                )
                again_at = {"at": text_of(again)}
                self._db.conn.execute(f"UPDATE {table} SET again_at = :at WHERE again_at > :at", again_at)  # noqa: S608
                since = {"now": text_of(now)}
                self._db.conn.execute(f"UPDATE {table} SET waiting_since = :now WHERE waiting_since > :now", since)  # noqa: S608
            self._db.conn.execute("UPDATE sides SET next_try_at = :at WHERE next_try_at > :at", {"at": text_of(side)})

    def forget_reading(self) -> None:
        """Forget how far Magento was read: all of it is read again, and only differences are sent."""
        with self.writing():
            self._db.execute("DELETE FROM checkpoints")
            self._db.execute("DELETE FROM scans")
            self.facts.forget("window")

    def forget_invoices(self, entity_ids: list[int], now: datetime) -> None:
        """Forget what is known of these invoices' content and notes: they are sent again, as by hand."""
        with self.writing():
            self.unanswered.keep_until(self.unanswered.latest_until(now, entity_ids))
            self.ledger.write(
                replace(
                    row,
                    digest="",
                    fingerprint=None,
                    sync_status="pending",
                    reason=None,
                    corrupt=False,  # or no list and no batch would have it any more
                    asked=True,
                    named=True,
                    attempts=0,
                    next_attempt_at=None,
                    waiting_since=None,
                )
                for row in self.ledger.known(entity_ids).values()
            )
            self.notes.forget(entity_ids)

    def close(self) -> None:
        """Close the connection and let go of the lock."""
        self._db.close()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_to_work(self) -> None:
        taken = take_lock(self.path)
        self._lock = taken.handle
        try:
            # A killed process leaves a log. Without it the state is an older one, and nothing in it says so.
            if taken.left_by_killed and not has_log(self.path):
                write_generation(taken.handle, token_hex(8))
            self._db, self._identity = open_to_work(self.path, self._observer)
            tell_in_use(taken.handle, *self._identity)
            try:
                self._migrate()
            except BaseException:
                self._db.close()
                raise
        except BaseException:
            self._release()
            raise

    def _open_to_read(self, *, asks: bool) -> None:
        self._db, self._identity = open_to_read(self.path, asks=asks)
        if migrations.pending(self._db):
            self._db.close()
            raise StateOlderError(
                f"the state at {self.path} was written by an older version",
                path=self.path,
                hint="Run `invoice-sync run` to bring it up to date: it keeps a copy.",
            )

    def _release(self) -> None:
        if self._lock is not None:
            release_lock(self._lock)
            self._lock = None

    def _copy_to(self, target: Path) -> None:
        if is_beside(target, self.path):
            copy_beside(self._db, self.path, target)
        else:
            copy_elsewhere(self._db, self.path, target)
        self._observer.copy_made()

    def _migrate(self) -> None:
        waiting = migrations.pending(self._db)
        if not waiting:
            return
        # A copy that is there already is of an upgrade that was cut off: what it was to keep is still here.
        self._copy_to(self.path.with_name(f"{self.path.name}.before-{waiting[0].name}.bak"))
        with self.writing():
            migrations.apply(self._db)
            self._observer.schema_made()
