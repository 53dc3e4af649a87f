"""Leads a call through Magento: web server, path, route, caller, answer."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, request
from werkzeug.http import http_date
from werkzeug.wrappers import Response as BaseResponse

from daemon.sandbox.faults import install
from daemon.sandbox.magento.http.access import check_access, seen_address
from daemon.sandbox.magento.http.breaking import BROKEN, App, break_answer
from daemon.sandbox.magento.http.errors import ApiError, not_processed
from daemon.sandbox.magento.http.fields import project
from daemon.sandbox.magento.http.languages import translate
from daemon.sandbox.magento.http.options import INVOICES, ORDERS, Magento, Version
from daemon.sandbox.magento.http.rendering import JSON, URI_TOO_LONG, choose_type, error_page, write_answer
from daemon.sandbox.magento.http.routes import find_route
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.wire import pause

LONGEST_URI = 8192
"""The web server's buffer, in bytes; 2,000 ids in one `in` do not fit."""
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]


def create_app(
    shop: Shop,
    *,
    consumer_key: str,
    consumer_secret: str,
    access_token: str,
    access_token_secret: str,
    bearer_enabled: bool = False,
    version: Version = "2.4.8",
    resources: frozenset[str] = frozenset({INVOICES, ORDERS}),
    seconds_per_call: float = 0.0,
    seconds_per_invoice: float = 0.0,
    page_limit: int | None = None,
) -> Flask:
    """Return Magento's REST API over a shop; `app.extensions["magento"]` is its setup, which may change at any time."""
    app = App("magento", static_folder=None)
    app.url_map.merge_slashes = False
    magento = app.extensions["magento"] = Magento(
        shop=shop,
        consumer_key=consumer_key,
        consumer_secret=consumer_secret,
        access_token=access_token,
        access_token_secret=access_token_secret,
        bearer_enabled=bearer_enabled,
        version=version,
        resources=set(resources),
        seconds_per_call=seconds_per_call,
        seconds_per_invoice=seconds_per_invoice,
        page_limit=page_limit,
    )

    def answer(path: str = "") -> BaseResponse:
        response = break_answer(_serve(magento, request, path), request.environ, magento.ways)
        response.headers["Date"] = http_date(datetime.fromtimestamp(magento.now(), UTC))
        return response

    for rule in ("/", "/<path:path>"):
        app.add_url_rule(rule, f"answer {rule}", answer, methods=_METHODS, provide_automatic_options=False)
    install(app)
    return app


def _serve(magento: Magento, call: Request, path: str) -> Response:
    if len(call.environ["REQUEST_URI"]) > LONGEST_URI:
        return _page(414, URI_TOO_LONG)
    content_type = choose_type(call.headers.get("Accept"))
    try:
        steps = [step for step in path.split("/") if step and step != "index.php"]
        if steps[:1] != ["rest"]:
            return _page_of_the_shop(magento, call, steps)
        if call.method in {"HEAD", "OPTIONS"}:
            raise ApiError(405, f"The {call.method} HTTP method is not supported.")
        if content_type is None:
            return _page(500, error_page("There has been an error processing your request"))
        text = _answer(magento, call, _below_version(magento, steps[1:]), content_type)
        return _finish(magento, Response(text, 200, content_type=content_type), call)
    except ApiError as error:
        body = write_answer(translate(error.body, magento.language), content_type or JSON)
        return _finish(magento, Response(body, error.status, content_type=content_type or JSON), call)


def _below_version(magento: Magento, steps: list[str]) -> str:
    """Return the route's path, below `V1` or a store's code and `V1`. The store makes no difference."""
    if steps and steps[0] in {*magento.stores, "all"}:
        steps = steps[1:]
    if steps[:1] != ["V1"]:
        raise not_processed()
    return "/".join(steps[1:])


def _answer(magento: Magento, call: Request, path: str, content_type: str) -> str:
    route, argument = find_route(call.method, path)
    if route.resource is not None:
        check_access(magento, call, route.resource)
    with magento.shop.lock:
        answer = route.answer(magento, call, argument)
        fields = call.args.get("fields") if b"fields" in call.query_string else None
        text = write_answer(project(answer, fields), content_type)
    records = _records_in(answer)
    if route.resource == ORDERS and magento.order_lines is not None:
        lines = sum(len(order["items"]) for order in records)
        if lines > magento.order_lines:
            call.environ[BROKEN] = "fatal"
    each = {INVOICES: magento.seconds_per_invoice, ORDERS: magento.seconds_per_order}.get(route.resource or "", 0.0)
    seconds = magento.seconds_per_call + len(records) * each
    if seconds:
        pause(call.environ, seconds)
    return text


def _records_in(answer: Any) -> list[Any]:
    items = answer.get("items") if isinstance(answer, dict) and "search_criteria" in answer else None
    return items if isinstance(items, list) else [answer]


def _finish(magento: Magento, response: Response, call: Request) -> Response:
    """Add the headers of every REST answer; a 401 and OAuth open a PHP session."""
    response.headers["Cache-Control"] = "no-store"
    scheme = call.headers.get("Authorization", "").partition(" ")[0].lower()
    if response.status_code == 401 or scheme == "oauth":
        host = re.sub(r":\d+$", "", urlsplit(seen_address(magento, call)).netloc)
        response.headers["Expires"] = "Thu, 19 Nov 1981 08:52:00 GMT"
        response.headers["Pragma"] = "no-cache"
        response.headers["Set-Cookie"] = (
            f"PHPSESSID={secrets.token_hex(13)}; Max-Age=3600; path=/; domain={host}; HttpOnly; SameSite=Lax"
        )
    return response


def _page_of_the_shop(magento: Magento, call: Request, steps: list[str]) -> Response:
    """Return the front page, which redirects to the shop's own address, or the version if its module is installed."""
    if steps == ["magento_version"] and magento.version != "2.4.6":
        return Response("Magento/2.4 (Community)", 200, content_type="text/html; charset=UTF-8")
    if steps:
        return _page(404, error_page("404 Not Found"))
    if magento.base_url and magento.base_url != seen_address(magento, call):
        return Response("", 302, {"Location": f"{magento.base_url}/"})
    return _page(200, error_page("Home page"))


def _page(status: int, html: str) -> Response:
    return Response(html, status, content_type="text/html; charset=UTF-8")
