"""Answers of Magento, or of what stands before it, that cannot be believed: never read as "no invoices"."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from daemon.sandbox.faults import Fault, big, garble, status, truncate
from daemon.sandbox.faults.answers import ask
from daemon.scheduler import run_once
from tests.acceptance.faults.outage import survive
from tests.faults import case
from tests.promises import assert_promises
from tests.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAINTENANCE = b"<!doctype html><html><body><h1>Service Temporarily Unavailable</h1></body></html>"
DEEP = b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b',"total_count":0}'


def edited(edit: Callable[[dict[str, Any]], object]) -> Fault:
    """Magento's own answer, as something between it and us leaves it."""

    def change(body: bytes) -> bytes:
        answer = json.loads(body)
        edit(answer)
        return json.dumps(answer).encode()

    return garble(change)


def redirect(location: str) -> Fault:
    return status(302, b"<html>Moved</html>", headers=[("Location", location)])


def cached() -> Fault:
    """A cache that knows one answer: to the first question it passes, and then that one to each other."""
    kept: list[bytes] = []

    def answer(app: WSGIApplication, environ: WSGIEnvironment) -> Response:
        response = ask(app, environ)
        kept.append(response.get_data())
        response.set_data(kept[0])
        return response

    return Fault("cached", answer)


def unfiltered(answer: dict[str, Any]) -> None:
    """An invoice of long ago, that no filter of ours would let through."""
    answer["items"][0].update(created_at="2001-01-01 00:00:00", updated_at="2001-01-01 00:00:00")


def repeated(answer: dict[str, Any]) -> None:
    answer["items"].append(answer["items"][-1])


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        case("Magento: 503 maintenance HTML", status(503, MAINTENANCE), "answered 503 with an HTML page"),
        case("Magento: 500 HTML or empty", status(500, b"<html>Fatal</html>"), "500 with an HTML page", id="HTML"),
        case("Magento: 500 HTML or empty", status(500), "500 with an empty page", id="empty"),
        case("Magento: 502", status(502, b"<html>Bad Gateway</html>"), "answered 502"),
        case("Magento: 403", status(403, b"<html>Forbidden</html>"), "answered 403, which Magento never does"),
        case("Magento: 200 HTML", status(200, b"<html>Welcome</html>"), "is an HTML page"),
        case("Magento: truncated JSON", truncate(0.5), "closed the connection", id="cut on the wire"),
        case("Magento: truncated JSON", garble(lambda b: b[: len(b) // 2]), "is cut short", id="cut before"),
        case("Magento: NaN", garble(lambda b: b.replace(b'"items":', b'"x":NaN,"items":')), "is not JSON"),
        case("Magento: deep nesting", status(200, DEEP, "application/json"), "nested too deeply"),
        case("Magento: 300 MB body", big(300_000_000), "larger than 16 MB"),
        case(
            "Magento: answer ignores filters or order (2.3, a proxy's cache)",
            edited(unfiltered),
            "rows that were not asked for",
            id="filters",
        ),
        case(
            "Magento: ids repeated or descending",
            edited(repeated),
            "not in the order that was asked for",
            id="repeated",
        ),
    ],
)
def test_a_page_that_is_refused(world: World, fault: Fault, words: str) -> None:
    survive(
        world,
        "magento",
        lambda world: world.magento_faults.add(fault, path="/invoices", times=None),
        lambda world: world.magento_faults.clear(),
        words=[words],
        polls=1 if fault.name == "big" else 3,
    )


@pytest.mark.parametrize(
    "fault",
    [
        case("Magento: 503 maintenance HTML", status(503, MAINTENANCE)),
        case("Magento: 500 HTML or empty", status(500)),
        case("Magento: 200 HTML", status(200, b"<html>Welcome</html>")),
        case("Magento: truncated JSON", garble(lambda b: b[: len(b) // 2])),
        case("Magento: NaN", garble(lambda b: b.replace(b'"items":', b'"x":NaN,"items":'))),
        case("Magento: deep nesting", status(200, DEEP, "application/json")),
        case("Magento: ids repeated or descending", edited(repeated)),
    ],
)
def test_an_answer_about_orders_that_is_refused(world: World, fault: Fault) -> None:
    survive(
        world,
        "magento",
        lambda world: world.magento_faults.add(fault, path="/orders", times=None),
        lambda world: world.magento_faults.clear(),
    )


@pytest.mark.parametrize(
    "fault",
    [
        case(
            "Magento: answer ignores filters or order (2.3, a proxy's cache)",
            edited(lambda answer: answer["items"].reverse()),
            id="order",
        ),
        case(
            "Magento: ids repeated or descending",
            edited(lambda answer: answer["items"].sort(key=lambda row: -row["entity_id"])),
            id="descending",
        ),
    ],
)
def test_a_page_in_another_order_is_refused_and_its_invoices_are_read_one_by_one(world: World, fault: Fault) -> None:
    for _ in range(4):
        world.invoice(comment="there")
    world.magento_faults.add(fault, path="/invoices", times=None)
    world.run_once()
    assert_promises(world)


@pytest.mark.parametrize("fault", [case("Magento: 503 maintenance HTML", status(503, MAINTENANCE))])
def test_a_first_sync_begins_when_magento_answers(world: World, fault: Fault) -> None:
    world.invoice(comment="there from the start")
    world.magento_faults.add(fault, times=None)
    with world.work() as work:
        for _ in range(3):
            run_once(work)
            assert work.tools.store.checkpoints.current() is None
        world.magento_faults.clear()
        run_once(work)
    assert_promises(world)


@pytest.mark.fault("Magento: answer ignores filters or order (2.3, a proxy's cache)")
def test_a_cache_that_gives_one_answer_to_every_question(world: World) -> None:
    world.set("magento.page_size", 1)
    survive(
        world,
        "magento",
        lambda world: world.magento_faults.add(cached(), path="/invoices", times=None),
        lambda world: world.magento_faults.clear(),
        words=["not in the order that was asked for"],
    )


@pytest.mark.fault("Magento: 404 on /rest")
def test_a_base_url_with_a_path_too_many(world: World) -> None:
    url = world.magento_server.url
    survive(
        world,
        "magento",
        lambda world: world.set("magento.base_url", f"{url}/shop"),
        lambda world: world.set("magento.base_url", url),
        pauses=True,
        words=[f"has no REST API at {url}/shop/rest/all/V1/invoices", "Set magento.base_url"],
    )


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        case(
            "Magento: 404 on /rest",
            status(404, b"<html>404 Not Found</html>"),
            ["has no REST API at {url}/rest/all/V1/invoices", "Set magento.base_url"],
        ),
        case(
            "Magento: redirect to another host or scheme",
            redirect("https://www.shop.example/rest/all/V1/invoices"),
            ["at {url} redirects to https://www.shop.example", "Set magento.base_url to https://www.shop.example"],
            id="another host",
        ),
        case(
            "Magento: redirect to another host or scheme",
            redirect("https://127.0.0.1/rest/all/V1/invoices"),
            ["redirects to https://127.0.0.1", "Set magento.base_url to https://127.0.0.1"],
            id="another scheme",
        ),
    ],
)
def test_a_base_url_that_is_not_the_shops(world: World, fault: Fault, words: list[str]) -> None:
    survive(
        world,
        "magento",
        lambda world: world.magento_faults.add(fault, path="/rest/", times=None),
        lambda world: world.magento_faults.clear(),
        pauses=True,
        words=[word.format(url=world.magento_server.url) for word in words],
    )
