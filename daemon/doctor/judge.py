"""Decides what a clock, a disk, an address or an org means for the daemon; it takes values and asks nobody."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from daemon.doctor.report import Line
from daemon.magento.inspection import Address
from daemon.salesforce.organization import Organization
from daemon.salesforce.sign_in import difference

_AGREE = timedelta(minutes=1)
_REFUSED_FROM = timedelta(minutes=10)  # Magento takes no signature that is from further ahead
_OFFLOADED = (
    "The proxy that ends TLS must send X-Forwarded-Proto: https, and Magento must know it (bin/magento "
    "config:set web/secure/offloader_header X-Forwarded-Proto)."
)
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


def judge_address(base_url: str, address: Address) -> Line:
    """Whether Magento is called by the address that it knows itself by: its signatures are made over it."""
    tried = f"where {base_url}/ leads, and the cookie of Magento's session"
    said, mend = _rewritten(base_url, address)
    if said:
        return Line("magento", "address", "warning", tried, said, mend)
    behind = f"; behind a proxy ({', '.join(address.through)})" if address.through else ""
    return Line("magento", "address", "ok", tried, f"nothing tells that a proxy rewrites it{behind}")


def other_addresses(base_url: str) -> list[str]:
    """What Magento may see where a proxy hands on another scheme or port than was called."""
    asked = urlsplit(base_url)
    host = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else asked.hostname
    other = {"https": "http", "http": "https"}[asked.scheme]
    places = (asked.netloc, host, f"{host}:8080")
    found = [f"{scheme}://{place}" for place in places for scheme in (other, asked.scheme)]
    return list(dict.fromkeys(url for url in found if url != f"{asked.scheme}://{asked.netloc}"))


def explain_signature(base_url: str, address: Address | None, seen_as: str | None = None) -> str:
    """What to do about a signature that Magento cannot follow: it signs the URL that it sees, whatever was called.

    ``seen_as``: another address whose signature it could follow.
    """
    if seen_as:
        asked = urlsplit(base_url)
        return (
            f"The keys are right, but Magento sees {seen_as} where {asked.scheme}://{asked.netloc} was called: let the "
            "proxy hand on host, port and scheme as they are (Host, X-Forwarded-Proto)."
        )
    said, mend = _rewritten(base_url, address) if address else (None, None)
    if said:
        return f"{said[0].upper()}{said[1:]}. {mend}"
    return (
        "Either one of the two secrets is wrong: copy them anew (System > Extensions > Integrations). Or Magento sees "
        f"another URL than {base_url}: a proxy must hand on host, port and scheme as they are (Host, "
        "X-Forwarded-Proto), and nothing may be put before /rest."
    )


def _rewritten(base_url: str, address: Address) -> tuple[str | None, str | None]:
    asked = urlsplit(base_url)
    if address.location:
        target = urlsplit(address.location)
        same = (target.hostname or asked.hostname) == asked.hostname
        if same and target.netloc and target.scheme == asked.scheme and _port(target) == _port(asked):
            if target.path.rstrip("/") == asked.path.rstrip("/"):
                return (
                    f"{base_url}/ leads to itself: Magento takes the call for plain http",
                    _OFFLOADED,
                )
        elif target.netloc:
            to = f"{target.scheme}://{target.netloc}"
            return f"{base_url}/ leads to {to}: the shop knows itself by that", f"Set magento.base_url to {to}."
    if address.cookie_domain and asked.hostname and address.cookie_domain != asked.hostname.lower():
        return (
            f"Magento sees the host {address.cookie_domain} where {asked.hostname} was called",
            f"Let the proxy hand on the Host header as it is, or set magento.base_url to https://{address.cookie_domain}.",
        )
    return None, None


def _port(parts: object) -> int | None:
    port = getattr(parts, "port", None)
    return port or {"https": 443, "http": 80}.get(getattr(parts, "scheme", ""))
