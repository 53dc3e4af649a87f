"""Every failure of the daemon, named by its consequence.

::

    InvoiceSyncError             exit 1
    ├── UsageError               exit 2    the command cannot be meant so; nothing was done
    ├── RejectedRecord                     this record is set aside with its reason, the rest go on
    ├── Retriable                exit 75   works later, by itself
    │   ├── Unreachable                    no answer, or an unreadable one; ``sent``: the call may have worked
    │   │   └── Unreadable                 the side answered a question with something unreadable
    │   ├── Busy                           the side cannot do this now; ``retry_after`` seconds if it told how long
    │   └── OutOfCalls                     Salesforce's API calls are used up, or the rest is reserved for others
    └── Fatal                    exit 78   that side pauses until a person acts
        ├── InvalidSettings                settings.yaml or a secret: all problems at once
        ├── AnotherOrg                     the org is not the one that the state was made with: the daemon ends
        └── SideDenied                     a side denies a sign-in or a permission, or is not what the settings say

The state's own errors (locked, damaged, missing) stand in :mod:`state.errors`. Each error that an operator can meet
carries a ``hint``: what to do, and where.
"""

import re
from typing import Literal

from state.kinds import SideName

# When a paused side is tried again. "sign-in": ever more rarely up to an hour, where a person must fix the sign-in;
# "calls": up to a quarter of an hour, where the trouble may end by itself; "hourly": where each try does harm or is
# known to be in vain.
Probe = Literal["sign-in", "calls", "hourly"]


# Characters in a side's words that the state or a stream does not take, or that a terminal acts on.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


_LONGEST = 20_000


class InvoiceSyncError(Exception):
    """An error for people: the message says what happened, and ``hint`` what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(_UNKEPT.sub("\N{REPLACEMENT CHARACTER}", message[:_LONGEST]))
        self.hint = hint


class UsageError(InvoiceSyncError):
    """A command whose arguments make no sense."""

    exit_code = 2


class RejectedRecord(InvoiceSyncError):  # noqa: N818  (the house's word)
    """One record cannot be used, for a reason that a person must fix."""


class Retriable(InvoiceSyncError):  # noqa: N818
    """A failure that passes by itself: the work is tried again later."""

    exit_code = 75

    def __init__(self, message: str, *, side: SideName, too_much: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.side: SideName = side
        # Too large an answer, or too slow a one: a smaller question may be answered.
        self.too_much = too_much
        # The invoices that the failed call was about, where not all that were asked for; empty: no call was made.
        self.about: frozenset[int] | None = None


class Unreachable(Retriable):
    """No answer, or an unreadable one. ``sent``: the side may have carried out the call nevertheless.

    ``too_much``: the answer has more bytes or values than are read; half of what was asked for may fit.
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
    """The side answered the question, but the answer is unreadable."""


class Busy(Retriable):
    """The side answered, but cannot do this now. ``retry_after``: for how many seconds, if the answer tells.

    ``unanswered``: a gateway answered in the side's place, and the side may still carry out the call.
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
    """Salesforce's daily API calls are used up, or the rest is reserved for others."""


class Fatal(InvoiceSyncError):  # noqa: N818
    """A failure that lasts until a person acts."""

    exit_code = 78


class InvalidSettings(Fatal):
    """The settings or a secret cannot be used. ``problems`` lists all problems, a line each."""

    def __init__(self, problems: list[str], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class AnotherOrg(Fatal):
    """Salesforce is another org than the state's own, so the daemon does nothing with this state."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.side: SideName = "salesforce"


class SideDenied(Fatal):
    """A side denies a sign-in or a permission, or does not match the settings.

    ``probe``: when the side is tried again; ``about_secrets``: whether other secrets may fix it; ``missing``: the side
    answered that the thing asked for does not exist; ``of_object``: the side denies the kind of record that the call
    was about, and may take others.
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
