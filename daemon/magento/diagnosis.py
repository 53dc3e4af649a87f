"""Finds out why Magento denies a signature: the URL at Magento may differ from the called URL."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from daemon.errors import InvoiceSyncError, SideDenied
from daemon.magento.connection import Connection
from daemon.magento.search import Filter, query
from daemon.magento.sign import OAuth1
from daemon.magento.sign_in_errors import AccessDenied
from daemon.settings import Configuration
from daemon.spelling import sentences

NOTHING = [[Filter("entity_id", "eq", "0")]]
_OFFLOADED = (
    "The proxy that ends TLS must send X-Forwarded-Proto: https, and Magento must know it (bin/magento "
    "config:set web/secure/offloader_header X-Forwarded-Proto)."
)
_NGINX = (
    "Without a proxy, nginx may still leave the port out, as Debian's fastcgi_params does: set `fastcgi_param "
    "HTTP_HOST $http_host;`."
)
_PROXIES = ("Via", "X-Varnish", "CF-Ray", "X-Served-By", "X-Amz-Cf-Id", "X-Cache")
_HOST = re.compile(r"[\w.-]{1,253}", re.ASCII)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Address:
    """The shop's own address: the target of its front page's redirect, and the host of its cookie."""

    status: int
    location: str | None = None
    cookie_domain: str | None = None
    through: tuple[str, ...] = ()  # the headers of proxies in the answer


def is_about_signature(error: Exception) -> bool:
    """Return whether Magento may know the keys and deny the signature: a wrong secret, or another URL."""
    return isinstance(error, AccessDenied) and error.cause in {"signature", "unknown"}


def ask_address(connection: Connection, base_url: str) -> Address:
    """Ask the front page for the shop's own address: callers with another address get a redirect."""
    denied = connection.last
    cookie = _cookie_domain(denied.headers) if denied is not None else None
    response = connection.get_unsigned(f"{base_url}/")
    through = tuple(name for name in _PROXIES if name in response.headers)
    location = _location(response.headers) if 300 <= response.status_code < 400 else None
    return Address(response.status_code, location, _cookie_domain(response.headers) or cookie, through)


def find_seen_as(connection: Connection, configuration: Configuration) -> str | None:
    """Return the scheme and host that Magento sees, if a signature over another address passes."""
    settings = configuration.settings.magento
    for address in other_addresses(settings.base_url):
        auth = OAuth1(configuration.secrets, settings.signature, address)
        try:
            connection.read(connection.get_signed(f"invoices?{query(NOTHING, page_size=1)}", auth))
        except SideDenied as error:
            if is_about_signature(error):
                continue
        except InvoiceSyncError:
            return None
        return address
    return None


def diagnose(connection: Connection, configuration: Configuration, error: AccessDenied) -> AccessDenied:
    """Return the error about a signature with its cause, which a few calls to the shop tell."""
    base_url = configuration.settings.magento.base_url
    try:
        address = ask_address(connection, base_url)
    except InvoiceSyncError:
        return error  # the shop answers no more
    seen_as = find_seen_as(connection, configuration)
    if error.cause == "unknown" and seen_as is None and rewritten(base_url, address)[0] is None:
        return error
    return AccessDenied(
        str(error),
        cause=error.cause,
        hint=explain_signature(base_url, address, seen_as),
        probe=error.probe,
        about_secrets=error.about_secrets,
    )


def other_addresses(base_url: str) -> list[str]:
    """Return the addresses that Magento may see where a proxy passes on another scheme or port."""
    asked = urlsplit(base_url)
    host = f"[{asked.hostname}]" if ":" in (asked.hostname or "") else asked.hostname
    other = {"https": "http", "http": "https"}[asked.scheme]
    places = (asked.netloc, host, f"{host}:8080")
    found = [f"{scheme}://{place}" for place in places for scheme in (other, asked.scheme)]
    return list(dict.fromkeys(url for url in found if url != f"{asked.scheme}://{asked.netloc}"))


def explain_signature(base_url: str, address: Address | None, seen_as: str | None = None) -> str:
    """Return the hint for a denied signature.

    ``seen_as``: another address, over which Magento accepts a signature.
    """
    asked = urlsplit(base_url)
    if seen_as:
        without_port = asked.port is not None and urlsplit(seen_as).port is None
        return sentences(
            f"The keys are right, but Magento sees {seen_as} where {asked.scheme}://{asked.netloc} was called: let the "
            "proxy pass on host, port and scheme as they are (Host, X-Forwarded-Proto).",
            _NGINX if without_port else None,
        )
    said, hint = rewritten(base_url, address) if address else (None, None)
    if said:
        return sentences(f"{said[0].upper()}{said[1:]}", hint)
    return sentences(
        "Either one of the two secrets is wrong: copy them again (System > Extensions > Integrations). Or Magento sees "
        f"another URL than {base_url}: a proxy must pass on host, port and scheme as they are (Host, "
        "X-Forwarded-Proto), and must put nothing before /rest.",
        _NGINX if asked.port is not None else None,
    )


def rewritten(base_url: str, address: Address) -> tuple[str | None, str | None]:
    """Return the sign that Magento sees another address than was called, and a hint; (None, None) without a sign."""
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
            f"Let the proxy pass on the Host header as it is, or set magento.base_url to https://{address.cookie_domain}.",
        )
    return None, None


def _port(parts: object) -> int | None:
    port = getattr(parts, "port", None)
    return port or {"https": 443, "http": 80}.get(getattr(parts, "scheme", ""))


def _location(headers: Mapping[str, str]) -> str | None:
    """Return the target of a redirect, if a URL."""
    found = headers.get("Location", "")[:_LONGEST]
    try:
        _port(urlsplit(found))
    except ValueError:
        return None
    return found or None


def _cookie_domain(headers: Mapping[str, str]) -> str | None:
    """Return the host that PHP was called by: the host of its session's cookie."""
    for part in headers.get("Set-Cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name.lower() == "domain" and _HOST.fullmatch(value):
            return value.strip(". ").lower() or None
    return None
