"""Every key of the settings, with its kind, its range and its default."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from daemon.settings.kinds import (
    ApiName,
    Day,
    Duration,
    Listen,
    Place,
    Section,
    Share,
    ShopUrl,
    Url,
    between,
    text_of_number,
)
from daemon.settings.sources import Fields, without_items


class Skip(Section):
    """Further reasons not to send an invoice."""

    zero_total: bool = False
    states: tuple[Literal["open", "paid", "canceled"], ...] = ()
    store_ids: tuple[int, ...] = ()


class Invoices(Section):
    """The three flags, and the rules for leaving invoices out."""

    enable_synchronization: bool = True
    enable_automatic_synchronization: bool = True
    synchronize_notes: bool = True
    created_from: Day = None
    skip: Skip = Skip()


class Schedule(Section):
    """The times at which Magento is polled, and how far back each poll reads."""

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
    fields: Annotated[Fields, AfterValidator(without_items)] = {}  # noqa: RUF012  (pydantic copies it)


class ItemObject(Section):
    """The Salesforce object that items become; null: items are not sent."""

    object: ApiName | None = "Magento_Invoice_Item__c"
    external_id: ApiName = "Magento_Id__c"
    parent: ApiName = "Invoice__c"
    fields: Fields = {}  # noqa: RUF012  (pydantic copies it)


class Note(Section):
    """The note that a comment becomes."""

    type: Literal["content_note", "note"] = "content_note"
    visibility: Literal["InternalUsers", "AllUsers", "storefront"] = "InternalUsers"
    title: Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_check_title)] = (
        "Magento comment {comment.id}"
    )
    only_visible_on_storefront: bool = False


class CommentObject(Section):
    """The record that makes each note exactly once; null: a marker in the note's title does."""

    object: ApiName | None = "Magento_Invoice_Comment__c"
    external_id: ApiName = "Magento_Id__c"
    parent: ApiName = "Invoice__c"


def _check_username(name: str | None, settings: ValidationInfo) -> str | None:
    """Return the user name that the assertion of jwt_bearer needs; client_credentials has its user in the app."""
    auth = settings.data.get("auth")  # None when auth itself is wrong
    if auth == "jwt_bearer" and name is None:
        raise ValueError("is missing: auth: jwt_bearer needs the name that the integration user signs in with")
    if auth == "client_credentials" and name is not None:
        raise ValueError("is used by auth: jwt_bearer only; client_credentials signs in as the app's run-as user")
    if name is not None and not re.fullmatch(r"[^\s@]+@[^\s@]+", name):
        raise ValueError("is not a Salesforce user name, which has the form of an e-mail address")
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
    """The place of the state file."""

    path: Place = None


class Console(Section):
    """The address of the HTTP server for metrics and health."""

    listen: Listen = "127.0.0.1:8470"


class Logging(Section):
    """The form of log events."""

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
