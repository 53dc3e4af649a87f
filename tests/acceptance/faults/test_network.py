"""A side that cannot be reached, or whose certificate cannot be trusted."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from daemon.sandbox.faults import Fault, drip, hang, reset
from daemon.sandbox.server import Server
from state.kinds import SideName
from tests.acceptance.faults.outage import survive
from tests.certificates import certificate
from tests.faults import case
from tests.world import World

URLS = {"magento": "magento.base_url", "salesforce": "salesforce.login_url"}


def server_of(world: World, side: SideName) -> Server:
    found: Server = getattr(world, f"{side}_server")
    return found


@pytest.mark.parametrize(
    "side", [case("Magento: DNS failure", "magento"), case("Salesforce: DNS failure", "salesforce")]
)
def test_a_host_that_is_not_found(world: World, side: SideName) -> None:
    survive(
        world,
        side,
        lambda world: world.set(URLS[side], "https://nowhere.invalid"),
        lambda world: world.set(URLS[side], server_of(world, side).url),
        words=["nowhere.invalid could not be found (DNS)"],
        polls=2,
    )


@pytest.mark.parametrize("side", [case("Magento: refused", "magento"), case("Salesforce: refused", "salesforce")])
def test_a_port_that_nobody_listens_on(world: World, side: SideName) -> None:
    server = server_of(world, side)
    survive(world, side, lambda _: server.stop(), lambda _: server.start(), words=["refused the connection"])


@pytest.mark.parametrize(
    ("side", "fault", "words"),
    [
        case("Magento: reset", "magento", reset, "closed the connection"),
        case("Salesforce: reset", "salesforce", reset, "closed the connection"),
        case("Magento: slow drip", "magento", lambda: drip(40), "did not answer within 1 second"),
        case("Salesforce: slow drip", "salesforce", lambda: drip(40), "did not answer within 1 second"),
        case("Magento: time-out", "magento", lambda: hang(30), "did not answer within 1 second"),
        case("Salesforce: time-out", "salesforce", lambda: hang(30), "did not answer within 1 second"),
    ],
)
def test_an_answer_that_does_not_come(world: World, side: SideName, fault: Callable[[], Fault], words: str) -> None:
    faults = getattr(world, f"{side}_faults")

    def break_it(world: World) -> None:
        world.set(f"{side}.timeout", 1)
        faults.add(fault(), times=None)

    def mend_it(world: World) -> None:
        faults.clear()
        world.set(f"{side}.timeout", 5)

    survive(world, side, break_it, mend_it, words=[words], polls=2)


@pytest.mark.parametrize(
    ("side", "host", "days", "words"),
    [
        case("Magento: TLS expired or for another host", "magento", "127.0.0.1", -1, "expired", id="expired"),
        case("Salesforce: TLS expired or for another host", "salesforce", "127.0.0.1", -1, "expired", id="expired"),
        case("Magento: TLS expired or for another host", "magento", "x.example", 9, "mismatch", id="another host"),
        case(
            "Salesforce: TLS expired or for another host", "salesforce", "x.example", 9, "mismatch", id="another host"
        ),
    ],
)
def test_a_certificate_that_cannot_be_trusted(world: World, side: SideName, host: str, days: int, words: str) -> None:
    authority = certificate(world.folder, host, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    with Server(world.apps[side], ssl_context=context) as secure:

        def break_it(world: World) -> None:
            world.set(f"{side}.ca_bundle", str(authority))
            world.set(URLS[side], secure.url)

        def mend_it(world: World) -> None:
            world.set(URLS[side], server_of(world, side).url)

        where = f"127.0.0.1:{secure.port} shows a certificate that cannot be trusted"
        until = datetime.now(UTC) + timedelta(days=days)
        whose = f"(it is for {host}, until {until:%Y-%m-%d})"
        survive(world, side, break_it, mend_it, pauses=True, words=[where, words, whose])
