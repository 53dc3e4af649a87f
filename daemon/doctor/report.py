"""What the doctor found: a line for each thing that was tried, and what they come to together."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from daemon.errors import InvoiceSyncError, OutOfCalls, Retriable, Unreachable

Area = Literal["settings", "secrets", "state", "clocks", "magento", "salesforce", "objects"]
AREAS: tuple[Area, ...] = get_args(Area)
Status = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was tried. ``passing``: an error that ends by itself; ``skipped``: what it needs is missing."""

    area: Area
    check: str
    status: Status
    tried: str
    result: str
    mend: str | None = None
    passing: bool = False


def failure(area: Area, check: str, tried: str, error: InvoiceSyncError) -> Line:
    """The line of something that was tried and raised our error."""
    mend = error.hint or (_of_passing(error) if isinstance(error, Retriable) else None)
    return Line(area, check, "error", tried, str(error), mend, isinstance(error, Retriable))


def _of_passing(error: Retriable) -> str:
    """What to do about something that says itself only what happened: it may pass, or be no passing matter at all."""
    if isinstance(error, OutOfCalls):
        return "Each is given back 24 hours after it was used (Setup > Company Information shows the limit)."
    if isinstance(error, Unreachable):
        url = "magento.base_url" if error.side == "magento" else "salesforce.login_url"
        return f"Is {url} right, and does a firewall let this machine through? If it is only down, try again later."
    return "This passes by itself; run `invoice-sync check` again later."


@dataclass(frozen=True, slots=True)
class Report:
    """All lines, and on top of them which shop would be carried into which org."""

    magento: str | None
    salesforce: str | None
    org: dict[str, str | bool] | None
    lines: tuple[Line, ...] = field(default_factory=tuple)

    @property
    def outcome(self) -> Literal["ok", "warning", "error"]:
        """The worst of the lines."""
        found = {line.status for line in self.lines}
        return "error" if "error" in found else "warning" if "warning" in found else "ok"

    @property
    def exit_code(self) -> int:
        """0 unless there is an error: 78 where a person must act, 75 where all of them end by themselves."""
        errors = [line for line in self.lines if line.status == "error"]
        return 0 if not errors else 75 if all(line.passing for line in errors) else 78
