"""The routes of the REST API, each with its answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Request

from daemon.sandbox.magento.http.access import give_admin_token, give_admin_token_by_otp
from daemon.sandbox.magento.http.breaking import BROKEN
from daemon.sandbox.magento.http.conditions import Filter
from daemon.sandbox.magento.http.errors import (
    ApiError,
    no_such_entity,
    no_such_route,
    not_an_int,
)
from daemon.sandbox.magento.http.options import INVOICES, ORDERS, STORES, Magento
from daemon.sandbox.magento.http.parameters import parse_query
from daemon.sandbox.magento.http.posting import post_comment, read_json
from daemon.sandbox.magento.http.search import Criteria, find, read_criteria
from daemon.sandbox.magento.shop import READABLE, Wire
from daemon.sandbox.magento.shop.tables import Table

Answer = Callable[[Magento, Request, str], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, the resource to call it, and its answer. The pattern's group is its argument."""

    method: str
    pattern: str
    resource: str | None
    answer: Answer


def find_route(method: str, path: str) -> tuple[Route, str]:
    """Return the route for a path below `V1/`, with its argument; 404 for an unknown path."""
    for route in ROUTES:
        found = re.fullmatch(route.pattern, path)
        if found and route.method == method:
            return route, "".join(found.groups())
    raise no_such_route()


def _list(table: Table, magento: Magento, request: Request) -> Wire:
    criteria = read_criteria(
        parse_query(request.query_string.decode()),
        version=magento.version,
        page_limit=magento.page_limit,
    )
    ids, total = find(table, criteria, repeats_last_page=magento.repeats_last_page)
    return {
        "items": [_record(table, each, request) for each in ids],
        "search_criteria": criteria.echo(),
        "total_count": total,
    }


def _get(table: Table, request: Request, argument: str) -> Wire:
    entity_id = _whole(argument)
    if entity_id == 0:
        raise ApiError(400, "An ID is needed. Set the ID and try again.")
    if entity_id not in table:
        raise no_such_entity()
    return _record(table, entity_id, request)


def _record(table: Table, entity_id: int, request: Request) -> Wire:
    """Return a row for an answer, without its null scalars. A broken row breaks the answer that would hold it.

    Of several broken rows the first one decides how, but a readable way never replaces another one.
    """
    if entity_id in table.broken and request.environ.get(BROKEN) in {None, READABLE}:
        request.environ[BROKEN] = table.broken[entity_id]
    return {name: value for name, value in table.row(entity_id).items() if value is not None}


def _whole(argument: str) -> int:
    try:
        return int(argument)
    except ValueError:
        raise not_an_int(argument) from None


def _list_invoices(magento: Magento, request: Request, _: str) -> Wire:
    return _list(magento.shop.invoices, magento, request)


def _get_invoice(magento: Magento, request: Request, argument: str) -> Wire:
    return _get(magento.shop.invoices, request, argument)


def _list_comments(magento: Magento, request: Request, argument: str) -> Wire:
    """Return an invoice's comments; an unknown invoice has none: 200, not 404."""
    entity_id, invoices = _whole(argument), magento.shop.invoices
    comments = _record(invoices, entity_id, request)["comments"] if entity_id in invoices else []
    criteria = Criteria(groups=((Filter("parent_id", str(entity_id), "eq"),),))
    return {"items": comments, "search_criteria": criteria.echo(), "total_count": len(comments)}


def _list_orders(magento: Magento, request: Request, _: str) -> Wire:
    return _list(magento.shop.orders, magento, request)


def _get_order(magento: Magento, request: Request, argument: str) -> Wire:
    return _get(magento.shop.orders, request, argument)


def _list_store_configs(magento: Magento, request: Request, _: str) -> list[Wire]:
    base = request.host_url
    return [
        {
            "id": number,
            "code": code,
            "website_id": 2 if code == "b2b" else 1,
            "locale": "en_US",
            "base_currency_code": "USD",
            "default_display_currency_code": "EUR" if code == "eu" else "USD",
            "timezone": magento.timezone,
            "weight_unit": "lbs",
        }
        | {
            f"{secure}base_{kind}url": f"{base}{path}"
            for secure in ("", "secure_")
            for kind, path in (("", ""), ("link_", ""), ("static_", "static/"), ("media_", "media/"))
        }
        for code, number in sorted((code, number) for number, code in enumerate(magento.stores, 1))
    ]


def _post_comment(magento: Magento, request: Request, _: str) -> Wire:
    return post_comment(magento, read_json(request))


def _post_admin_token(magento: Magento, request: Request, _: str) -> str:
    return give_admin_token(magento, read_json(request))


def _post_otp(magento: Magento, request: Request, _: str) -> str:
    return give_admin_token_by_otp(magento, read_json(request))


ROUTES = (
    Route("GET", "invoices", INVOICES, _list_invoices),
    Route("GET", "invoices/([^/]+)", INVOICES, _get_invoice),
    Route("GET", "invoices/([^/]+)/comments", INVOICES, _list_comments),
    Route("POST", "invoices/comments", INVOICES, _post_comment),
    Route("GET", "orders", ORDERS, _list_orders),
    Route("GET", "orders/([^/]+)", ORDERS, _get_order),
    Route("GET", "store/storeConfigs", STORES, _list_store_configs),
    Route("POST", "integration/admin/token", None, _post_admin_token),
    Route("POST", "tfa/provider/google/authenticate", None, _post_otp),
)
