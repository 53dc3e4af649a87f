"""Whether a side is worked with now: it pauses when a person must act, and is said once when it fails and recovers."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar, cast

from daemon.errors import (
    Busy,
    Fatal,
    InvoiceSyncError,
    OutOfCalls,
    Probe,
    Retriable,
    SideDenied,
    SideName,
    Unreachable,
    Unreadable,
)
from daemon.spelling import sentences
from daemon.sync.parts import Parts, Tally
from state.sides import Side

T = TypeVar("T")


class LeftAlone(Exception):  # noqa: N818
    """What is to be done needs a side that is not to be called now."""


# Seconds until a side that is paused is tried again, by how often it was in vain.
_STEPS: dict[Probe, tuple[int, ...]] = {
    "sign-in": (60, 300, 900, 3600),
    "calls": (60, 120, 240, 480, 900),
    "hourly": (3600,),
}
LONGEST = timedelta(hours=1)


def calls(parts: Parts, side: SideName) -> int:
    """How many calls the side's client has made."""
    return parts.magento.calls if side == "magento" else parts.salesforce.connection.calls


def attempt(parts: Parts, tally: Tally, side: SideName, work: Callable[[], T]) -> T | None:
    """Do the work and note whether the side answered; None when it (or the other side, on its way) did not."""
    before = calls(parts, side)
    result = None
    try:
        result = work()
    except LeftAlone:
        pass
    except InvoiceSyncError as error:
        tally.error = tally.error or str(error)
        tally.failure = tally.failure or error
        tally.salesforce_failed = tally.salesforce_failed or side == "salesforce"
        failed(parts, cast("SideName", getattr(error, "side", side)), error)
        return None
    if calls(parts, side) > before:
        answered(parts, side)
        if side == "salesforce":
            _learn_org(parts)
    return result


def bear(parts: Parts, tally: Tally, error: Retriable, *, alone: bool, began_at: float) -> None:
    """Go on after a call to Salesforce that failed; raise its error when Salesforce itself is down.

    It is down when nothing could be sent, when it names a time to come back, when a second call about other records
    fails right after, and when it was failing before this pass and has answered nothing since. So a side that is down
    costs two calls, then one a pass. ``alone``: the call was about one record that failed in a call of its own before.
    """
    seconds = parts.clock.monotonic() - began_at
    if not is_about_records(error) or (isinstance(error, Busy) and error.retry_after is not None):
        raise error
    if not tally.calls.answered and parts.store.sides.get("salesforce").status != "ok":
        raise error
    if tally.calls.note_failure(error, alone=alone, seconds=seconds):
        raise error
    parts.log.warning("call.failed", reason=str(error), hint="What it carried is tried again in smaller calls.")


def is_about_records(error: Retriable) -> bool:
    """Return whether a failed call to Salesforce may have died of the records that it was about."""
    if error.side != "salesforce" or (error.about is not None and not error.about):
        return False
    return not isinstance(error, Unreachable) or error.sent or isinstance(error, Unreadable)


def is_open(parts: Parts, side: SideName) -> bool:
    """Whether the side is to be called now."""
    return may_be_called(parts, parts.store.sides.get(side))


def may_be_called(parts: Parts, known: Side) -> bool:
    """The same of what is known of it."""
    return known.next_try_at is None or known.next_try_at <= parts.now()


def answered(parts: Parts, side: SideName) -> None:
    """The side works."""
    known = parts.store.sides.get(side)
    if known.status != "ok":
        event = f"{side}.recovered"
        parts.log.info(event, since=str(known.since), reason=known.reason)
    fresh = _with_usage(parts, Side(side, api_used=known.api_used, api_limit=known.api_limit))
    if fresh != known:
        parts.store.sides.note(fresh)


def failed(parts: Parts, side: SideName, error: InvoiceSyncError) -> None:
    """The side does not work; the first time, or when it is for another reason, it is said."""
    known = parts.store.sides.get(side)
    paused = isinstance(error, Fatal | OutOfCalls)
    status = "paused" if paused else "failing"
    wait: float | None = None
    if paused:
        steps = _STEPS[_probe_of(error)]
        wait = steps[min(known.failures, len(steps) - 1)]
    elif isinstance(error, Busy):
        wait = error.retry_after
    reason = parts.store.redact(str(error))  # as what is known of it: the two are compared
    hint = _hint(parts, error)
    if known.status != status or (paused and not _tells(known.reason, reason)):
        event = "salesforce.budget_reached" if isinstance(error, OutOfCalls) else f"{side}.failing"
        parts.log.warning(event, reason=reason, hint=hint, api_used=known.api_used, api_limit=known.api_limit)
    fresh = replace(
        known,
        status=status,
        reason=sentences(reason, hint) if hint else reason,
        since=known.since or parts.now(),
        failures=known.failures + 1,
        next_try_at=None if wait is None else parts.now() + timedelta(seconds=wait),
        exit_code=error.exit_code,
    )
    if paused and not is_open(parts, side) and _tells(known.reason, reason):
        # A person's request met the pause: the next try does not wait longer for that.
        fresh = replace(fresh, failures=known.failures, next_try_at=known.next_try_at)
    parts.store.sides.note(_with_usage(parts, fresh))


def _probe_of(error: InvoiceSyncError) -> Probe:
    if isinstance(error, OutOfCalls):
        return "calls"
    return error.probe if isinstance(error, SideDenied) else "sign-in"


def _hint(parts: Parts, error: InvoiceSyncError) -> str | None:
    """What to do; and of a sign-in also when its secrets are read again, if that is not at once."""
    if isinstance(error, SideDenied) and error.about_secrets:
        fixed = sorted(name for name in parts.configuration.secrets.fixed if name.startswith(error.side))
        if fixed:
            restart = f"A change of {', '.join(fixed)} takes effect with a restart."
            return f"{error.hint} {restart}" if error.hint else restart
    return error.hint


def _tells(known: str | None, reason: str) -> bool:
    """Whether that reason was told already; how many calls are used by now is no other reason."""
    return re.sub(r"\d+", "", known or "").startswith(re.sub(r"\d+", "", reason))


def require_calls(parts: Parts) -> None:
    """Before each call: OutOfCalls when what is left of the org's daily calls is reserved for others.

    One probe is let through whenever a pause is over: only an answer tells that calls were given back.
    """
    connection = parts.salesforce.connection
    probing, parts.probing = parts.probing, False
    if connection.reserve_reached and not probing:
        raise OutOfCalls(
            f"{connection.api_used} of the org's {connection.api_limit} daily API calls are used; the rest is left to "
            "others (salesforce.api_reserve)",
            side="salesforce",
        )


def _learn_org(parts: Parts) -> None:
    connection = parts.salesforce.connection
    if connection.instance_url is not None:
        learnt = {"instance_url": connection.instance_url, "organization_id": connection.organization_id}
        for name, value in learnt.items():
            if value is not None and parts.store.facts.get(name) != value:
                parts.store.facts.learn(name, value)


def _with_usage(parts: Parts, known: Side) -> Side:
    connection = parts.salesforce.connection
    if known.side != "salesforce" or connection.api_used is None:
        return known
    return replace(known, api_used=connection.api_used, api_limit=connection.api_limit)
