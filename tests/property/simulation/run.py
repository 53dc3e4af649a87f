"""The parts of one seed's run that its end looks at and acts on."""

from __future__ import annotations

from random import Random
from typing import Protocol

from tests.property.simulation.clock import Clock
from tests.property.simulation.deadly import Deadly
from tests.property.simulation.life import Life
from tests.property.simulation.network import Network
from tests.property.simulation.operators import Operators
from tests.property.simulation.org_side import OrgSide
from tests.property.simulation.rates import Rates
from tests.property.simulation.settings import EditedSettings
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.stopping import Stopping
from tests.property.simulation.unreadable import Unreadable
from tests.property.simulation.witness import Witness


class Run(Protocol):
    """One seed's run, put together by a ``Schedule``."""

    random: Random
    rates: Rates
    clock: Clock
    witness: Witness
    shop: ShopSide
    org: OrgSide
    network: Network
    settings: EditedSettings
    life: Life
    operators: Operators
    deadly: Deadly
    unreadable: Unreadable
    stopping: Stopping
