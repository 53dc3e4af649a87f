"""The unit files: every secret is handed over, every line has its reason, and little is exposed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.settings.secrets import _MISSING, NAMES

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = (UNITS / "invoice-sync.service").read_text()
TEMPLATE = (UNITS / "invoice-sync@.service").read_text()


def body(text: str) -> str:
    return text[text.index("[Unit]") :]


def values(name: str, text: str = SERVICE) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_each_secret_is_handed_over_and_one_that_is_not_there_is_said_by_us() -> None:
    assert values("LoadCredential") == [f"{name}:/etc/invoice-sync/secrets/{name}" for name in NAMES]
    assert values("SetCredential") == [f"{name}:{_MISSING}" for name in NAMES]


def test_the_template_differs_in_its_folders_alone() -> None:
    named = body(SERVICE).replace("/etc/invoice-sync/", "/etc/invoice-sync-%i/")
    named = named.replace("StateDirectory=invoice-sync\n", "StateDirectory=invoice-sync-%i\n")
    assert body(TEMPLATE) == named.replace("into Salesforce\n", "into Salesforce (%i)\n")


def test_every_block_of_lines_says_why() -> None:
    for text in (SERVICE, TEMPLATE):
        blocks = [block for block in re.split(r"\n\s*\n", body(text)) if "=" in block]
        for block in blocks:
            lines = [line for line in block.splitlines() if not line.startswith("[")]
            names = {line.split("=")[0] for line in lines}
            assert names <= {"Description", "Documentation", "WantedBy", "Restart", "RestartSec"} or any(
                line.startswith("# ") for line in lines
            ), block


def test_what_a_restart_cannot_mend_is_not_restarted_and_nothing_runs_before_it() -> None:
    assert values("Restart") == ["on-failure"]
    assert values("RestartPreventExitStatus") == ["2 78"]
    assert not values("ExecStartPre")
    assert not values("ConfigurationDirectory")


@pytest.mark.parametrize("name", ["invoice-sync.service", "invoice-sync@.service"])
def test_the_exposure_is_at_most_one_point_two(name: str) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here; the system test has one")
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", str(UNITS / name)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None
    assert float(found[1]) <= 1.2
