"""Records that kill every call about them: by a crash in a trigger, or by a text that a gateway does not pass."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import requests

from tests.property.simulation.clock import Clock
from tests.property.simulation.network import refused
from tests.property.simulation.org_side import OrgSide
from tests.property.simulation.shop_side import ShopSide
from tests.property.simulation.wire import Reply, body_of

_WAYS = ("lost", "slow", "500", "502")


class Deadly:
    """The deadly records, by external ID, with the end of each call to write one of them."""

    def __init__(self, shop: ShopSide, org: OrgSide, clock: Clock, random: Random) -> None:
        self.ways: dict[str, str] = {}
        self._shop = shop
        self._org = org
        self._clock = clock
        self._random = random

    def poison(self) -> None:
        """Let one record, of an invoice or of a comment, kill its calls for a while."""
        known = [f"main-{each}" for each in self._shop.ids()]
        known += [f"main-comment-{each}" for each in self._shop.comment_ids()]
        if known:
            external_id = self._random.choice(known)
            self.keep(external_id)
            self._clock.after(self._random.uniform(100, 6000), lambda: self.ways.pop(external_id, None))

    def keep(self, external_id: str) -> None:
        """Let this record kill its calls until its removal from ``ways``."""
        self.ways[external_id] = self._random.choice(_WAYS)

    def answer(self, request: requests.PreparedRequest) -> Reply | str | None:
        """Return the end of a call about one of these records, in place of its answer; None for other calls."""
        if not self.ways or not str(request.url).endswith("composite/graph"):
            return None
        written = _written(json.loads(body_of(request)))
        match next((way for external_id, way in self.ways.items() if external_id in written), None):
            case "500":
                return refused("UNKNOWN_EXCEPTION", "An unexpected error occurred: 3-4 (5)", 500)
            case "502":
                return Reply(502, {"Content-Type": "text/html"}, b"<html><body>Bad Gateway</body></html>")
            case way:
                return way


def _written(payload: dict[str, Any]) -> set[str]:
    """Return the external IDs in a call's graphs: of invoices, and of comments without a note."""
    nodes = [node for graph in payload["graphs"] for node in graph["compositeRequest"] if node["method"] != "GET"]
    found = {node["url"].rsplit("/", 1)[-1] for node in nodes if "/Magento_Id__c/" in node["url"]}
    for node in nodes:
        body = node.get("body", {})
        found.add(str(body.get("Magento_Id__c")))
        found.add(str(body.get("Title", "")).rpartition("[")[2].rstrip("]"))  # the marker, without a comment object
    return found
