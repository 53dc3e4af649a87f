"""A shop that says its refusals in another language is understood by status, parameters and shape, not by words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.doctor import check_all
from daemon.sandbox.magento.http.languages import Language
from daemon.sandbox.magento.http.options import ORDERS
from daemon.scheduler import run_once
from daemon.sync import Process
from state.sides import Side
from tests.integration.checks import assert_equal
from tests.world import SECRETS, World

LANGUAGES: tuple[Language, ...] = ("en", "fr", "es", "de")
languages = pytest.mark.parametrize("language", LANGUAGES)


def side(work: Process) -> Side:
    return work.tools.store.sides.get("magento")


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_page_limit_is_kept_to(world: World, language: Language) -> None:
    world.magento.language, world.magento.page_limit = language, 7
    for _ in range(20):
        world.invoice()
    world.run_once()
    assert len(world.rows()) == 20
    assert_equal(world)


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_signature_method_that_is_not_taken_names_the_key_to_set(world: World, language: Language) -> None:
    world.magento.language, world.magento.signatures = language, frozenset({"HMAC-SHA1"})
    with world.work() as work:
        run_once(work)
        assert side(work).status == "paused"
        assert "Set magento.signature: hmac-sha1" in str(side(work).reason)


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_nonce_that_was_seen_already_is_signed_again_and_nobody_notices(world: World, language: Language) -> None:
    world.magento.language = language
    world.invoice()
    taken = iter([True])

    class Seen(set):  # type: ignore[type-arg]
        def __contains__(self, _: object) -> bool:
            return next(taken, False)

    world.magento.nonces = Seen()
    with world.work() as work:
        run_once(work)
        assert side(work).status == "ok"
    assert next(taken, None) is None, "it was refused once"
    assert_equal(world)


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_proxy_that_sends_each_call_twice_passes_and_is_named(world: World, language: Language) -> None:
    world.magento.language = language

    class Seen(set):  # type: ignore[type-arg]
        def __contains__(self, _: object) -> bool:
            return True

    world.magento.nonces = Seen()
    with world.work() as work:
        run_once(work)
        assert side(work).status == "failing", "it may end by itself"
        assert "sends calls twice" in str(side(work).reason)


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_clock_that_is_ahead_is_explained(world: World, language: Language) -> None:
    world.magento.language = language
    world.magento.clock = lambda: world.clock.now() - timedelta(minutes=25)
    with world.work() as work:
        run_once(work)
        assert side(work).status == "paused"
        assert "clock is" in str(side(work).reason)
        assert "ahead of Magento's" in str(side(work).reason)


@pytest.mark.fault("Magento: its refusals in another language")
@languages
def test_a_missing_permission_is_said_where_magento_names_it_and_nowhere_else(world: World, language: Language) -> None:
    world.magento.language = language
    world.invoice()
    world.magento.resources.discard(ORDERS)
    with world.work() as work:
        run_once(work)
        assert "The keys are good, but the integration lacks the resource" in str(side(work).reason)
        world.magento.resources.add(ORDERS)
        world.write_secret("magento_access_token", "x" * 32)
        run_once(work)
        assert side(work).status == "paused"
        assert "lacks the resource" not in str(side(work).reason)
        world.write_secret("magento_access_token", SECRETS["magento_access_token"])
        run_once(work)
        assert side(work).status == "ok"
    assert_equal(world)


@pytest.mark.fault("Magento: its refusals in another language")
@pytest.mark.parametrize("way", ["oauth1", "admin"])
@languages
def test_a_store_code_that_magento_does_not_know_is_named(world: World, language: Language, way: str) -> None:
    world.magento.language = language
    world.write_secret("magento_username", world.magento.admin_username)
    world.write_secret("magento_password", world.magento.admin_password)
    world.set("magento.auth", way)
    world.set("magento.store_code", "nosuch")
    with world.work() as work:
        run_once(work)
        assert side(work).status == "paused"
        assert "does not know this store in its URL" in str(side(work).reason)
        assert "store_code" in str(side(work).reason)


@pytest.mark.fault("Magento: its refusals in another language")
@pytest.mark.parametrize("second_factor", ["google", ""])
@languages
def test_a_second_factor_is_named_where_magento_names_it(world: World, language: Language, second_factor: str) -> None:
    world.magento.language, world.magento.two_factor = language, second_factor
    world.write_secret("magento_username", world.magento.admin_username)
    world.write_secret("magento_password", world.magento.admin_password)
    world.set("magento.auth", "admin")
    with world.work() as work:
        run_once(work)
        said = "The password is right, but two-factor authentication is on" in str(side(work).reason)
        assert said is (second_factor == "google" or language != "fr"), "of the second message only French is known"
        assert "A daemon cannot answer a second factor" in str(side(work).reason).replace("a daemon", "A daemon")


@languages
def test_a_check_says_no_permission_is_missing_where_a_key_is_wrong(world: World, language: Language) -> None:
    world.magento.language = language
    world.write_secret("magento_consumer_secret", "another-secret")
    lines = {(found.area, found.check): found for found in check_all(world.settings_path, {}, world.clock).lines}
    found = lines["magento", "sign-in"]
    assert found.status == "error"
    assert "one of the two secrets is wrong" in str(found.fix)
    assert lines["magento", "Magento_Sales::sales_invoice"].status == "skipped"
