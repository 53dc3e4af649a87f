"""What every acceptance test may ask for: processes that are ended whatever becomes of the test."""

from collections.abc import Iterator

import pytest

from tests.acceptance.process import Processes
from tests.world import World


@pytest.fixture
def processes(world: World) -> Iterator[Processes]:
    """Real processes on the world's settings and state."""
    made = Processes(world)
    yield made
    made.close()
