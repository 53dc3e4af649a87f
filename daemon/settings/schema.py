"""What the settings are: every key with its kind, its range and its default."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from daemon.settings.kinds import (
    ApiName,
    Day,
    Duration,
    Key,
    Listen,
    Place,
    Share,
    ShopUrl,
    Url,
    between,
    text_of_number,
)


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

    poll_interval: Annotated[Duration, between("1s", "1d")] = timedelta(seconds=60)
    comment_watch: Annotated[Duration, between("35d", "3650d")] = timedelta(days=35)
    overlap: Annotated[Duration, between("1m", "1d")] = timedelta(minutes=10)


class Magento(Section):
    """The shop."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "main"
    base_url: ShopUrl
    admin_url: Url | None = None
    store_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,32}$")] = "all"
    auth: Literal["oauth1", "bearer", "admin"] = "oauth1"
    signature: Literal["hmac-sha256", "hmac-sha1"] = "hmac-sha256"
    page_size: Annotated[int, Field(ge=1, le=300)] = 100
    timeout: Annotated[Duration, between("1s", "10m")] = timedelta(seconds=30)
    ca_bundle: Place = None


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
    api_version: Annotated[str, BeforeValidator(text_of_number), Field(pattern=r"^[5-9]\d\.0$")] = "66.0"
    api_reserve: Share = 0.2
    timeout: Annotated[Duration, between("1s", "10m")] = timedelta(seconds=120)
    ca_bundle: Place = None
    invoice: InvoiceObject = InvoiceObject()
    item: ItemObject = ItemObject()
    note: Note = Note()
    comment: CommentObject = CommentObject()


class State(Section):
    """Where the state file is."""

    path: Place = None


class Console(Section):
    """Where this machine is told how the sync stands: metrics and health over HTTP."""

    listen: Listen = "127.0.0.1:8470"


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
