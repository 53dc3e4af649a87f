"""Looks for secrets and customers' data in everything a test wrote: events, stderr, the state and its copies."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.world import SECRETS, World

_SHORTEST_COMMENT = 12
_PERSONAL = re.compile(r"(customer_|^)(firstname|middlename|lastname|email|telephone|fax|company|vat_id)$")
# Bytes of a state that cannot hold a comment's text by chance: ids, stamps, digests and the daemon's sentences.
_STATE_FILES = ("*.db", "*.db-wal", "*.db.*", "*backup*")


def canaries_of(world: World) -> frozenset[str]:
    """Return the forbidden texts: every secret, and the shop's data about its customers at the end."""
    found = {secret for secret in SECRETS.values() if len(secret) >= 4}
    found.update(world.salesforce.sessions)  # the org's valid tokens
    with world.shop.lock:
        for entity_id in world.shop.invoices.ids:
            row = world.shop.invoices.row(entity_id)
            found.update(_comments(row))
            if row.get("order_id") in world.shop.orders:
                order = world.shop.orders.row(row["order_id"])
                found.update(_personal(order))
                found.update(_comments({"comments": order.get("status_histories")}))
    return frozenset(found)


def _comments(row: dict[str, Any]) -> Iterator[str]:
    """Return the beginning of every comment too long to be a word of the daemon; a quotation may be cut."""
    for comment in row.get("comments") or ():
        text = comment.get("comment") if isinstance(comment, dict) else None
        if isinstance(text, str) and len(text.strip()) >= _SHORTEST_COMMENT:
            yield text.strip()[:60]


def _personal(value: Any, name: str = "") -> Iterator[str]:
    """Return names, e-mail addresses, streets and phone numbers of an order, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _personal(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _personal(inner, name)
    elif isinstance(value, str) and (_PERSONAL.search(name) or name == "street") and len(value.strip()) >= 3:
        yield value.strip()


def pattern_of(canaries: Iterable[str]) -> re.Pattern[str] | None:
    """Return one expression for all canaries; a short one (a name) matches only as a word."""
    words = sorted(canaries, key=len, reverse=True)
    spelled = [rf"\b{re.escape(word)}\b" if word.isalnum() and len(word) < 8 else re.escape(word) for word in words]
    return re.compile("|".join(spelled)) if spelled else None


def leaks(world: World) -> list[str]:
    """Return each place of a canary, with the canary."""
    pattern = pattern_of(canaries_of(world))
    if pattern is None:
        return []
    found: list[str] = []
    for place, text in [*_logged(world), *_columns(world.folder), *_bytes(world.folder)]:
        if match := pattern.search(text):
            found.append(f"{place}: {match[0]!r} in {text[max(0, match.start() - 60) : match.end() + 60]!r}")
    return found


def _logged(world: World) -> Iterator[tuple[str, str]]:
    yield from (("event", str(event)) for event in world.events)
    yield from (("stderr", text) for text in world.stderr)
    yield from (("stdout", text) for text in world.stdout)


def _state_files(folder: Path) -> Iterator[Path]:
    """Return the state, its write-ahead log, and every copy by a command or a test."""
    for path in folder.rglob("*"):
        if path.is_file() and any(path.match(like) for like in _STATE_FILES):
            yield path


def _columns(folder: Path) -> Iterator[tuple[str, str]]:
    """Return every text of every table, as SQLite reads it; a file spoilt by a test is read as bytes only."""
    for path in _state_files(folder):
        if path.name.endswith(("-wal", "-shm")):
            continue
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
                for name in names:
                    for row in connection.execute(f'SELECT * FROM "{name}"'):
                        yield f"{path.name} {name}", "\n".join(part for part in row if isinstance(part, str))
        except sqlite3.Error:
            continue


def _bytes(folder: Path) -> Iterator[tuple[str, str]]:
    """Return a file's bytes, with deleted data not yet written over."""
    for path in _state_files(folder):
        try:
            yield path.name, path.read_bytes().decode("utf-8", errors="replace")
        except OSError:  # a test took the right to read it away
            continue
