"""The kinds of values in settings: the spelling and the limits of each."""

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

_LONGEST_SOCKET = 107  # bytes: the longest path of a Unix socket
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A name of labels, none of them empty, or an IPv6 address. Any other host would fail in every HTTP library.
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_NO_PATH = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")


class Section(BaseModel):
    """A section of the settings: frozen, complete, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def parse_duration(value: object) -> timedelta:
    """Read a duration: ``90``, ``90s``, ``5m``, ``2h`` or ``30d``."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError("is not a duration: write seconds, or 90s, 5m, 2h, 30d")
    try:
        return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"])
    except OverflowError:
        raise ValueError("is too long for a duration") from None


def place_file(value: str | None, info: ValidationInfo) -> str | None:
    """Return the path; a relative one starts at settings.yaml's folder, not at the folder of the command."""
    if not value:
        return None
    if _NO_PATH.search(value):
        raise ValueError("holds a character that no path can have")
    try:
        place = Path(value).expanduser()
    except RuntimeError:
        raise ValueError("names the home folder of a user that this machine does not have") from None
    folder = (info.context or {}).get("folder")
    return str(place if folder is None else folder / place)


def is_loopback(url: str) -> bool:
    """Return whether the URL names this machine itself, the only host with plain http."""
    return _LOOPBACK.fullmatch(urlsplit(url).hostname or "") is not None


def _has_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0  # 1 to 65535, or None
    except ValueError:
        return False


def check_url(value: str) -> str:
    """Return the URL without a slash at its end; ValueError for a URL without a callable host."""
    try:
        parts = urlsplit(value)
    except ValueError:  # the error's text repeats the URL, which may hold a password
        raise ValueError("is not a URL: write https://host") from None
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or "") or not _has_port(parts):
        raise ValueError("is not a URL: write https://host")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("must begin with https:// (plain http is allowed for loopback addresses only)")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be a plain URL, without user name, query or fragment")
    return value.rstrip("/")


def check_shop_url(value: str) -> str:
    """Return a shop's base URL; ValueError for the URL of its REST API.

    Magento processes nothing below such a URL: it answers 400, as for an unknown store.
    """
    url = check_url(value)
    rest = re.search(r"/rest(/|$)", urlsplit(url).path)
    if rest:
        shop = urlsplit(url)._replace(path=urlsplit(url).path[: rest.start()]).geturl()
        raise ValueError(f"must be the shop's base URL, without /rest: {shop}")
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
    """Return an IP address or ``localhost`` with a port, or a path; other names would need a look-up."""
    if value is None:
        return None
    if value.startswith("/"):
        if len(value.encode(errors="replace")) > _LONGEST_SOCKET or "\0" in value:
            raise ValueError(f"is not the path of a Unix socket, which has {_LONGEST_SOCKET} bytes at most")
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
    """Return ``66.0``, written without quotes, as text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def between(low: str, high: str) -> AfterValidator:
    """Return a check of a duration against `low` and `high`, both as people write durations."""

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
