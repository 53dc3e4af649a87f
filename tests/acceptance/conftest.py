"""Fixtures for acceptance tests: processes that end with their test, also with a failed one."""

import signal
from collections.abc import Iterator

import pytest

from tests.acceptance.process import Processes
from tests.world import World


@pytest.fixture(scope="session", autouse=True)
def signals_as_usual() -> Iterator[None]:
    """Restore SIGINT and SIGHUP: a shell in the background lets its commands, and their children, ignore them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def processes(world: World) -> Iterator[Processes]:
    """Offer real processes on the world's settings and state."""
    made = Processes(world)
    yield made
    made.close()
