"""The web server rules of docs/magento.md: they let through what we call, and nothing that writes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.world import World

RULES = (Path(__file__).parents[2] / "docs" / "magento.md").read_text()
OURS, ANOTHERS = "192.0.2.10", "192.0.2.99"


def is_let_through(address: str, method: str, path: str) -> bool:
    """As nginx reads its map: the first pattern that matches decides."""
    snippet = RULES.split("```nginx", 1)[1].split("```", 1)[0]
    rules = re.findall(r'^ *"~(.+)" +([01]);$', snippet, re.MULTILINE)
    assert len(rules) == 3
    asked = f"{address} {method} {path}"
    return next((value == "1" for pattern, value in rules if re.search(pattern, asked)), True)


def test_all_that_check_and_daemon_call_is_let_through(world: World) -> None:
    world.invoice(comment="hello")
    world.run_once()
    assert world.command("check").returncode == 0
    called = {(call.method, call.path) for call in world.magento_calls.matching()}
    assert called == {
        ("GET", "/rest/all/V1/invoices"), ("GET", "/rest/all/V1/orders"), ("GET", "/magento_version"), ("GET", "/")
    }  # fmt: skip
    assert all(is_let_through(OURS, method, path) for method, path in called)


def unknown_store(world: World) -> None:
    world.set("magento.store_code", "nosuch")


def wrong_secret(world: World) -> None:
    world.write_secret("magento_consumer_secret", "wrong")


@pytest.mark.parametrize(
    ("spoil", "asked"), [(unknown_store, "/rest/nosuch/V1/store/storeConfigs"), (wrong_secret, "/")]
)
def test_what_is_asked_to_explain_a_refusal_is_let_through(
    world: World, spoil: Callable[[World], None], asked: str
) -> None:
    spoil(world)
    world.run_once()
    called = {(call.method, call.path) for call in world.magento_calls.matching()}
    assert ("GET", asked) in called
    assert all(is_let_through(OURS, method, path) for method, path in called)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/rest/all/V1/invoices/1/capture"),
        ("POST", "/rest/all/V1/invoices/1/void"),
        ("POST", "/rest/all/V1/invoice/1/refund"),
        ("POST", "/rest/all/V1/order/1/refund"),
        ("POST", "/rest/all/V1/invoices/comments"),
        ("POST", "/rest/all/V1/invoices"),
        ("POST", "/rest/all/async/V1/invoices"),
        ("POST", "/index.php/rest/all/V1/order/1/refund"),
        ("POST", "/rest/all/V1/integration/admin/token"),
        ("POST", "/graphql"),
        ("POST", "/"),
        ("DELETE", "/rest/all/V1/orders"),
        ("GET", "/rest/all/V1/customers/1"),
        ("GET", "/rest/all/V1/invoices/1"),
    ],
)
def test_what_writes_or_is_not_needed_is_refused_to_this_machine_alone(method: str, path: str) -> None:
    assert not is_let_through(OURS, method, path)
    assert is_let_through(ANOTHERS, method, path)
