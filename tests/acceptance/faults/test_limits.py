"""Few open files, little memory: a sentence and 75, and a daemon that goes on once there is room again."""

from __future__ import annotations

import resource

import pytest

from tests.acceptance.process import Processes, is_pending, wait_until
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

# Sets the limit and becomes the command.
LIMITED = (
    "import os, resource, sys\n"
    "resource.setrlimit(resource.RLIMIT_{0}, ({1}, {1}))\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


@pytest.mark.parametrize(
    ("what", "limit"),
    [case("too few open files at the start", "NOFILE", limit, id=str(limit)) for limit in (6, 8, 12)]
    + [
        case("too little memory at the start", "AS", limit, id=f"{limit // 1_000_000} MB")
        for limit in (60_000_000, 100_000_000)
    ],
)
def test_a_command_that_has_too_little_of_it_says_so(world: World, what: str, limit: int) -> None:
    world.invoice(comment="before")
    world.run_once()
    world.invoice(comment="later")
    for arguments in (["status"], ["sync", "--all"], ["run", "--once"]):
        done = world.command_under(LIMITED.format(what, limit), *arguments)
        assert done.returncode in (0, 75), done.stderr
        assert "Traceback" not in done.stderr
        if done.returncode == 75:
            assert "lacks open files" in done.stderr or "Too many open files" in done.stderr, done.stderr
            assert "Raise its limits" in done.stderr, "what to do is said"
    world.run_once()
    assert_promises(world)


@pytest.mark.fault("too few open files midway")
def test_a_daemon_that_runs_out_of_open_files_goes_on_when_there_are_some(world: World, processes: Processes) -> None:
    world.invoice(comment="before")
    running = processes.daemon()
    wait_until(lambda: world.rows() and not is_pending(world), "the first to be in")
    usual = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    world.set("magento.timeout", 6)  # new settings open new connections, for which there are no files now
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (5, usual[1]))
    world.invoice(comment="while there are none")
    refused = running.wait_for("settings.refused")
    assert "Too many open files" in str(refused["problems"])
    assert running.process.poll() is None, "it goes on"
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, usual)
    running.wait_for("settings.reloaded")
    wait_until(lambda: len(world.rows()) == 2 and not is_pending(world), "the second to be in")
    assert running.terminate() == 0
    assert "Traceback" not in running.text
    assert_promises(world)
