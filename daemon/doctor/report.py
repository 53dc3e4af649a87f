"""The report of a check: a line for each attempt, and the outcome of all."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from daemon.errors import InvoiceSyncError, OutOfCalls, Retriable, Unreachable

Area = Literal["settings", "secrets", "state", "clocks", "magento", "salesforce", "objects"]
AREAS: tuple[Area, ...] = get_args(Area)
Status = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class Line:
    """One attempt. ``passing``: an error that ends by itself; ``skipped``: a precondition is missing."""

    area: Area
    check: str
    status: Status
    tried: str
    result: str
    fix: str | None = None
    passing: bool = False


def failure(area: Area, check: str, tried: str, error: InvoiceSyncError) -> Line:
    """Return the line of an attempt ended by ``error``."""
    fix = error.hint or (_of_passing(error) if isinstance(error, Retriable) else None)
    return Line(area, check, "error", tried, str(error), fix, isinstance(error, Retriable))


def _of_passing(error: Retriable) -> str:
    """Return a fix for a passing error without a hint; the error may also last."""
    if isinstance(error, OutOfCalls):
        return "Each call is given back 24 hours after its use (Setup > Company Information shows the limit)."
    if isinstance(error, Unreachable):
        url = "magento.base_url" if error.side == "magento" else "salesforce.login_url"
        return (
            f"Is {url} right, and does a firewall let this machine through? If the side is only down, try again later."
        )
    return "This passes by itself; run `invoice-sync check` again later."


@dataclass(frozen=True, slots=True)
class Report:
    """All lines, with the shop and the org above them."""

    magento: str | None
    salesforce: str | None
    org: dict[str, str | bool] | None
    lines: tuple[Line, ...] = field(default_factory=tuple)

    @property
    def outcome(self) -> Literal["ok", "warning", "error"]:
        """Return the worst status of the lines."""
        found = {line.status for line in self.lines}
        return "error" if "error" in found else "warning" if "warning" in found else "ok"

    @property
    def exit_code(self) -> int:
        """Return 0 without an error, 75 when all errors end by themselves, else 78: a person must act."""
        errors = [line for line in self.lines if line.status == "error"]
        return 0 if not errors else 75 if all(line.passing for line in errors) else 78
