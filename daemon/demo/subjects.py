"""Tells what a call or a transaction is about, in one word, by what it asks for or writes."""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

from daemon.observer import Asked
from state.kinds import SideName

# What a transaction is about, by the first of these sets of tables that it wrote.
TABLES: list[tuple[set[str], str]] = [
    ({"facts", "scans"}, "clear"), ({"facts"}, "facts"), ({"scans"}, "page"), ({"requests"}, "request"),
    ({"passes"}, "books"), ({"notes", "sides"}, "waits"), ({"notes"}, "notes"), ({"ledger"}, "invoices"),
]  # fmt: skip
WRITTEN = re.compile(r"(?:\bINTO|\bUPDATE|\bFROM)\s+[\[\"]?(\w+)")
_CHOSEN = re.compile(r"\[field]=(?:entity_id&[^ ]*?\[condition_type]=in\b|increment_id|order_id)")


def subject_of(side: SideName, request: Asked) -> str:
    """Return what a call is about: token, page, orders, invoices, notes, comments, existing or describe."""
    url = urlsplit(str(request.url))
    if "token" in url.path:
        return "token"
    return (
        _of_magento(url.path, unquote(url.query)) if side == "magento" else _of_salesforce(url.path, url.query, request)
    )


def _of_magento(path: str, query: str) -> str:
    if path.endswith("/orders"):
        return "orders"
    return "invoices" if _CHOSEN.search(query) else "page"


def _of_salesforce(path: str, query: str, request: Asked) -> str:
    if path.endswith("/composite/graph"):
        first = json.loads(request.body or b"{}")["graphs"][0]["compositeRequest"][0]
        return "notes" if first["method"] == "GET" else "invoices"
    asked = " ".join(parse_qs(query).get("q", []))
    if not asked:
        return "describe"
    return "comments" if "Note_Id__c" in asked else "existing"
