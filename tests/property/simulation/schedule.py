"""One seed's run: a world with its troubles, then quiet, then the checker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import requests

from daemon.sandbox.magento import http as sandbox_magento
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.salesforce import http as sandbox_salesforce
from daemon.sandbox.salesforce.org import Org
from tests.builders import SECRETS
from tests.property.simulation.agreement import note_counts
from tests.property.simulation.clock import Clock
from tests.property.simulation.deadly import Deadly
from tests.property.simulation.life import Life
from tests.property.simulation.network import Network
from tests.property.simulation.onlooker import Onlooker
from tests.property.simulation.operators import Operators
from tests.property.simulation.org_side import OrgSide
from tests.property.simulation.quiet import Quiet
from tests.property.simulation.rates import Rates, draw
from tests.property.simulation.settings import EditedSettings
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.steps import Endless, Steps
from tests.property.simulation.stopping import Stopping
from tests.property.simulation.themes import draw_theme
from tests.property.simulation.unreadable import Crowded, Unreadable
from tests.property.simulation.wire import Reply
from tests.property.simulation.witness import Broken, Witness

INSTANCE = "https://acme.my.salesforce.com"


# Seconds between two beats; close to one another, few things come between the polls that this is about.
_BETWEEN = (1, 20, 60, 60, 60, 300, 1000, 4000)
_CLOSE = (20, 60, 60, 120)


@dataclass(frozen=True)
class Outcome:
    """What came of one run. ``promise`` is the one that was broken, None when all were kept."""

    seed: int
    promise: str | None
    what: str
    steps: int  # that were taken before the quiet phase: the process can be killed at each of them
    deaths: int
    trace: str
    died_at: int | None = None  # the step, when it was told
    theme: str | None = None
    met: frozenset[str] = frozenset()  # what happened at least once, by its name
    notes: int = 0  # that are in Salesforce at the end
    doubled: int = 0  # comments that have a further one


class Schedule:
    """Everything that one seed says, put together."""

    def __init__(self, seed: int, folder: Path, *, die_at: int | None = None, theme: str | None = None) -> None:
        self.seed = seed
        self.random = Random(f"{seed} events")
        theme = theme or draw_theme(Random(f"{seed} theme"))
        self.rates: Rates = draw(*(Random(f"{seed} {what}") for what in ("rates", "operators", "idle")), theme=theme)
        self.clock = Clock()
        self.steps = Steps(Random(f"{seed} deaths"))
        self.steps.die_at = self._die_at = die_at
        self.steps.rate = 0.0 if die_at is not None else self.rates.death
        self.witness = Witness()
        offset = timedelta(seconds=self.rates.offset)
        self.shop = ShopSide(
            Shop(clock=lambda: self.clock.true + offset), self.clock, self.random, self.rates, self.witness
        )
        self.settings = EditedSettings(_values(self.rates))
        self.network = self._network(Org(clock=lambda: self.clock.true))
        self.org = OrgSide(
            self.network.options.org, self.network.options, self.clock, self.random, self.rates, self.witness
        )
        self.deadly = Deadly(self.shop, self.org, self.clock, self.random)
        self.unreadable = Unreadable(self.shop, self.network.magento_app, self.clock, self.random, self.witness)
        drawn = Random(f"{seed} shop")
        if self.rates.translated:
            magento = self.network.magento_app.extensions["magento"]
            magento.page_limit, magento.language = drawn.choice((1, 3, 20, 20)), drawn.choice(("fr", "es", "de"))
        self.crowded = Crowded(
            drawn, self.witness.happened, rows=drawn.choice((1, 2, 3, 5)) if self.rates.crowded else None
        )
        self.stopping = Stopping(self.clock, Random(f"{seed} stops"), self.witness.happened, self.rates.stops)
        self.steps.on_step = self.stopping.at_a_step
        onlooker = Onlooker(self.witness, self.shop, self.org.org, self.settings, self.rates, self.clock)
        self.network.on_magento = onlooker.magento_answered
        self.network.on_salesforce = onlooker.salesforce_called
        self.network.happen = self._happen_meanwhile
        self.network.intercept = self._intercept
        self.network.spoil = self._spoil
        self.network.on_flight = self.shop.change_one_of
        self.life = Life(
            folder / "state.db", self.clock, self.steps, Random(f"{seed} daemon"), self.network, self.settings,
            onlooker.look,
        )  # fmt: skip
        self.operators = Operators(self.life, self.settings, self.clock, self.random, self.shop, self.witness)

        self.life.is_removed = self._removes_state

    def run(self) -> Outcome:
        """The whole run. Whatever promise it finds broken is its outcome, not an error."""
        promise, what, troubled = None, "", 0
        try:
            self._troubles()
            troubled = self.steps.count
            self.steps.rate, self.steps.die_at = 0.0, None
            Quiet(self).run()
        except Broken as broken:
            promise, what = broken.promise, broken.what
        except Endless:
            promise, what = "L1", "the daemon does not come to an end"
        finally:
            self.life.close()
        steps = troubled or self.steps.count
        known = self.witness
        excused = known.reused_comments | known.deleted_comments
        if self.rates.marked and self.org.org.records("ContentNote"):
            known.happened["marked"] += 1
        notes = note_counts(self.org.org, but=known.left_behind)
        return Outcome(
            seed=self.seed,
            promise=promise,
            what=what,
            steps=steps,
            deaths=self.steps.deaths,
            trace=self.steps.trace,
            died_at=self._die_at,
            theme=self.rates.theme,
            met=frozenset(self.witness.happened),
            notes=notes.total(),
            doubled=sum(count > 1 and comment_id not in excused for comment_id, count in notes.items()),
        )

    def _troubles(self) -> None:
        self.shop.buy(count=self.random.choice((0, 1, 3, 6)))
        for _ in range(self.rates.beats):
            self._happen()
            if self.rates.restores and self.random.random() < (0.6 if self.rates.theme else 0.3):
                self.random.choice((self.shop.back_up, self.shop.restore))()
            self.clock.advance(self.random.choice(_CLOSE if self.rates.idles else _BETWEEN))
            self.shop.reopen()
            self.life.beat()

    def _happen(self) -> None:
        """Between two polls: customers, clerks, now and then trouble or an operator."""
        if self.rates.bulk and self.random.random() < 0.4:
            self.shop.buy(count=self.random.choice((16, 20)))
            self.org.broad_rule()
        if self.rates.idles and self.random.random() < 0.6:
            return
        for _ in range(self.random.randrange(4)):
            self._happen_meanwhile()
        if self.random.random() < self.rates.operator:
            self.operators.act(self.rates)

    def _happen_meanwhile(self) -> None:
        """While a call is under way."""
        events: tuple[Callable[[], object], ...] = self.shop.everyday
        if self.random.random() < self.rates.trouble:
            events = self.shop.trouble if self.random.random() < 0.6 else self.org.trouble
        event = self.random.choice(events)
        if self.rates.often and self.random.random() < 0.5:
            event = getattr(self.shop, self.random.choice(self.rates.often))
        if self.rates.deadly and self.random.random() < 0.1:
            event = self.deadly.poison
        if self.rates.unreadable and self.random.random() < 0.1:
            event = self.unreadable.spoil
        event()
        self.witness.happened[event.__name__] += 1
        self.steps.note(event.__name__)
        if self.random.random() < self.rates.operator / 4:
            self.operators.meanwhile()

    def _intercept(self, request: requests.PreparedRequest) -> Reply | str | None:
        """What becomes of a call to Salesforce that never reaches the org as it is."""
        moved = self.org.redirect(request)
        if moved is not None:
            self.witness.happened["redirected"] += 1
            return moved
        killed = self.deadly.answer(request)
        if killed is not None:
            self.witness.happened["killed a call"] += 1
        return killed

    def _spoil(self, request: requests.PreparedRequest, reply: Reply) -> Reply | str | None:
        """What becomes of an answer of Magento's."""
        if self.rates.translated and reply.status >= 400:
            self.witness.happened["refused in another language"] += 1
        return self.crowded.answer(request, reply)

    def _removes_state(self) -> bool:
        """Whether somebody removes state.db after a process was killed."""
        removes = self.rates.side_files > 0 and self.random.random() < self.rates.side_files
        if removes:
            self.witness.cleared += 1
            self.witness.happened["removed after a kill"] += 1
        return removes

    def _network(self, org: Org) -> Network:
        magento = sandbox_magento.create_app(
            self.shop.shop,
            consumer_key=SECRETS["magento_consumer_key"],
            consumer_secret=SECRETS["magento_consumer_secret"],
            access_token=SECRETS["magento_access_token"],
            access_token_secret=SECRETS["magento_access_token_secret"],
            bearer_enabled=True,
        )
        ahead = timedelta(seconds=self.rates.offset + self.rates.web_offset)
        magento.extensions["magento"].clock = lambda: self.clock.true + ahead
        salesforce = sandbox_salesforce.create_app(
            org,
            client_id=SECRETS["salesforce_client_id"],
            client_secret=SECRETS["salesforce_client_secret"],
            instance_url=INSTANCE,
        )
        random = Random(f"{self.seed} network")
        return Network(self.clock, self.steps, random, self.rates, magento, salesforce)


def _values(rates: Rates) -> dict[str, object]:
    values: dict[str, object] = {
        # An OAuth signature carries the machine's own time and chance; it has its tests elsewhere.
        "magento.auth": "bearer",
        "magento.page_size": rates.page_size,
        "schedule.overlap": f"{rates.overlap}s",
        # Where a poll lasts longer than its interval, the next one follows at once, and so on: a beat would not end.
        "schedule.poll_interval": "1h" if rates.slow else "60s",
    }
    if rates.marked:
        values["salesforce.comment.object"] = None
    if rates.skip:
        values |= {"invoices.skip.zero_total": True, "invoices.skip.states": ("canceled",)}
    return values
