"""Checks this machine and both sides before the daemon needs them.

A check writes nothing but the count of an administrator's denied sign-ins: six of them lock the account.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from daemon.clock import Clock
from daemon.doctor.local import examine_secrets, examine_settings, examine_state
from daemon.doctor.magento import examine_magento
from daemon.doctor.report import AREAS, Area, Line, Report
from daemon.doctor.salesforce import OrgVisit
from daemon.magento import SignIns
from daemon.redaction import Redaction
from daemon.settings import Configuration, state_path
from daemon.settings.examination import Examined, examine
from daemon.transport import Transport
from state.sign_ins import keep_count, locked_until

__all__ = ["Line", "Report", "check_all"]


def check_all(path: Path, environ: Mapping[str, str], clock: Clock) -> Report:
    """Check as much as possible, also after failures, and return the report."""
    examined = examine(path, environ)
    lines = [*examine_settings(path, examined), *examine_secrets(path.parent / "secrets", examined)]
    configuration = examined.configuration
    if configuration is None:
        areas: tuple[Area, ...] = ("state", "magento", "salesforce")
        lines += [Line(area, area, "skipped", str(path), "needs settings that can be read") for area in areas]
        return Report(None, None, None, tuple(lines))
    redaction, transport = Redaction(configuration.secrets), Transport()
    state_lines, state = examine_state(state_path(configuration.settings, path, environ), configuration)
    lines += state_lines
    missing = _missing(examined)
    if "magento" in missing:
        lines += [Line("magento", "sign-in", "skipped", "magento", missing["magento"])]
    else:
        where = state_path(configuration.settings, path, environ)
        counted = state.refused_sign_ins
        sign_ins = SignIns(partial(keep_count, where, clock.now), lambda: locked_until(counted, clock.now()))
        lines += examine_magento(configuration, clock, redaction, transport, sign_ins)
    visit = OrgVisit(configuration, clock, redaction, transport, state, with_shop="magento" in examined.sides)
    if "salesforce" in missing:
        lines += [Line("salesforce", "sign-in", "skipped", "salesforce", missing["salesforce"])]
    else:
        lines += visit.lines()
    in_order = sorted(lines, key=lambda line: AREAS.index(line.area))
    return Report(*_hosts(examined, configuration), visit.described, tuple(in_order))


def _missing(examined: Examined) -> dict[Area, str]:
    """Return the sides without a possible attempt, each with the reason."""
    found: dict[Area, str] = {}
    for side in ("magento", "salesforce"):
        if side not in examined.sides:
            found[side] = f"needs the section {side} of the settings"
        elif any(name.startswith(side) for name in examined.secret_problems):
            found[side] = "needs its secrets"
    return found


def _hosts(examined: Examined, configuration: Configuration) -> tuple[str | None, str | None]:
    settings = configuration.settings
    return (
        settings.magento.base_url if "magento" in examined.sides else None,
        settings.salesforce.login_url if "salesforce" in examined.sides else None,
    )
