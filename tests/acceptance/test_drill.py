"""The drill as users run it: its lines, its verdict, and nothing left behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.demo.failpoints import Failpoint
from daemon.demo.steps import STEPS
from tests.acceptance.test_demo import Demo, expect_nothing_left

OF_A_CALL = ("call", "sent", "answer", "read")
MOMENTS = {f"{side}.{moment}" for side in ("magento", "salesforce") for moment in OF_A_CALL}
MOMENTS |= {"state.begin", "state.commit", "state.committed"}


@pytest.mark.timeout(150)
def test_the_quick_drill_kills_loses_and_recovers_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--drill", "--quick")
    try:
        assert demo.ended(seconds=140) == 0, demo.text
        quick = [step for step in STEPS if step.quick]
        killed = re.findall(r"^   kill -9     (.*); recovered after \d+\.\d s$", demo.text, re.MULTILINE)
        assert killed == [step.words for step in quick]
        assert len(re.findall(r"^   lost        .*; all in Salesforce after \d+\.\d s$", demo.text, re.MULTILINE)) == 2
        assert f"After {len(quick)} kills and 2 lost answers" in demo.text
        assert len(re.findall(r"\d+ \w.* created, each once", demo.text)) == 4
        assert "In Magento 52, in Salesforce 52, lost 0, doubled 0: both sides agree." in demo.text
        assert "Traceback" not in demo.text
        expect_nothing_left(demo)
    finally:
        demo.close()


def test_the_drill_comes_to_every_moment_of_a_call_and_of_a_transaction() -> None:
    assert {step.moment for step in STEPS} == MOMENTS
    assert len({step.words for step in STEPS}) >= 35
    for step in STEPS:
        assert Failpoint.read(f"{step.at}:1:kill").step == step.moment


@pytest.mark.parametrize("plan", ["salesforce.answer", "salesforce.answer:0:kill", "salesforce.answer:1:burn", ""])
def test_a_failpoint_that_cannot_be_meant_is_refused(plan: str) -> None:
    with pytest.raises(SystemExit, match="is not STEP"):
        Failpoint.read(plan)


def test_a_drill_has_its_own_length(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "demo", "--drill", "--for", "5s"],
        capture_output=True, text=True, timeout=30, check=False, env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 2
    assert "leave out --for" in done.stderr
    assert list(tmp_path.iterdir()) == []
