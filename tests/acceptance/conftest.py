"""What every acceptance test may ask for: processes that are ended whatever becomes of the test."""

import signal
from collections.abc import Iterator

import pytest

from tests.acceptance.process import Processes
from tests.world import World


@pytest.fixture(scope="session", autouse=True)
def signals_as_usual() -> Iterator[None]:
    """Run in the background, a shell has its commands ignore SIGINT and SIGHUP, and what they start inherits it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def processes(world: World) -> Iterator[Processes]:
    """Real processes on the world's settings and state."""
    made = Processes(world)
    yield made
    made.close()
