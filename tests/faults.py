"""The faults of the table "When something goes wrong", one by one, and the mark of a test of one of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
GUARANTEES = ROOT / "GUARANTEES.md"
HEADING = "## When something goes wrong"
_EITHER = " (either side)"
_SIDES = ("Magento", "Salesforce")
_SUBJECT = re.compile(r"(Magento|Salesforce|settings|state|console): ")


def case(fault: str, *values: Any, id: str | None = None) -> Any:  # noqa: A002  (pytest's word)
    """Return the parameters of one case of this fault; a fault may have several, told apart by ``id``."""
    name = f"{fault} [{id}]" if id else fault
    return pytest.param(*values, marks=pytest.mark.fault(fault), id=name.replace("/", "|"))


def faults_of(text: str) -> list[str]:
    """Return every single fault of the first table in this text, in its order: ``Magento: 502``.

    A row's parts stand between commas, semicolons and ``·``; what a row begins with (``Magento:``) belongs to each of
    them, and a row about either side names each of them twice.
    """
    rows = re.findall(r"^\| (.+?) \| .+ \|$", text, re.MULTILINE)
    return [fault for row in rows[1:] for fault in _faults_of_row(row)]


def table_in(text: str, heading: str) -> str:
    """Return the section of a document below this heading, up to the next heading of its rank."""
    rank = heading.split(" ", 1)[0]
    _, found, below = text.partition(f"{heading}\n")
    assert found, f"no heading {heading!r}"
    return below.split(f"\n{rank} ", 1)[0]


def _faults_of_row(row: str) -> Iterator[str]:
    subject = _SUBJECT.match(row)
    prefix = subject[0] if subject else ""
    parts = list(_parts(row.removeprefix(prefix).removesuffix(_EITHER)))
    if row.endswith(_EITHER):
        return (f"{side}: {part}" for part in parts for side in _SIDES)
    return (prefix + part for part in parts)


def _parts(text: str) -> Iterator[str]:
    """Split at the separators, except in code, brackets and numbers."""
    depth, quoted, start = 0, False, 0
    for place, char in enumerate(text):
        quoted ^= char == "`"
        depth += (char == "(") - (char == ")")
        ends = char in "·;" or (char == "," and text[place + 1 : place + 2] == " ")
        if ends and not depth and not quoted:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def cases_in(folder: Path) -> dict[str, list[str]]:
    """Return the faults below this folder with their tests, by ``pytest.mark.fault("…")`` or ``case("…")``."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _is_mark(node.func):
                where = f"{path.relative_to(folder)}:{node.lineno}"
                assert node.args, where
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{where}: the fault's name is to be written out"
                found.setdefault(str(name.value), []).append(where)
    return found


def _is_mark(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "case"
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "fault"
        and ast.unparse(function).endswith("mark.fault")
    )
