"""Fixtures for every kind of test."""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.canaries import leaks
from tests.world import World

# What tests share for checking says as much of a failure as what stands in a test.
pytest.register_assert_rewrite("tests.promises", "tests.integration.checks", "tests.acceptance.faults.outage")

# A machine that is busy with other things is no defect of what is tested.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Keep coverage from measuring workers as it does commands: it reads this variable in each new Python process.

    pytest-cov measures a worker by itself, and ``no_cover`` switches off that one measurement alone.
    """
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


def pytest_configure(config: pytest.Config) -> None:
    """End the measurement that pytest-cov starts in a worker as if it were no worker.

    pytest-cov starts a second one there, and ``no_cover`` switches off that one alone.
    """
    measured = config.pluginmanager.getplugin("_cov")
    if measured is not None and hasattr(config, "workerinput"):
        measured.cov_controller.cov.stop()
        measured.cov_controller.cov.save()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Keep coverage from measuring the commands of a test marked ``no_cover``: the mark is for the test's process."""
    told = os.environ.get("COVERAGE_PROCESS_CONFIG")
    if told is None or item.get_closest_marker("no_cover") is None:
        return (yield)
    del os.environ["COVERAGE_PROCESS_CONFIG"]
    try:
        return (yield)
    finally:
        os.environ["COVERAGE_PROCESS_CONFIG"] = told


def pytest_collection_finish() -> None:
    """Leave lasting objects, with thousands of tests among them, out of Python's search for cycles."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Serve an empty shop and an empty org on loopback; look through the test's output for canaries at the end."""
    made = World(tmp_path).start()
    yield made
    made.stop()
    found = leaks(made)
    if made.leaks_on_purpose:
        assert found, "the test planted a leak, and it was not noticed"
    else:
        assert not found, "secrets or customers' data where they must not be (I11):\n" + "\n".join(found[:10])
