"""Draws the troubles of one seed's world before its run; any of them may be drawn as 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.property.simulation.themes import THEMES


@dataclass(frozen=True)
class Rates:
    """Probabilities per call or per step, and the setup of both sides and of the daemon."""

    magento: float  # a call to Magento fails
    salesforce: float  # a call to Salesforce fails
    late: float  # a call that writes to Salesforce has no answer: it is carried out minutes later, or given up there
    death: float  # the process dies at a step
    impatience: float  # it dies while Salesforce still works on such a call
    between: float  # something happens in the world while a call is under way
    trouble: float  # an event is one of trouble rather than of everyday
    operator: float  # an event is an operator's
    slow: bool
    beats: int
    page_size: int
    overlap: int
    offset: int  # seconds that Magento's clock is ahead of the daemon's
    web_offset: int  # seconds that Magento's web server is ahead of its database
    skip: bool
    bulk: bool
    restores: bool
    clears: bool
    resync: bool  # the state is cleared at the end: nothing may change by it
    ends_manual: bool  # automatic synchronization is off at the end
    keeps_rule: bool  # a validation rule stays
    often: tuple[str, ...] = ()  # events that happen more often than others
    idles: bool = False  # most of the time nothing happens in the shop
    theme: str | None = None
    # Drawn by themes only.
    side_files: float = 0.0  # a process that ends leaves state.db-wal and -shm, and somebody removes state.db
    stops: float = 0.0  # the process is stopped at a step, or the machine sleeps, and continues hours later
    files_full: bool = False  # the org's file storage fills up
    moves: bool = False  # the org's host changes
    marked: bool = False  # the org has no comment object
    unreadable: bool = False  # Magento cannot show some records
    crowded: bool = False  # Magento cannot show a long list
    translated: bool = False  # Magento speaks another language, and limits its pages
    deadly: bool = False  # every call about one record dies


# Two of three seeds go deep into one kind of trouble; the others have a little of each.
_CLOCKS_AGREE: Mapping[str, Any] = {"offset": 0, "web_offset": 0, "overlap": 60}
_GENTLE: Mapping[str, Any] = {
    "magento": 0.0, "salesforce": 0.0, "late": 0.0, "death": 0.0, "operator": 0.0, "beats": 7,
}  # fmt: skip
_KILLED_IN_A_CALL: Mapping[str, Any] = {
    "salesforce": 0.0, "late": 0.5, "impatience": 0.8, "death": 0.0, "trouble": 0.0, "operator": 0.0, "beats": 5,
}  # fmt: skip
_DEEP: tuple[Mapping[str, Any], ...] = (
    {"salesforce": 0.0, "late": 0.3, "impatience": 0.0, "death": 0.0, "trouble": 0.0, "beats": 5},
    _KILLED_IN_A_CALL,
    _KILLED_IN_A_CALL,  # twice, as it needs many coincidences
    {"often": ("at_the_edge",), "between": 0.3, "page_size": 100, "slow": False, "trouble": 0.0, **_GENTLE,
     "offset": 0, "web_offset": 0},
    {"often": ("vanish", "buy", "change"), "between": 0.3, "page_size": 2, **_GENTLE, **_CLOCKS_AGREE},
    {"often": ("change",), "between": 0.3, "page_size": 1, "trouble": 0.0, **_GENTLE, **_CLOCKS_AGREE, "magento": 0.1},
    {"often": ("much_later", "edit", "comment"), "operator": 0.0, "salesforce": 0.0},
    {"trouble": 0.3, **_GENTLE},
    {"restores": True, "clears": False, "trouble": 0.0, "slow": False, **_GENTLE, "beats": 9},
)  # fmt: skip

# A shop where some polls find nothing new, soon after something new and soon before a late commit.
_IDLE: Mapping[str, Any] = {
    **_GENTLE, "often": ("overtaken",), "idles": True, "beats": 20, "between": 0.0, "trouble": 0.0, "page_size": 100,
    "slow": False, "overlap": 300, "offset": 0, "web_offset": 0, "bulk": False, "restores": False, "skip": False,
}  # fmt: skip
_OPERATORS: Mapping[str, Any] = {"operator": 0.7, "salesforce": 0.3, "between": 0.1, "death": 0.0, "beats": 9}


def draw(random: Random, busy: Random, idle: Random, *, theme: str | None) -> Rates:
    """Return the rates of one seed; ``busy`` draws its operators' zeal, ``idle`` its shop's quiet times."""
    drawn = _draw(random)
    if random.random() < 0.67:
        drawn = replace(drawn, **random.choice(_DEEP))
    if theme is None and idle.random() < 0.1:
        return replace(drawn, **_IDLE)
    drawn = replace(drawn, **_OPERATORS) if busy.random() < 0.2 else drawn
    return drawn if theme is None else replace(drawn, theme=theme, **THEMES[theme])


def _draw(random: Random) -> Rates:
    calm = random.random() < 0.1

    def rate(*choices: float) -> float:
        return 0.0 if calm else random.choice((0.0, *choices))

    return Rates(
        magento=rate(0.0, 0.03, 0.1, 0.25),
        salesforce=rate(0.0, 0.05, 0.15, 0.35),
        late=rate(0.0, 0.05, 0.2),
        death=rate(0.0, 0.005, 0.015, 0.04),
        impatience=rate(0.1, 0.4),
        between=rate(0.02, 0.1, 0.2),
        trouble=rate(0.1, 0.3),
        operator=rate(0.1, 0.25),
        slow=random.random() < 0.25,
        beats=random.choice((3, 5, 7, 10)),
        page_size=random.choice((1, 2, 2, 3, 5, 100)),
        overlap=random.choice((60, 60, 300, 600)),
        offset=random.choice((0, 0, 0, 30, -30, 540, -540, 3000, -3000)),
        web_offset=random.choice((0, 0, 0, 0, 2, -2)),
        skip=random.random() < 0.2,
        bulk=random.random() < 0.1,
        restores=random.random() < 0.06,
        clears=random.random() < 0.25,
        resync=random.random() < 0.3,
        ends_manual=random.random() < 0.15,
        keeps_rule=random.random() < 0.15,
    )
