"""Judges clocks, disk, address and org from plain values, without any call."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from daemon.doctor.report import Line
from daemon.magento.diagnosis import Address, rewritten
from daemon.salesforce.identity import Organization
from daemon.salesforce.sign_in import difference

_AGREE = timedelta(minutes=1)
_REFUSED_FROM = timedelta(minutes=10)  # Magento accepts no signature from further ahead
_NTP = "Let both machines set their clocks by NTP (timedatectl)."
_LITTLE_ROOM, _NO_ROOM = 100_000_000, 5_000_000
_FOR_TRIALS = re.compile(
    r"(^|[.-])(staging|stage|stg|test|testing|dev|devel|development|qa|uat|sandbox|preprod|preview|demo|local)\d*([.-]|$)"
)


def judge_clock(side: str, theirs: datetime | None, ours: datetime) -> Line:
    """Compare this machine's clock with a web server's, from the Date header of an answer."""
    tried = f"the Date header of {side}'s answer"
    if theirs is None:
        fix = "A proxy removes it; let it pass." if side == "Magento" else None
        return Line("clocks", side, "warning" if fix else "skipped", tried, f"{side} did not send its time", fix)
    ahead = ours - theirs
    if abs(ahead) <= _AGREE:
        return Line(
            "clocks", side, "ok", tried, f"differs from this machine's by {abs(round(ahead.total_seconds()))} s"
        )
    said = f"this machine's clock is {difference(ahead)} {side}'s"
    refused = ahead >= _REFUSED_FROM if side == "Magento" else abs(ahead) >= timedelta(minutes=2)
    why = ", so signed calls are refused" if refused and side == "Magento" else ""
    return Line("clocks", side, "warning", tried, f"{said}{why}", _NTP)


def judge_stamps(newest: datetime | None, web_server: datetime | None) -> Line:
    """Compare the database's clock, which stamps invoices, with the web server's, which polls go by."""
    tried = "the newest invoice's updated_at"
    if newest is None or web_server is None:
        return Line("clocks", "Magento's database", "skipped", tried, "no invoice shows it yet")
    ahead = newest - web_server
    if ahead > _AGREE:
        said = f"the stamp is {difference(ahead)} Magento's web server"
        return Line("clocks", "Magento's database", "warning", tried, said, _NTP)
    return Line(
        "clocks", "Magento's database", "ok", tried, f"the stamp is {newest:%Y-%m-%d %H:%M:%S} UTC, not in the future"
    )


def judge_room(free: int, place: str) -> Line:
    """Judge the room for the state on the disk."""
    tried, said = f"the room on the disk of {place}", f"{free // 1_000_000:,} MB are free"
    if free < _NO_ROOM:
        return Line("state", "room", "error", tried, said, "Free some: without room for the outcome nothing is sent.")
    if free < _LITTLE_ROOM:
        return Line("state", "room", "warning", tried, said, "Free some: 100,000 invoices take about 100 MB.")
    return Line("state", "room", "ok", tried, said)


def judge_calls(used: int | None, limit: int | None, reserve: float) -> Line:
    """Compare the rest of the org's daily calls with the reserve for others."""
    tried = "the Sforce-Limit-Info header"
    if used is None or not limit:
        return Line("salesforce", "API calls", "skipped", tried, "Salesforce did not send them")
    said = f"{max(0, limit - used):,} of {limit:,} calls are left today"
    if used > limit * (1 - reserve):
        said += f"; {reserve:.0%} are reserved for others (salesforce.api_reserve), so nothing is sent for now"
        fix = "Sending goes on when calls are given back (each 24 hours after its use), or with a smaller reserve."
        return Line("salesforce", "API calls", "warning", tried, said, fix)
    return Line("salesforce", "API calls", "ok", tried, said)


def for_trials(url: str) -> bool:
    """Return whether the host looks like a test shop's."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return not ip_address(host).is_global
    except ValueError:
        return _FOR_TRIALS.search(host) is not None or host == "localhost" or host.endswith((".invalid", ".example"))


def judge_pair(base_url: str, org: Organization) -> Line:
    """Judge whether shop and org fit: both for trials, or both live."""
    host = urlsplit(base_url).netloc
    tried = f"{host} beside {org.name}"
    kind = "production" if org.production else "a sandbox" if org.sandbox else f"for trials ({org.edition})"
    if for_trials(base_url) and org.production:
        said = f"{host} looks like a test shop, and the org {org.name} is production"
        fix = "If that is not meant, correct salesforce.login_url before anything is sent."
        return Line("salesforce", "shop and org", "warning", tried, said, fix)
    if not for_trials(base_url) and not org.production:
        said = f"{host} looks like a live shop, and the org {org.name} is {kind}"
        fix = "If that is not meant, correct magento.base_url or salesforce.login_url."
        return Line("salesforce", "shop and org", "warning", tried, said, fix)
    return Line("salesforce", "shop and org", "ok", tried, f"they match: the org is {kind}")


def judge_address(base_url: str, address: Address, *, followed: bool = True, seen_as: str | None = None) -> Line:
    """Judge whether Magento is called by its own address, over which calls are signed.

    ``followed``: Magento could follow our signature. ``seen_as``: the only address over which Magento could follow one.
    """
    tried = f"where {base_url}/ leads, and the cookie of Magento's session"
    said, fix = rewritten(base_url, address)
    if said:
        return Line("magento", "address", "warning", tried, said, fix)
    behind = f"; behind a proxy ({', '.join(address.through)})" if address.through else ""
    if seen_as:
        said = f"Magento sees {seen_as}, as its answer to a signature shows{behind}"
        return Line("magento", "address", "warning", tried, said, "The sign-in line says what to do.")
    if not followed:
        said = f"not known: Magento cannot follow our signature, perhaps because of the address{behind}"
        return Line("magento", "address", "skipped", tried, said)
    return Line("magento", "address", "ok", tried, f"no sign of a proxy that rewrites it{behind}")
