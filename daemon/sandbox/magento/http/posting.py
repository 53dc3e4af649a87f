"""Writes comments through REST, new ones or over old ones."""

from __future__ import annotations

import json
from typing import Any

from flask import Request

from daemon.sandbox.magento.http.errors import ApiError, field_missing, internal_error, not_an_int
from daemon.sandbox.magento.http.options import Magento
from daemon.sandbox.magento.shop import Wire

_COMMENT = {
    "comment",
    "created_at",
    "entity_id",
    "extension_attributes",
    "is_customer_notified",
    "is_visible_on_front",
    "parent_id",
}
_INTS = ("entity_id", "parent_id", "is_customer_notified", "is_visible_on_front")


def read_json(request: Request) -> Wire:
    """Return the JSON object in a request's body; refuse anything but JSON in UTF-8 with 400, never 415."""
    content_type = request.headers.get("Content-Type", "")
    media, _, parameters = content_type.partition(";")
    if not content_type:
        raise ApiError(400, "Content-Type header is empty.")
    charset = parameters.strip().lower().removeprefix("charset=")
    if charset not in {"", "utf-8"}:
        raise ApiError(400, "UTF-8 is the only supported charset.")
    if media.strip() != "application/json":
        raise ApiError(400, f"Server cannot understand Content-Type HTTP header media type {media.strip()}")
    try:
        body: Any = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise ApiError(400, "Decoding error.") from None
    return body if isinstance(body, dict) else {}


def post_comment(magento: Magento, body: Wire) -> Wire:
    """Add a comment, or write over the one with this `entity_id`; return the given values."""
    entity = body.get("entity")
    if not isinstance(entity, dict):
        raise field_missing("entity")
    _check_fields(magento, entity)
    shop = magento.shop
    parent_id, text = entity.get("parent_id"), entity.get("comment")
    comment_id = entity.get("entity_id")
    if not text or parent_id is None:
        raise _not_saved()
    if parent_id not in shop.invoices:
        shop.numbers.next_id("comment")  # its INSERT was rolled back: the id is never given again
        raise _not_saved()
    created_at = entity.get("created_at") or shop.now()
    notified, visible = entity.get("is_customer_notified", 0), entity.get("is_visible_on_front", 0)
    if comment_id is not None and comment_id in shop.comments:
        fields = {"is_customer_notified": notified, "is_visible_on_front": visible}
        shop.comments.edit(comment_id, parent=shop.invoices.row(parent_id), comment=text, **fields)
    else:
        comment_id = shop.add_comment(
            parent_id, text, visible=bool(visible), notified=bool(notified), created_at=created_at
        )
    answer = {
        "is_customer_notified": notified,
        "parent_id": parent_id,
        "comment": text,
        "is_visible_on_front": visible,
    }
    if "created_at" in entity or magento.version == "2.4.8":
        answer["created_at"] = created_at
    return answer | {"entity_id": comment_id}


def _check_fields(magento: Magento, entity: Wire) -> None:
    for name in entity.keys() - _COMMENT:
        camel = "".join(part.capitalize() for part in name.split("_"))
        if magento.version == "2.4.6":
            raise internal_error()
        raise ApiError(
            400,
            f'Property "{camel}" does not have accessor method "get{camel}" in class '
            '"Magento\\Sales\\Api\\Data\\InvoiceCommentInterface".',
        )
    for name in _INTS:
        value = entity.get(name)
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            raise not_an_int(value, name)
        if isinstance(value, str | bool):
            entity[name] = int(value)


def _not_saved() -> ApiError:
    return ApiError(400, "Could not save the invoice comment.")
