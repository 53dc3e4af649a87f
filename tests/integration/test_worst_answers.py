"""Whatever a side answers, the process needs no more than its share of memory and time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.integration.worst_answers import MOST_MEGABYTES, Case, cases, measure

# Measured for coverage it takes twice as long, and it runs nothing that quicker tests do not.
pytestmark = pytest.mark.no_cover


def in_turn() -> Iterator[Case]:
    """Each answer at one of its places, in turn; `python -m tests.integration.worst_answers` tries them all."""
    for number, (_, at_each) in enumerate(groupby(cases(), key=lambda case: case.name)):
        places = list(at_each)
        yield places[number % len(places)]


CASES = {f"{case.where}, {case.name}": case for case in in_turn()}


@pytest.mark.fault("Magento: more than 16 MB")
@pytest.mark.fault("Magento: 400,000 values")
@pytest.mark.fault("Magento: gzip bomb")
@pytest.mark.fault("Magento: nested without end")
@pytest.mark.fault("Magento: numbers of thousands of digits")
@pytest.mark.fault("Salesforce: more than 16 MB")
@pytest.mark.fault("Salesforce: 400,000 values")
@pytest.mark.fault("Salesforce: gzip bomb")
@pytest.mark.fault("Salesforce: nested without end")
@pytest.mark.fault("Salesforce: numbers of thousands of digits")
@pytest.mark.parametrize("name", CASES)
def test_the_worst_answer_takes_neither_memory_nor_time(name: str, tmp_path: Path) -> None:
    found = measure(CASES[name], tmp_path)
    assert found.exit_code in {0, 3, 75}, "nothing ends in a traceback"
    assert found.peak_megabytes <= MOST_MEGABYTES
    assert found.seconds < 60
