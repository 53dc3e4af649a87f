"""Lets days pass in seconds: a clock that stands still between two calls, and calls of a real shop's duration."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault
from daemon.sandbox.faults.answers import ask
from daemon.scheduler import Beat, StopRequest
from daemon.sync import Process
from state.store import Store
from tests.world import TestClock, World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

# Seconds measured on a real Magento: of a list, of each invoice in it, of an order.
_CALL, _INVOICE, _ORDER = 0.035, 0.0016, 0.012
_SESSION = timedelta(hours=2)  # a real one; the sandbox counts real seconds


class StillClock(TestClock):
    """Time that only tests and calls let pass."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__()
        self._start = (start or datetime.now(UTC)).replace(microsecond=0)

    def now(self) -> datetime:
        return self._start + self.ahead

    def monotonic(self) -> float:
        return self.now().timestamp()


@dataclass(frozen=True, slots=True)
class Asked:
    """One call to Magento: its time, its purpose (poll, backfill, sweep, ids, orders), its number of rows.

    ``band``: the reach of a sweep's round (day, week, watch).
    """

    at: datetime
    purpose: str
    rows: int
    band: str | None = None


@dataclass
class Days:
    """A world whose daemon polls on time; a row takes ``slower`` times the measured time."""

    world: World
    work: Process
    slower: float = 1.0
    asked: list[Asked] = field(default_factory=list)
    polls: int = 0
    tried: list[datetime] = field(default_factory=list)  # metered calls to Salesforce, also those refused
    meanwhile: Callable[[], object] = lambda: None  # what happens in the world at every tick
    tick: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        self._stop = StopRequest()
        self._beat = Beat(self.work, self._stop)
        self.began = self._due = self.now
        self._ticked = self.now
        self._session_began = self.now
        self.world.magento_faults.add(Fault("takes a real one's time", self._answer), times=None)
        self.world.salesforce_faults.add(Fault("is noted", self._answer_salesforce), path="/services/data", times=None)

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    def pass_by(self, **parts: float) -> None:
        """Poll on time for so long."""
        self.pass_until(self.now + timedelta(**parts))

    def pass_until(self, until: datetime) -> None:
        """Poll on time until this instant."""
        while self._due <= until:
            self._spend(self._due - self.now)
            self._beat.once()
            self.polls += 1
            assert self._beat.ended_by is None, self._beat.ended_by
            assert self.work.polled_at is not None
            interval = self.work.settings.schedule.poll_interval  # a poll may have taken up another
            self._due = max(datetime.fromtimestamp(self.work.polled_at, UTC) + interval, self.now)
        self._spend(until - self.now)

    def sleep(self, **parts: float) -> None:
        """Let the process stand still while the world goes on; at its end a poll is long due."""
        self._spend(timedelta(**parts))
        self._due = max(self._due, self.now)

    def _spend(self, time: timedelta) -> None:
        """Let time pass, with the events of ``meanwhile``."""
        until = self.now + time
        while self._ticked + self.tick <= until:
            self._ticked += self.tick
            self.world.clock.ahead += max(self._ticked - self.now, timedelta(0))
            self.meanwhile()
            if self.now - self._session_began >= _SESSION:
                self._session_began = self.now
                self.world.salesforce.expire_sessions()
        if self.now < until:
            self.world.clock.ahead += until - self.now

    def calls(self, since: datetime) -> Counter[str]:
        """Return the number of calls to Magento for each purpose since this instant."""
        return Counter(call.purpose for call in self.asked if call.at >= since)

    def rows(self, since: datetime) -> Counter[str]:
        """Return the number of rows in calls of each purpose since this instant."""
        found: Counter[str] = Counter()
        for call in self.asked:
            if call.at >= since:
                found[call.purpose] += call.rows
        return found

    def longest_between_polls(self, since: datetime, until: datetime) -> timedelta:
        """Return the longest time without a poll of Magento."""
        return max(self.between_polls(since, until))

    def between_polls(self, since: datetime, until: datetime) -> list[timedelta]:
        """Return the times between two polls of Magento."""
        times = [call.at for call in self.asked if call.purpose == "poll" and since <= call.at <= until]
        return [later - earlier for earlier, later in pairwise([since, *times, until])]

    def _answer(self, app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        at, purpose = self.now, _purpose_of(environ)
        response = ask(app, environ)
        rows = _rows_of(response)
        self.asked.append(Asked(at, purpose, rows, _band_of(environ, at) if purpose == "sweep" else None))
        each = _ORDER if purpose == "orders" else _INVOICE
        self._spend(timedelta(seconds=_CALL + rows * each * self.slower))
        return response

    def _answer_salesforce(self, app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        self.tried.append(self.now)
        return ask(app, environ)


def _rows_of(response: Response) -> int:
    try:
        body: Any = json.loads(response.get_data())
    except ValueError:
        return 0
    return len(body.get("items") or []) if isinstance(body, dict) else 0


def _purpose_of(environ: WSGIEnvironment) -> str:
    query = parse_qs(environ.get("QUERY_STRING", ""))
    if environ["PATH_INFO"].endswith("/orders"):
        return "orders"
    if "comments" in "".join(query.get("fields", [])):
        return "sweep"
    if "in" in {
        value for name, values in query.items() if unquote(name).endswith("[condition_type]") for value in values
    }:
        return "ids"
    return "poll" if "updated_at" in {value for values in query.values() for value in values} else "backfill"


def _band_of(environ: WSGIEnvironment, at: datetime) -> str:
    since = parse_qs(environ["QUERY_STRING"])["searchCriteria[filter_groups][0][filters][0][value]"][0]
    reach = at - datetime.strptime(since, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return "day" if reach < timedelta(days=4) else "week" if reach < timedelta(days=14) else "watch"


@contextmanager
def world_of_days(folder: Path, start: datetime | None = None) -> Iterator[World]:
    """Make a world whose clock stands still, polled every minute."""
    world = World(folder, clock=StillClock(start)).start()
    try:
        world.set("schedule.poll_interval", "60s")
        yield world
    finally:
        world.stop()


def delays(world: World, comments: Iterable[int]) -> list[timedelta]:
    """Return the time of each of these comments from Magento to Salesforce; the maximum for a missing one."""
    written = {
        comment["entity_id"]: datetime.strptime(comment["created_at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        for shown in world.wire_invoices()
        for comment in shown["comments"]
    }
    with Store(world.state_path, lock=False) as store:
        known = store.notes.known(comments)
    return [
        timedelta.max
        if (row := known.get(comment)) is None or row.synced_at is None
        else row.synced_at - written[comment]
        for comment in comments
    ]
