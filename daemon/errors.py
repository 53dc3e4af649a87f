"""Every failure of the daemon, named by what happens next.

::

    InvoiceSyncError             exit 1
    ├── UsageError               exit 2    the command is not what was meant; nothing was done
    ├── RejectedRecord                     this record is set aside with its reason, the rest go on
    ├── Retriable                exit 75   later, by itself
    │   ├── Unreachable                    no answer, or none that can be read; ``sent``: it may have worked
    │   │   └── Unreadable                 the side answered a question, with something that cannot be read
    │   ├── Busy                           the side answered that it cannot now; ``retry_after`` seconds if it said so
    │   └── OutOfCalls                     Salesforce's API calls are used up, or what is left is reserved for others
    └── Fatal                    exit 78   that side pauses until a person acts
        ├── InvalidSettings                settings.yaml or a secret: all that is wrong at once
        ├── AnotherOrg                     the org is not the one that the state was made with: the daemon ends
        └── SideDenied                    Magento or Salesforce will not let us in, or is not what the settings say

What the state raises (locked, damaged, missing) stands in :mod:`state.store`. Each error that an operator can meet
carries a ``hint``: what to do, and where.
"""

import re
from typing import Literal

SideName = Literal["magento", "salesforce"]
# When a side that refused is tried again: ever more rarely up to an hour, where somebody must mend the sign-in; up to
# a quarter of an hour, where it may end by itself; once an hour, where each try does harm or is known to be in vain.
Probe = Literal["sign-in", "calls", "hourly"]


# What a side said may hold characters that neither the state nor a stream takes, or that a terminal acts on.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


_LONGEST = 20_000


class InvoiceSyncError(Exception):
    """What happened, in a sentence, and what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(_UNKEPT.sub("\N{REPLACEMENT CHARACTER}", message[:_LONGEST]))
        self.hint = hint


class UsageError(InvoiceSyncError):
    """The command cannot be what was meant."""

    exit_code = 2


class RejectedRecord(InvoiceSyncError):  # noqa: N818  (the house's word)
    """One record cannot be used, for a reason that a person must mend."""


class Retriable(InvoiceSyncError):  # noqa: N818
    """It will work later, by itself."""

    exit_code = 75

    def __init__(self, message: str, *, side: SideName, too_much: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.side: SideName = side
        # Whether the answer was too large or took too long: a smaller question may be answered.
        self.too_much = too_much
        # Which invoices the failed call was about, where not all that were asked for; empty: it came to no call.
        self.about: frozenset[int] | None = None


class Unreachable(Retriable):
    """No answer, or none that can be read. ``sent``: the call may have been carried out all the same.

    ``too_much``: there is an answer, but of more bytes or values than are read; half of what was asked for may fit.
    """

    def __init__(
        self,
        message: str,
        *,
        side: SideName,
        sent: bool,
        timed_out: bool = False,
        too_much: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, side=side, too_much=too_much or timed_out, hint=hint)
        self.sent = sent
        self.unanswered = sent
        self.timed_out = timed_out


class Unreadable(Unreachable):
    """The side answered what was asked, but the answer cannot be read."""


class Busy(Retriable):
    """The side answered that it cannot do this now. ``retry_after``: seconds, when it said how long.

    ``unanswered``: a gateway answered in its place, and what was sent may still be carried out.
    """

    def __init__(
        self,
        message: str,
        *,
        side: SideName,
        retry_after: float | None = None,
        unanswered: bool = False,
        too_much: bool = False,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, side=side, too_much=too_much, hint=hint)
        self.retry_after = retry_after
        self.unanswered = unanswered


class OutOfCalls(Retriable):
    """Salesforce's daily API calls are used up, or the rest is left to others."""


class Fatal(InvoiceSyncError):  # noqa: N818
    """A person must act first."""

    exit_code = 78


class InvalidSettings(Fatal):
    """The settings or a secret cannot be used. ``problems`` lists all that is wrong, a line each."""

    def __init__(self, problems: list[str], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class AnotherOrg(Fatal):
    """Salesforce is not the org that the state was made with; nothing is to be done under this state."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.side: SideName = "salesforce"


class SideDenied(Fatal):
    """A side does not let us in, or is not what the settings say it is.

    ``probe``: when it is tried again; ``about_secrets``: whether other secrets may be what mends it; ``missing``: it
    answered that what was asked for is not there; ``of_object``: it refused the kind of record that the call was about,
    and may take others.
    """

    def __init__(
        self,
        message: str,
        *,
        side: SideName,
        hint: str | None = None,
        probe: Probe = "sign-in",
        about_secrets: bool = False,
        missing: bool = False,
        of_object: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.missing = missing
        self.of_object = of_object
        self.side: SideName = side
        self.probe: Probe = probe
        self.about_secrets = about_secrets
