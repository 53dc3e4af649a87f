"""The remedy for an error: the next step, the reach of the error, and a hint."""

from dataclasses import dataclass
from enum import Enum

from daemon.errors import Probe


class Next(Enum):
    """The next step after an error."""

    AGAIN = "again"  # the error passes by itself: the record stays pending
    ASIDE = "aside"  # this record is failed until a person fixes something
    PAUSE = "pause"  # other records would get the same error: none is sent for a while


class Reach(Enum):
    """The reach of an error among other records."""

    RECORD = "record"  # this record alone
    OBJECT = "object"  # all records of its object: invoices with their items, or notes with what hangs on them
    ORG = "org"  # everything


@dataclass(frozen=True, slots=True)
class Remedy:
    """The consequence of an error; ``hint``: who can fix the cause, and where.

    ``probe``: how often a pause tries again. ``single``: what happens to one record that gets the error while others of
    its call are accepted, which shows that the error does not reach further.
    """

    next: Next
    hint: str
    reach: Reach = Reach.RECORD
    probe: Probe = "calls"
    single: Next = Next.ASIDE


def again(hint: str, reach: Reach = Reach.RECORD) -> Remedy:
    """Return the remedy of a passing error."""
    return Remedy(Next.AGAIN, hint, reach, single=Next.AGAIN)


def aside(hint: str) -> Remedy:
    """Return the remedy of an error of one record, to be fixed by a person."""
    return Remedy(Next.ASIDE, hint)


def of_object(hint: str, single: Next = Next.ASIDE) -> Remedy:
    """Return the remedy of an error of all records of the object."""
    return Remedy(Next.PAUSE, hint, Reach.OBJECT, single=single)


def of_org(hint: str, probe: Probe = "calls") -> Remedy:
    """Return the remedy of an error of all calls to the org."""
    return Remedy(Next.PAUSE, hint, Reach.ORG, probe, single=Next.AGAIN)
