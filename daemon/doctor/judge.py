"""Decides what a clock, a disk, an address or an org means for the daemon; it takes values and asks nobody."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from daemon.doctor.report import Line
from daemon.magento.diagnosis import Address, rewritten
from daemon.salesforce.identity import Organization
from daemon.salesforce.sign_in import difference

_AGREE = timedelta(minutes=1)
_REFUSED_FROM = timedelta(minutes=10)  # Magento takes no signature that is from further ahead
_NTP = "Let both machines set their clocks by NTP (timedatectl)."
_LITTLE_ROOM, _NO_ROOM = 100_000_000, 5_000_000
_FOR_TRIALS = re.compile(
    r"(^|[.-])(staging|stage|stg|test|testing|dev|devel|development|qa|uat|sandbox|preprod|preview|demo|local)\d*([.-]|$)"
)


def judge_clock(side: str, theirs: datetime | None, ours: datetime) -> Line:
    """Our clock beside a web server's, as its answer's Date header tells it."""
    tried = f"the Date header of {side}'s answer"
    if theirs is None:
        mend = "A proxy removes it; let it pass." if side == "Magento" else None
        return Line("clocks", side, "warning" if mend else "skipped", tried, f"{side} has told no time", mend)
    ahead = ours - theirs
    if abs(ahead) <= _AGREE:
        return Line("clocks", side, "ok", tried, f"agrees with this machine's to {abs(round(ahead.total_seconds()))} s")
    said = f"this machine's clock is {difference(ahead)} {side}'s"
    refused = ahead >= _REFUSED_FROM if side == "Magento" else abs(ahead) >= timedelta(minutes=2)
    why = ", so signed calls are refused" if refused and side == "Magento" else ""
    return Line("clocks", side, "warning", tried, f"{said}{why}", _NTP)


def judge_stamps(newest: datetime | None, web_server: datetime | None) -> Line:
    """The database's clock, which stamps invoices, beside the web server's, which polls go by."""
    tried = "the newest invoice's updated_at"
    if newest is None or web_server is None:
        return Line("clocks", "Magento's database", "skipped", tried, "there is no invoice yet that tells it")
    ahead = newest - web_server
    if ahead > _AGREE:
        said = f"it is stamped {difference(ahead)} Magento's web server"
        return Line("clocks", "Magento's database", "warning", tried, said, _NTP)
    return Line(
        "clocks", "Magento's database", "ok", tried, f"it is of {newest:%Y-%m-%d %H:%M:%S} UTC, not in the future"
    )


def judge_room(free: int, place: str) -> Line:
    """Whether the disk has room for the state."""
    tried, said = f"the room on the disk of {place}", f"{free // 1_000_000:,} MB are free"
    if free < _NO_ROOM:
        return Line("state", "room", "error", tried, said, "Free some; nothing is sent that cannot be remembered.")
    if free < _LITTLE_ROOM:
        return Line("state", "room", "warning", tried, said, "Free some: 100,000 invoices take about 100 MB.")
    return Line("state", "room", "ok", tried, said)


def judge_calls(used: int | None, limit: int | None, reserve: float) -> Line:
    """What is left of the org's daily calls, beside what is to be left to others."""
    tried = "the Sforce-Limit-Info header"
    if used is None or not limit:
        return Line("salesforce", "API calls", "skipped", tried, "Salesforce has not told them")
    said = f"{max(0, limit - used):,} of {limit:,} calls are left today"
    if used > limit * (1 - reserve):
        said += f"; {reserve:.0%} are left to others (salesforce.api_reserve), so nothing is sent for now"
        mend = "It goes on as calls are given back (each 24 hours after it was used), or with a smaller reserve."
        return Line("salesforce", "API calls", "warning", tried, said, mend)
    return Line("salesforce", "API calls", "ok", tried, said)


def for_trials(url: str) -> bool:
    """Whether a shop's host looks like one of a test shop."""
    host = (urlsplit(url).hostname or "").lower()
    try:
        return not ip_address(host).is_global
    except ValueError:
        return _FOR_TRIALS.search(host) is not None or host == "localhost" or host.endswith((".invalid", ".example"))


def judge_pair(base_url: str, org: Organization) -> Line:
    """Whether shop and org are both for trials, or both live."""
    host = urlsplit(base_url).netloc
    tried = f"{host} beside {org.name}"
    kind = "production" if org.production else "a sandbox" if org.sandbox else f"for trials ({org.edition})"
    if for_trials(base_url) and org.production:
        said = f"{host} looks like a test shop, and the org {org.name} is production"
        mend = "If that is not meant, correct salesforce.login_url before anything is sent."
        return Line("salesforce", "shop and org", "warning", tried, said, mend)
    if not for_trials(base_url) and not org.production:
        said = f"{host} looks like a live shop, and the org {org.name} is {kind}"
        mend = "If that is not meant, correct magento.base_url or salesforce.login_url."
        return Line("salesforce", "shop and org", "warning", tried, said, mend)
    return Line("salesforce", "shop and org", "ok", tried, f"they look alike: the org is {kind}")


def judge_address(base_url: str, address: Address, *, followed: bool = True, seen_as: str | None = None) -> Line:
    """Whether Magento is called by the address that it knows itself by: its signatures are made over it.

    ``followed``: Magento could follow our signature; ``seen_as``: it could only follow one made over this address.
    """
    tried = f"where {base_url}/ leads, and the cookie of Magento's session"
    said, mend = rewritten(base_url, address)
    if said:
        return Line("magento", "address", "warning", tried, said, mend)
    behind = f"; behind a proxy ({', '.join(address.through)})" if address.through else ""
    if seen_as:
        said = f"Magento sees {seen_as}, as its signature tells{behind}"
        return Line("magento", "address", "warning", tried, said, "The line of the sign-in says what to do.")
    if not followed:
        said = f"not known: the signature that Magento cannot follow may be about it{behind}"
        return Line("magento", "address", "skipped", tried, said)
    return Line("magento", "address", "ok", tried, f"nothing tells that a proxy rewrites it{behind}")
