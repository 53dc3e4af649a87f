"""What the settings are: every key with its type, its range and its default."""

import re
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A name of labels, none of them empty, or an IPv6 address; what no HTTP library would take is refused here.
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
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
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.hostname or "") or not _has_port(parts):
        raise ValueError("is not a URL: write https://host")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("must begin with https:// (plain http is taken for loopback addresses only)")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("must be a plain URL, without user name, query or fragment")
    return value.rstrip("/")


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


def _text_of_number(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _between(low: str, high: str) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not parse_duration(low) <= value <= parse_duration(high):
            raise ValueError(f"must be between {low} and {high}")
        return value

    return AfterValidator(check)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Url = Annotated[str, AfterValidator(check_url)]
Share = Annotated[float, BeforeValidator(_parse_percent)]
Day = Annotated[datetime | None, BeforeValidator(_parse_day)]
ApiName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,79}(\.[A-Za-z][A-Za-z0-9_]{0,79})?$")]


class Section(BaseModel):
    """Frozen, complete, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Skip(Section):
    """Further reasons not to send an invoice."""

    zero_total: bool = False
    states: tuple[Literal["open", "paid", "canceled"], ...] = ()
    store_ids: tuple[int, ...] = ()


class Invoices(Section):
    """The three options, and which invoices they are about."""

    enable_synchronization: bool = True
    enable_automatic_synchronization: bool = True
    synchronize_notes: bool = True
    created_from: Day = None
    skip: Skip = Skip()


class Schedule(Section):
    """When Magento is polled."""

    poll_interval: Annotated[Duration, _between("1s", "1d")] = timedelta(seconds=60)
    comment_watch: Annotated[Duration, _between("35d", "3650d")] = timedelta(days=35)
    overlap: Annotated[Duration, _between("1m", "1d")] = timedelta(minutes=10)


class Magento(Section):
    """The shop."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "main"
    base_url: Url
    admin_url: Url | None = None
    store_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,32}$")] = "all"
    auth: Literal["oauth1", "bearer", "admin"] = "oauth1"
    signature: Literal["hmac-sha256", "hmac-sha1"] = "hmac-sha256"
    page_size: Annotated[int, Field(ge=1, le=300)] = 100
    timeout: Annotated[Duration, _between("1s", "10m")] = timedelta(seconds=30)
    ca_bundle: str | None = None


class FieldSource(Section):
    """Where a Salesforce field's value comes from: a path into the invoice, item or order, or a constant."""

    path: Annotated[str, Field(pattern=r"^(invoice|order|item)\.[A-Za-z0-9_.]{1,120}$")] | None = None
    value: str | int | float | bool | None = None


def _parse_source(value: Any) -> Any:
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, dict):
        later = sorted(set(value) & {"template", "values", "default", "when", "blank", "too_long"})
        if later:
            raise ValueError(f"is not built yet: {', '.join(later)} (a path or a constant value is)")
        if ("path" in value) == ("value" in value):
            raise ValueError("needs either path or value")
    return value


def _check_parents(fields: dict[str, FieldSource | None]) -> dict[str, FieldSource | None]:
    parents = [field.partition(".")[0] for field in fields if "." in field]
    twice = sorted({parent for parent in parents if parents.count(parent) > 1})
    if twice:
        raise ValueError(f"set {twice[0]} by two keys; a parent is found by one")
    return fields


Fields = Annotated[
    dict[Key, Annotated[FieldSource | None, BeforeValidator(_parse_source)]], AfterValidator(_check_parents)
]


def _without_items(fields: dict[str, FieldSource | None]) -> dict[str, FieldSource | None]:
    for field, source in fields.items():
        if source and source.path and source.path.startswith("item."):
            raise ValueError(f"cannot take {field} from an item: an invoice has many")
    return fields


def _check_title(title: str) -> str:
    unknown = set(re.findall(r"\{(.*?)\}", title)) - {"comment.id", "comment.created_at", "invoice.increment_id"}
    if unknown:
        raise ValueError(
            f"names {{{min(unknown)}}}; known are {{comment.id}}, {{comment.created_at}} and {{invoice.increment_id}}"
        )
    return title


class InvoiceObject(Section):
    """The Salesforce object that invoices become."""

    object: ApiName = "Magento_Invoice__c"
    external_id: ApiName = "Magento_Id__c"
    fields: Annotated[Fields, AfterValidator(_without_items)] = {}


class ItemObject(Section):
    """The Salesforce object that items become; none: items are not sent."""

    object: ApiName | None = "Magento_Invoice_Item__c"
    external_id: ApiName = "Magento_Id__c"
    parent: ApiName = "Invoice__c"
    fields: Fields = {}


class Note(Section):
    """How a comment becomes a note."""

    type: Literal["content_note", "note"] = "content_note"
    visibility: Literal["InternalUsers", "AllUsers", "storefront"] = "InternalUsers"
    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_title)] = (
        "Magento comment {comment.id}"
    )
    only_visible_on_storefront: bool = False


class CommentObject(Section):
    """The record that makes notes exactly-once; none: a marker in the note's title is looked for instead."""

    object: ApiName | None = "Magento_Invoice_Comment__c"
    external_id: ApiName = "Magento_Id__c"
    parent: ApiName = "Invoice__c"


def _check_username(name: str | None, settings: ValidationInfo) -> str | None:
    """The user to sign in as, which the assertion of jwt_bearer names and client_credentials has in the app."""
    auth = settings.data.get("auth")  # not there when it is itself wrong
    if auth == "jwt_bearer" and name is None:
        raise ValueError("is missing: auth: jwt_bearer needs the name that the integration user signs in with")
    if auth == "client_credentials" and name is not None:
        raise ValueError("is used by auth: jwt_bearer alone; client_credentials signs in as the app's run-as user")
    if name is not None and not re.fullmatch(r"[^\s@]+@[^\s@]+", name):
        raise ValueError("is not a Salesforce user name: it has the form of an e-mail address")
    return name


class Salesforce(Section):
    """The org."""

    login_url: Url
    auth: Literal["client_credentials", "jwt_bearer"] = "client_credentials"
    username: Annotated[str | None, Field(validate_default=True), AfterValidator(_check_username)] = None
    api_version: Annotated[str, BeforeValidator(_text_of_number), Field(pattern=r"^[5-9]\d\.0$")] = "66.0"
    api_reserve: Share = 0.2
    timeout: Annotated[Duration, _between("1s", "10m")] = timedelta(seconds=120)
    ca_bundle: str | None = None
    invoice: InvoiceObject = InvoiceObject()
    item: ItemObject = ItemObject()
    note: Note = Note()
    comment: CommentObject = CommentObject()


class State(Section):
    """Where the state file is."""

    path: str | None = None


def _check_listen(value: str | None) -> str | None:
    """An address of this machine and a port; by name only ``localhost``, so that nothing is looked up."""
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    try:
        known = host == "localhost" or ip_address(host.removeprefix("[").removesuffix("]")) is not None
    except ValueError:
        known = False
    if not colon or not known or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("is not an address and a port: write 127.0.0.1:8470, or null for none")
    return value


class Console(Section):
    """Where this machine is told how the sync stands: metrics and health over HTTP."""

    listen: Annotated[str | None, AfterValidator(_check_listen)] = "127.0.0.1:8470"


class Logging(Section):
    """How events are written."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json", "journal"] = "auto"


class Settings(Section):
    """All settings."""

    invoices: Invoices = Invoices()
    schedule: Schedule = Schedule()
    magento: Magento
    salesforce: Salesforce
    state: State = State()
    console: Console = Console()
    logging: Logging = Logging()
