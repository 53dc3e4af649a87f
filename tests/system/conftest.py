"""One machine for all that is shown in it, and a shop and an org inside it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.machine import CLONE, CannotBootError, Machine, why_not


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    why = why_not()
    if why is not None:
        pytest.skip(why)
    folder = Path(tempfile.mkdtemp(prefix="invoice-sync-"))
    try:
        made = Machine(folder)
    except CannotBootError as error:
        shutil.rmtree(folder)
        pytest.skip(str(error))
    yield made
    made.close()
    shutil.rmtree(folder)


class Sides:
    """The shop and the org inside the machine: ``ask("invoice")`` has the shop make one."""

    def __init__(self, machine: Machine) -> None:
        machine.run("mkdir", "/srv/sides")
        script = f"cd {CLONE} && PYTHONDONTWRITEBYTECODE=1 exec .venv/bin/python -m tests.system.sides /srv/sides"
        self._process = machine.spawn("sh", "-c", script)

    def ask(self, word: str, *arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([word, *arguments]) + "\n")
        line = self._process.stdout.readline()
        assert line, f"the sides ended at {word}"
        return json.loads(line)

    def close(self) -> None:
        self._process.communicate(timeout=10)  # the end of its stdin is its end


@pytest.fixture(scope="module")
def sides(machine: Machine) -> Iterator[Sides]:
    made = Sides(machine)
    yield made
    made.close()
