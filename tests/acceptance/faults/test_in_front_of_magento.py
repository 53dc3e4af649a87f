"""What answers in Magento's place and does not pass by itself, and a signature over a URL that Magento does not see."""

from __future__ import annotations

import json

import pytest

from daemon.sandbox.faults import status
from tests.world import World

PAGE = b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
ASKS = [("WWW-Authenticate", 'Basic realm="staging"')]


@pytest.mark.fault("Magento: plain http at a port of https")
def test_plain_http_at_a_port_of_https_pauses_and_names_what_to_set(world: World) -> None:
    world.magento_faults.add(status(400, PAGE), path="/rest/", times=None)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "that port takes https alone" in done.stderr
    assert "Set magento.base_url to the same address with https://." in done.stderr


@pytest.mark.fault("Magento: basic auth in front")
def test_basic_auth_in_front_pauses_and_says_where_to_switch_it_off(world: World) -> None:
    world.magento_faults.add(status(401, b"<html>401</html>", headers=ASKS), path="/rest/", times=None)
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert "asks for a user name and password of its own (basic auth)" in done.stderr
    assert "auth_basic off" in done.stderr


def test_run_and_status_tell_of_a_signature_what_check_tells(world: World) -> None:
    world.invoice()
    host, _, _ = world.magento_server.url.rpartition(":")
    world.magento.seen_as = host
    checked = json.loads(world.command("check", "--json").stdout)["checks"]
    (mend,) = [each["mend"] for each in checked if each["check"] == "sign-in" and each["area"] == "magento"]
    (address,) = [each for each in checked if each["check"] == "address"]
    assert f"Magento sees {host} where" in mend
    assert "fastcgi_param HTTP_HOST $http_host;" in mend
    assert address["status"] == "warning"
    done = world.command("run", "--once")
    assert done.returncode == 78
    assert mend in done.stderr
    reason = json.loads(world.command("status", "--json").stdout)["magento"]["reason"]
    assert mend in reason
    assert ".. " not in reason


def test_a_second_is_one_second(world: World) -> None:
    world.set("magento.timeout", 1)
    world.magento.seconds_per_call = 3
    world.invoice()
    said = world.command("run", "--once").stderr
    assert "did not answer within 1 second" in said
    assert "1 seconds" not in said
