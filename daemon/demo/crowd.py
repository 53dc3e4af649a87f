"""Plays the longer show: customers buy, comment and pay for the requested time."""

import random
import time

from daemon.demo.customers import OPEN
from daemon.demo.stage import Stage

# Comments move no stamp in Magento. A comment on an invoice that polls still read again is seen at once. The sweep sees
# other comments up to a quarter of an hour later: too late for a show.
_FRESH_SECONDS = 300


def let_crowd_in(stage: Stage, seconds: float) -> None:
    """Let customers buy, comment and pay until the time is over, and wait for all of it in Salesforce."""
    chance = random.Random(11)  # noqa: S311  (the same show each time)
    until = time.monotonic() + seconds
    stage.narration.act(f"Customers go on for {seconds:.0f} s")
    bought: dict[int, float] = {}
    while time.monotonic() < until:
        stage.daemon.require_alive()
        _do_something(stage, chance, bought)
        stage.linger(min(chance.uniform(0.5, 2.5), max(0.0, until - time.monotonic())))
    stage.wait_for_expected()


def _do_something(stage: Stage, chance: random.Random, bought: dict[int, float]) -> None:
    customers, say = stage.customers, stage.narration.say
    fresh = [key for key, at in bought.items() if time.monotonic() - at < _FRESH_SECONDS]
    unpaid = [key for key in bought if customers.invoice(key)["state"] == OPEN]
    wish = chance.random()
    if fresh and wish < 0.3:
        entity_id = customers.comment(chance.choice(fresh))
        say("Magento", customers.last_comment(entity_id))
    elif unpaid and wish < 0.5:
        entity_id = customers.pay(unpaid[0])
        say("Magento", f"{stage.number(entity_id)}  is paid")
    else:
        entity_id = customers.buy(comment=chance.random() < 0.5, paid=chance.random() < 0.7)
        bought[entity_id] = time.monotonic()
        say("Magento", customers.describe(entity_id))
    stage.expect(entity_id)
