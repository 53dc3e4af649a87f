"""The worst that a side can answer, and what the process makes of it: ``python -m tests.integration.worst_answers``.

Each answer is given to every call that asks for it, for as long as a ``run --once`` lasts. Prints seconds and the most
memory that the process ever had.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.limits import LIMITS
from daemon.sandbox.faults import Fault, garble, status
from tests.acceptance.figures import Figures, run_once
from tests.world import World

MOST_MEGABYTES = 250
JSON = "application/json"
_ROOM = LIMITS.bytes - 200_000  # what stands around it has its place too
_VALUES = LIMITS.values - 5_000
_DECODED = 24_000_000 - 400_000


def _filled(part: bytes, size: int = _ROOM, values: int = _VALUES) -> bytes:
    """A list of so many of these parts as are read."""
    signs = sum(map(part.count, (b",", b":", b"[", b"{"))) + 1
    return b"[" + b",".join([part] * min(size // (len(part) + 1), values // signs)) + b"]"


def _counted(part: str, signs: int) -> bytes:
    """The same with a number in each part, so that no two are one value in memory."""
    return ",".join(part.format(number) for number in range(_VALUES // signs)).encode()


PAYLOADS: dict[str, Callable[[], bytes]] = {
    "empty lists": lambda: _filled(b"[[]]"),
    "small objects": lambda: _filled(b'{"ab":{"cd":1}}'),
    "amounts": lambda: _filled(b"1234567890.12345"),
    "texts": lambda: b"[" + _counted('"text number {:016}"', 1) + b"]",
    "names": lambda: b"{" + _counted('"name {:06}":null', 2) + b"}",
    "numbers of 4,000 digits": lambda: _filled(b"7" * 4_000),
    "one text of 16 MB": lambda: b'"' + b"x" * _ROOM + b'"',
    "one text of 12 MB with a letter of two bytes": lambda: b'"' + "請".encode() + b"x" * (_DECODED // 2) + b'"',
    "one text of 12 MB with an escape": lambda: rb'"\u8acb' + b"x" * (_DECODED // 2) + b'"',
    "one text of 6 MB with an emoji": lambda: b'"' + "😀".encode() + b"x" * (_DECODED // 4) + b'"',
    "one text of 6 MB with an escaped emoji": lambda: rb'"\ud83d\ude00' + b"x" * (_DECODED // 4) + b'"',
    "one text of 12 MB of controls": lambda: b'"' + rb"\u0000\r\n" * (_DECODED // 20) + b'"',
}
"""Within what is read, so that all of it is done: parsed, cleaned, compared, kept or not."""


def bomb(layers: int = 1) -> bytes:
    """A gigabyte of blanks that is a few megabytes of gzip, or less in several layers."""
    body = gzip.compress(b" " * 1_000_000_000, 1)
    for _ in range(layers - 1):
        body = gzip.compress(body)
    return body


REFUSED: dict[str, Callable[[], Fault]] = {
    "60 MB of [[]],[[]]": lambda: status(200, b"[" + b"[[]]," * 12_000_000 + b"0]", JSON),
    "16 MB of [[]],[[]]": lambda: status(200, b"[" + b"[[]]," * 3_150_000 + b"0]", JSON),
    "16 MB of brackets": lambda: status(200, b"[" * LIMITS.bytes, JSON),
    "a gzip bomb": lambda: status(200, bomb(), JSON, [("Content-Encoding", "gzip")]),
    "a gzip bomb in gzip": lambda: status(200, bomb(2), JSON, [("Content-Encoding", "gzip, gzip")]),
    "16 MB with an emoji": lambda: status(200, b'["' + "😀".encode() + b"x" * _ROOM + b'"]', JSON),
    "a number of 5,000 digits": lambda: status(200, b'{"items":[],"total_count":' + b"7" * 5_000 + b"}", JSON),
    "an error of 60 MB in one word": lambda: status(500, b'{"message":"' + b"x@" * 30_000_000 + b'"}', JSON),
    "an error with parameters within parameters": lambda: status(400, _parameters(), JSON),
    "an error of a megabyte of lists": lambda: status(400, _filled(b"[[]]", 950_000), JSON),
}
"""Beyond what is read, or an error."""


def _parameters() -> bytes:
    listed = b",".join(b'"' + b"%%%d" % (n + 1) * 5_000 + b'"' for n in range(1, 40))
    return b'{"message":"' + b"%1" * 50_000 + b'","parameters":[' + listed + b"]}"


@dataclass(frozen=True)
class Place:
    """Calls of one kind: whose, by which path, and where in a good answer of theirs a value can stand."""

    side: str
    path: str
    before: bytes


PLACES = {
    "Magento's invoices": Place("magento", "/invoices", b'"entity_id":'),
    "Magento's orders": Place("magento", "/orders", b'"entity_id":'),
    "Salesforce's sign-in": Place("salesforce", "oauth2/token", b'"access_token":'),
    "Salesforce's answer to writes": Place("salesforce", "composite/graph", b'"graphId":'),
    "Salesforce's answer to a query": Place("salesforce", "/query", b'"totalSize":'),
    "Salesforce's describe": Place("salesforce", "/describe", b'"fields":'),
}


def with_value(place: Place, payload: bytes) -> Fault:
    """The good answer with one more value in it, or in the place of a good value there."""
    extra = b'"more":' + payload + b","
    return garble(lambda body: body.replace(place.before, extra + place.before, 1))


@dataclass(frozen=True)
class Case:
    """One answer at some places."""

    name: str
    where: str
    faults: Callable[[], dict[str, Fault]]


def cases() -> Iterator[Case]:
    """Each answer that is read, at all places at once; each other one where a side is met first and where it writes."""
    for name, payload in PAYLOADS.items():
        yield Case(name, "everywhere", partial(_everywhere, payload))
    for name, fault in REFUSED.items():
        for place in ("Magento's invoices", "Salesforce's sign-in", "Salesforce's answer to writes"):
            yield Case(name, place, partial(_at, place, fault))


def _everywhere(payload: Callable[[], bytes]) -> dict[str, Fault]:
    value = payload()
    return {name: with_value(place, value) for name, place in PLACES.items()}


def _at(place: str, fault: Callable[[], Fault]) -> dict[str, Fault]:
    return {place: fault()}


def measure(case: Case, folder: Path) -> Figures:
    """One invoice with a comment, and this answer for as long as the run lasts."""
    world = World(folder).start()
    try:
        world.invoice(comment="hello")
        for name, fault in case.faults().items():
            place = PLACES[name]
            faults = world.magento_faults if place.side == "magento" else world.salesforce_faults
            faults.add(fault, path=place.path, times=None)
        world.set("magento.timeout", 60)
        world.set("salesforce.timeout", 60)
        return run_once(world)
    finally:
        world.stop()


def main(words: list[str]) -> None:
    for case in cases():
        if all(word.lower() in f"{case.where} {case.name}".lower() for word in words):
            with TemporaryDirectory() as folder:
                found = measure(case, Path(folder))
            print(
                f"{case.where}: {case.name}: exit {found.exit_code}, {found.seconds:.1f} s, "
                f"{found.magento_calls} + {found.salesforce_calls} calls, {found.peak_megabytes:.0f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
