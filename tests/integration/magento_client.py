"""A client for the sandbox Magento, signing with a library of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from flask import Flask
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from daemon.sandbox.magento.http import Magento, create_app
from daemon.sandbox.magento.http.oauth import read_query, sign
from daemon.sandbox.magento.http.options import Version
from daemon.sandbox.magento.shop import Shop
from daemon.sandbox.server import Server

KEYS = {
    "consumer_key": "c" * 32,
    "consumer_secret": "consumer-secret",
    "access_token": "t" * 32,
    "access_token_secret": "token-secret",
}


JSON = {"Content-Type": "application/json"}


def criteria(
    *filters: tuple[str, str, str] | list[tuple[str, str, str]],
    sort: tuple[str, str] | None = ("entity_id", "ASC"),
    size: int | None = None,
    page: int | None = None,
    fields: str | None = None,
) -> str:
    """A query: each filter (field, condition, value) a group of its own, a list of filters one group."""
    pairs: list[tuple[str, str]] = []
    for number, group in enumerate(filters):
        for place, (name, condition, value) in enumerate(group if isinstance(group, list) else [group]):
            stem = f"searchCriteria[filter_groups][{number}][filters][{place}]"
            pairs += [(f"{stem}[field]", name), (f"{stem}[condition_type]", condition)]
            pairs += [(f"{stem}[value]", value)]
    if sort is not None:
        pairs += [("searchCriteria[sortOrders][0][field]", sort[0])]
        pairs += [("searchCriteria[sortOrders][0][direction]", sort[1])]
    pairs += [("searchCriteria[pageSize]", str(size))] if size is not None else []
    pairs += [("searchCriteria[currentPage]", str(page))] if page is not None else []
    pairs += [("fields", fields)] if fields is not None else []
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def signed(url: str, method: str = "GET", **changes: Any) -> dict[str, str]:
    """The headers of a signed call."""
    keys = KEYS | {name: changes.pop(name) for name in KEYS.keys() & changes.keys()}
    client = Client(
        keys["consumer_key"],
        client_secret=keys["consumer_secret"],
        resource_owner_key=keys["access_token"],
        resource_owner_secret=keys["access_token_secret"],
        **({"signature_method": SIGNATURE_HMAC_SHA256} | changes),
    )
    _, headers, _ = client.sign(url, http_method=method)  # type: ignore[arg-type]
    return {"Accept": "application/json", "Authorization": str(headers["Authorization"])}


def signed_in_order(url: str, version: Version) -> dict[str, str]:
    """The headers of a GET signed with the names in the order that this version expects."""
    base, _, query = url.partition("?")
    protocol = {
        "oauth_consumer_key": KEYS["consumer_key"],
        "oauth_token": KEYS["access_token"],
        "oauth_nonce": f"{time.monotonic_ns()}",
        "oauth_timestamp": f"{time.time():.0f}",
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
    }
    parameters = [*protocol.items(), *read_query(query, "2.4.8")]
    secrets = (KEYS["consumer_secret"], KEYS["access_token_secret"])
    signature = sign("GET", base, parameters, secrets=secrets, version=version)
    protocol["oauth_signature"] = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    header = ", ".join(f'{name}="{value}"' for name, value in protocol.items())
    return {"Authorization": f"OAuth {header}", "Accept": "application/json"}


@dataclass
class Rest:
    """The sandbox Magento over HTTP."""

    app: Flask
    server: Server
    shop: Shop
    session: requests.Session

    @property
    def magento(self) -> Magento:
        magento = self.app.extensions["magento"]
        assert isinstance(magento, Magento)
        return magento

    def call(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> requests.Response:
        """Any call; signed unless it brings headers."""
        url = f"{self.server.url}{path}"
        if headers is None:
            headers = signed(url, method) | ({} if body is None else JSON)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        prepared = requests.Request(method, "http://x/", headers=dict(headers), data=data).prepare()
        prepared.url = url  # as written: not normalised, not re-quoted
        self.session.cookies.clear()
        return self.session.send(prepared, timeout=10, allow_redirects=False)

    def get(self, what: str, query: str = "", **kwargs: Any) -> requests.Response:
        """A signed GET below V1."""
        return self.call(f"/rest/V1/{what}{'?' if query else ''}{query}", **kwargs)

    def ids(self, *filters: Any, **kwargs: Any) -> list[int]:
        """The entity ids of a list."""
        answer = self.get("invoices", criteria(*filters, **kwargs))
        assert answer.status_code == 200, answer.text
        return [invoice["entity_id"] for invoice in answer.json()["items"]]


@contextmanager
def serve(shop: Shop, **options: Any) -> Iterator[Rest]:
    """A sandbox Magento that runs."""
    app = create_app(shop, **(KEYS | options))
    with Server(app) as server, requests.Session() as session:
        yield Rest(app, server, shop, session)
