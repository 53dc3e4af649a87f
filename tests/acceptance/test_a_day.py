"""A day of the daemon in a minute: 1,440 polls over HTTP, both sides failing now and then; what it holds stays flat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest
import requests

from daemon.sandbox.faults import drop, garble, hang, lost, reset, status, truncate
from daemon.sandbox.server import Server
from state.store import Store
from tests.acceptance.led import Led
from tests.acceptance.process import Processes
from tests.acceptance.test_console import free_port
from tests.canaries import leaks
from tests.days import world_of_days
from tests.notified import Notified
from tests.promises import assert_promises
from tests.world import World

DAY, QUARTER = 1_440, 360
KIB, MIB = 1_024, 1_048_576
WAL_PAGES = 1_000  # from so many on SQLite puts them into the state and begins its log anew
HTML = b"<html>maintenance</html>"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_of_days(tmp_path) as made:
        made.set("console.listen", f"127.0.0.1:{free_port()}")
        made.set("magento.timeout", "2s")
        made.set("salesforce.timeout", "2s")
        yield made
    assert not leaks(made)


@dataclass
class Day:
    """What happens to a shop, to an org and to the daemon between them, minute by minute; the same each time."""

    world: World
    led: Led
    chance: Random = field(default_factory=lambda: Random(1_440))
    happened: int = 0
    failures: int = 0
    broken: int = 0  # answers that make a page be asked for once more, at once
    closed: int = 0  # beats at which Magento's port was closed
    opens: dict[int, Server] = field(default_factory=dict)

    def pass_by(self, first: int, last: int) -> None:
        for minute in range(first, last):
            self._trade(minute)
            self._fail(minute)
            self._operate(minute)
            self.closed += self.world.magento_server in self.opens.values()
            self._beat()

    def rest(self, minutes: int) -> None:
        """Nothing fails and nothing happens any more."""
        self.world.magento_faults.clear()
        self.world.salesforce_faults.clear()
        assert not self.opens, "all ports are open again"
        for _ in range(minutes):
            self._beat()

    def _beat(self) -> None:
        self.world.clock.advance(minutes=1)
        self.led.beat()

    def _trade(self, minute: int) -> None:
        """Customers buy, comments are made, orders are paid."""
        shop, chance = self.world.shop, self.chance
        if minute == 0 or chance.random() < 0.1:
            self.world.invoice(comment=chance.choice([None, "thanks"]))
            self.happened += 1
        if chance.random() < 0.03:
            shop.add_comment(chance.choice(shop.invoices.ids), "said later")
            self.happened += 1
        if chance.random() < 0.03:
            shop.change_state(chance.choice(shop.invoices.ids), chance.choice([1, 2, 3]))
            self.happened += 1

    def _fail(self, minute: int) -> None:
        """A call fails on either side, in each of these ways; a session ends; a port is closed for some minutes."""
        world, chance = self.world, self.chance
        ways = [drop(), reset(), truncate(), status(500), status(503, HTML), status(429), garble(lambda _: HTML)]
        for faults, one_more in ((world.magento_faults, status(502)), (world.salesforce_faults, lost())):
            if chance.random() < 0.05:
                way = chance.choice([*ways, one_more])
                faults.add(way)
                self.failures += 1
                self.broken += faults is world.magento_faults
        if minute % QUARTER in {100, 200}:  # no answer in time
            (world.magento_faults if minute % QUARTER == 100 else world.salesforce_faults).add(hang(30))
            self.failures += 1
            self.broken += 2 * (minute % QUARTER == 100)  # and in smaller pages from then on
        if minute % 120 == 60:
            world.salesforce.expire_sessions()
        if minute % 180 == 150:
            server = world.magento_server if minute % QUARTER == 150 else world.salesforce_server
            server.stop()
            self.opens[minute + 4] = server
            self.failures += 1
        if minute in self.opens:
            self.opens.pop(minute).start()

    def _operate(self, minute: int) -> None:
        """Prometheus scrapes; an administrator edits settings.yaml, or asks for an invoice by hand."""
        world = self.world
        if minute % 15 == 1:
            for page in ("metrics", "healthz", "livez"):
                answer = requests.get(f"http://{world.values['console']['listen']}/{page}", timeout=10)
                assert answer.status_code == 200, f"{page}: {answer.text}"
        if minute % 90 == 45:
            world.set("magento.timeout", f"{2 + minute // 90 % 2}s")
        if minute % 120 == 30:
            with Store(world.state_path, lock=False, asks=True) as store:
                store.requests.leave("sync", world.clock.now(), named=[self.chance.choice(list(world.rows()))])
            self.happened += 1


@dataclass(frozen=True, slots=True)
class State:
    """How large the state is: the bytes of its pages, and of its log of writes."""

    pages: int
    log: int


def state_of(world: World) -> State:
    with Store(world.state_path, lock=False) as store:
        pages, free, size = (
            int(store.connection.database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
    return State((pages - free) * size, world.state_path.with_name("state.db-wal").stat().st_size)


@pytest.mark.timeout(300)
def test_a_day_of_polls_with_failures_loses_nothing_and_leaves_the_daemon_as_large_as_it_was(
    world: World, processes: Processes
) -> None:
    with closing(Notified(world.folder)) as notified:
        led = Led(world, processes, notified.environ(watchdog=120))
        day = Day(world, led)
        day.pass_by(0, QUARTER)
        first, first_state, happened = led.weigh(), state_of(world), day.happened + day.failures
        day.pass_by(QUARTER, DAY)
        last, last_state, happened = led.weigh(), state_of(world), day.happened + day.failures - happened
        polls, sweeps = asked(world, for_comments=False), asked(world, for_comments=True)
        day.rest(40)  # what was put off, by at most a quarter of an hour, is done
        rest_state = state_of(world)
        day.rest(40)
        quiet = led.weigh(), state_of(world)
        assert led.end() == 0
        told = notified.of("STATUS")
    world.events += led.running.events
    assert_promises(world)
    assert day.failures > 120

    # A poll asks once, and once more where Magento answers something else after a failure.
    assert led.beats == 1 + DAY + 80
    assert DAY - day.closed <= polls <= DAY - day.closed + day.broken
    assert sweeps <= 24 * 4 + 24 + 1 + day.failures
    assert any("next poll in 60 s" in text for text in told), told[-3:]

    for held in (last, quiet[0]):
        # Of the one connection to each side, a failure may have closed what was open when it was looked first.
        assert held.descriptors <= first.descriptors + 2, "no file or connection is left open"
        assert held.threads <= first.threads, "no thread is left"
        assert held.blocks < first.blocks + DAY - QUARTER, "not so much as one object a poll is kept"
        # SQLite's cache of pages grows with the state, to 2 MiB; the rest is room that Python's allocator keeps.
        assert held.resident <= first.resident + 4 * MIB
    # An invoice, a comment, a failure: each is a row or some, of at most a few hundred bytes with their indexes.
    assert last_state.pages <= first_state.pages + happened * KIB // 2
    assert quiet[1].pages == rest_state.pages, "a poll that finds nothing leaves nothing"
    for state in (first_state, last_state, quiet[1]):
        assert state.log <= (WAL_PAGES + 100) * (4_096 + 24) + 32, "and what one transaction writes"


def asked(world: World, *, for_comments: bool) -> int:
    """How many pages Magento was asked for by polls, or by the sweep."""
    calls: list[Any] = world.magento_calls.matching(method="GET", path=r"/invoices\?.*updated_at")
    return sum(("&fields=" in call.query) is for_comments for call in calls)
