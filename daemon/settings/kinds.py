"""The kinds of values that settings have: how each is written, and what it must be."""

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

_LONGEST_SOCKET = 107  # the longest path that the system takes for one
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A name of labels, none of them empty, or an IPv6 address; what no HTTP library would take is refused here.
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_NO_PATH = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


def parse_duration(value: object) -> timedelta:
    """``90``, ``90s``, ``5m``, ``2h`` or ``30d``."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError("is not a duration: write seconds, or 90s, 5m, 2h, 30d")
    try:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"])
    except OverflowError:
        raise ValueError("is a duration beyond all time") from None


def place_file(value: str | None, info: ValidationInfo) -> str | None:
    """The path, where it is relative from the folder of settings.yaml: commands mean the same file in any folder."""
    if not value:
        return None
    if _NO_PATH.search(value):
        raise ValueError("holds a character that no path has")
    try:
        place = Path(value).expanduser()
    except RuntimeError:
        raise ValueError("begins with the home folder of a user who is not known here") from None
    folder = (info.context or {}).get("folder")
    return str(place if folder is None else folder / place)


def is_loopback(url: str) -> bool:
    """Whether the URL names this machine itself: the only place where plain http is taken."""
    return _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0  # 1 to 65535, or none
    except ValueError:
        return False


def check_url(value: str) -> str:
    """The URL without a slash at its end; ValueError when no side can be called by it."""
    try:
        parts = urlsplit(value)
    except ValueError:  # its text repeats the URL, in which a password may stand
        raise ValueError("is not a URL: write https://host") from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or "") or not _has_port(parts):
        raise ValueError("is not a URL: write https://host")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("must begin with https:// (plain http is taken for loopback addresses only)")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be a plain URL, without user name, query or fragment")
    return value.rstrip("/")


def check_shop_url(value: str) -> str:
    """A shop's base URL; ValueError for the URL of its REST API, below which Magento processes nothing.

    Magento answers 400 there, as it does for a store that it does not know.
    """
    url = check_url(value)
    rest = re.search(r"/rest(/|$)", urlsplit(url).path)
    if rest:
        shop = urlsplit(url)._replace(path=urlsplit(url).path[: rest.start()]).geturl()
        raise ValueError(f"is to be the shop's base URL, without /rest: {shop}")
    return url


def _parse_percent(value: object) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", str(value))
    if match is None or float(match[1]) > 100:
        raise ValueError("is not a share: write 0% to 100%")
    return float(match[1]) / 100


def _parse_day(value: object) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        return _parse_day(datetime.fromisoformat(str(value)))
    except (ValueError, OverflowError):
        raise ValueError("is not a date: write 2026-01-31, or 2026-01-31T12:00:00Z") from None


def _check_listen(value: str | None) -> str | None:
    """An address of this machine and a port, by name only ``localhost``, so that nothing is looked up; or a path."""
    if value is None:
        return None
    if value.startswith("/"):
        if len(value.encode(errors="replace")) > _LONGEST_SOCKET or "\0" in value:
            raise ValueError(f"is no path of a Unix socket: it may have {_LONGEST_SOCKET} bytes")
        return value
    host, colon, port = value.rpartition(":")
    try:
        known = host == "localhost" or ip_address(host.removeprefix("[").removesuffix("]")) is not None
    except ValueError:
        known = False
    if not colon or not known or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("is not an address and a port: write 127.0.0.1:8470, /path/of/a/socket, or null for none")
    return value


def text_of_number(value: object) -> object:
    """``66.0`` written without quotes is the text that was meant."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def between(low: str, high: str) -> AfterValidator:
    """A duration that is not shorter than the one and not longer than the other, both as people write them."""

    def check(value: timedelta) -> timedelta:
        if not parse_duration(low) <= value <= parse_duration(high):
            raise ValueError(f"must be between {low} and {high}")
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Url = Annotated[str, AfterValidator(check_url)]
Place = Annotated[str | None, AfterValidator(place_file)]
ShopUrl = Annotated[str, AfterValidator(check_shop_url)]
Share = Annotated[float, BeforeValidator(_parse_percent)]
Day = Annotated[datetime | None, BeforeValidator(_parse_day)]
ApiName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
Listen = Annotated[str | None, AfterValidator(_check_listen)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}(\.[A-Za-z][A-Za-z0-9_]{0,79})?$")]
