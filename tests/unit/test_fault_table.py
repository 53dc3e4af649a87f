"""Each fault that the guarantees speak of has a test of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults import GUARANTEES, HEADING, ROOT, cases_in, faults_of, table_in

_DESIGN = Path(os.environ.get("INVOICE_SYNC_DESIGN", ROOT.parent / "shared" / "design")) / "semantics.md"
FAULTS = faults_of(table_in(GUARANTEES.read_text(encoding="utf-8"), HEADING))
CASES = cases_in(ROOT / "tests")

# Faults of what is not built yet, each with the capability that will bring its case.
OWED = {
    "console: cross-site post": "console",
    "console: script in a comment": "console",
    "console: wrong token": "console",
}


def test_a_row_is_parted_at_commas_semicolons_and_dots_but_not_within_code_brackets_or_numbers() -> None:
    table = (
        "| what | then |\n|---|---|\n"
        "| Magento: a (x, y), b · 65,535 bytes; `c, d` | fine |\n"
        "| lost, late (either side) | fine |\n"
        "| a second daemon | fine |\n"
    )
    assert faults_of(table) == [
        "Magento: a (x, y)", "Magento: b", "Magento: 65,535 bytes", "Magento: `c, d`",
        "Magento: lost", "Salesforce: lost", "Magento: late", "Salesforce: late",
        "a second daemon",
    ]  # fmt: skip


def test_no_fault_is_named_twice() -> None:
    assert len(FAULTS) == len(set(FAULTS))
    assert len(FAULTS) > 100


def test_every_fault_has_its_case() -> None:
    without = [fault for fault in FAULTS if fault not in CASES and fault not in OWED]
    assert not without, f"{len(without)} faults have no case: {'; '.join(without)}"


def test_every_case_is_of_a_fault_that_is_in_the_table() -> None:
    unknown = {name: where for name, where in CASES.items() if name not in FAULTS}
    assert not unknown, f"no such fault: {unknown}"


def test_what_is_owed_is_in_the_table_and_has_no_case_yet() -> None:
    assert set(OWED) <= set(FAULTS)
    assert set(OWED.values()) <= {"console", "setup", "describe"}
    done = sorted(set(OWED) & set(CASES))
    assert not done, f"no longer owed: {done}"


@pytest.mark.skipif(not _DESIGN.is_file(), reason="the design's own table is not here")
def test_every_fault_of_the_design_is_in_the_guarantees() -> None:
    designed = faults_of(table_in(_DESIGN.read_text(encoding="utf-8"), "## Faults and bad input"))
    assert len(designed) > 100
    sides = ("Magento", "Salesforce")
    missing = [
        fault for fault in designed if fault not in FAULTS and not all(f"{side}: {fault}" in FAULTS for side in sides)
    ]
    assert not missing, f"not in {GUARANTEES.name}: {missing}"
