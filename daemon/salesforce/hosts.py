"""The hosts that a session of this org may be used at: those of Salesforce, and the host of login_url."""

from urllib.parse import SplitResult, urlsplit

from daemon.errors import SideDenied
from daemon.settings.kinds import check_url, is_loopback

# Production, sandboxes and Lightning; Government Cloud; Salesforce on Alibaba Cloud. The list has the domains
# that Salesforce's own command line and its documented allowlists name for orgs.
_SALESFORCES = (
    "salesforce.com", "force.com", "cloudforce.com",
    "salesforce.mil", "force.mil", "cloudforce.mil", "crmforce.mil",
    "sfcrmproducts.cn", "sfcrmapps.cn",
)  # fmt: skip
_MY_DOMAIN = "Set salesforce.login_url to the org's My Domain (https://<name>.my.salesforce.com)."
_LIGHTNING = ".lightning.force.com"
_LONGEST_HOST = 253
_NO_HOST = "a place without a host"


def require_trusted(instance_url: str, login_url: str) -> str:
    """Return the URL for calls, without a path; SideDenied for any other host than this org's.

    The token goes nowhere else, whatever answered at login_url.
    """
    parts = _parts(instance_url)
    login = urlsplit(login_url)
    if parts is None or not _is_trusted(parts, login):
        raise SideDenied(
            f"the sign-in at {login.netloc} sends calls to {host_of(instance_url)}, which belongs neither to "
            "Salesforce nor to salesforce.login_url; nothing is sent there",
            side="salesforce",
            hint=f"{_MY_DOMAIN} If it is already, find out what answers in its place: a proxy, or a wrong DNS entry.",
        )
    return f"{parts.scheme}://{parts.netloc}"


def host_of(url: str) -> str:
    """Return the host of a URL in an answer, for people to read, without path, query and user name."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _NO_HOST
    if not host:
        return _NO_HOST
    known = host[:_LONGEST_HOST]
    return known if parts.scheme == "https" else f"{parts.scheme or 'no scheme'}://{known}"


def my_domain_of(login_url: str) -> str:
    """Return the hint for a login_url whose host does not sign in."""
    host = urlsplit(login_url).hostname or ""
    if host.endswith(_LIGHTNING):
        return f"Set salesforce.login_url to the org's My Domain: https://{host.removesuffix(_LIGHTNING)}.my.salesforce.com"
    return _MY_DOMAIN


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL, if valid in the settings too."""
    if not url.isascii() or any(sign in url for sign in "\\ \t\r\n"):
        return None  # two readers of URLs would read it differently
    try:
        return urlsplit(check_url(url))
    except ValueError:
        return None


def _is_trusted(parts: SplitResult, login: SplitResult) -> bool:
    if "@" in parts.netloc:
        return False
    host = (parts.hostname or "").rstrip(".")
    if is_loopback(login.geturl()):  # a sandbox on this machine may send on to another port of it
        return is_loopback(parts.geturl())
    if parts.scheme != "https" or is_loopback(parts.geturl()):
        return False
    if host == login.hostname:
        return parts.port in {login.port, None, 443}
    return parts.port in {None, 443} and any(host.endswith(f".{domain}") for domain in _SALESFORCES)
