"""What the doctor makes of a clock, a disk, an address, an org; and what its lines come to."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
import requests

from daemon.clock import SystemClock
from daemon.doctor.judge import (
    for_trials,
    judge_address,
    judge_calls,
    judge_clock,
    judge_pair,
    judge_room,
    judge_stamps,
)
from daemon.doctor.report import Line, Report, Status
from daemon.magento.connection import Connection
from daemon.magento.diagnosis import Address, explain_signature, other_addresses
from daemon.magento.inspection import Inspection
from daemon.redaction import Redaction
from daemon.salesforce.identity import Organization
from daemon.transport import Transport
from tests.builders import configuration, row

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
SHOP = "https://shop.example.org"
LIVE = Organization("00D000000000001AAA", "Acme", sandbox=False, edition="Enterprise Edition")
COPY = Organization("00D000000000002AAA", "Acme", sandbox=True, edition="Enterprise Edition")
TRIAL = Organization("00D000000000003AAA", "Acme", sandbox=False, edition="Developer Edition")


@pytest.mark.parametrize(
    ("side", "ahead", "status", "said"),
    [
        ("Magento", 3, "ok", "differs from this machine's by 3 s"),
        ("Magento", -60, "ok", "differs"),
        ("Magento", 90, "warning", "this machine's clock is 90 seconds ahead of Magento's"),
        ("Magento", 660, "warning", "11 minutes ahead of Magento's, so signed calls are refused"),
        ("Magento", -660, "warning", "11 minutes behind Magento's"),
        ("Salesforce", 7200, "warning", "120 minutes ahead of Salesforce's"),
    ],
)
def test_two_clocks_may_differ_by_a_minute(side: str, ahead: int, status: Status, said: str) -> None:
    found = judge_clock(side, NOON, NOON + timedelta(seconds=ahead))
    assert found.status == status
    assert said in found.result
    assert ("refused" in found.result) is (side == "Magento" and ahead > 600)
    assert (found.fix is None) is (status == "ok")


def test_a_side_that_tells_no_time_is_said() -> None:
    assert judge_clock("Magento", None, NOON).status == "warning", "the daemon cannot do without Magento's"
    assert judge_clock("Salesforce", None, NOON).status == "skipped"


def test_a_stamp_of_the_future_is_the_databases_clock() -> None:
    assert judge_stamps(NOON + timedelta(minutes=5), NOON).status == "warning"
    assert judge_stamps(NOON - timedelta(days=5), NOON).status == "ok"
    assert judge_stamps(None, NOON).status == "skipped"


@pytest.mark.parametrize(
    ("items", "shown", "asked"),
    [
        (5, 0, None),
        (True, 0, None),
        ({"0": row()}, 0, None),
        ("none", 0, None),
        (None, 0, None),
        ([5, None, row(7)], 1, "70"),
        ([row(7, order_id=8), row(6, order_id=True), row(5, order_id=2**70), row(4, order_id=-1)], 4, "8"),
        ([row(7, order_id=None)], 1, None),
    ],
)
def test_a_newest_page_of_any_kind_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, items: object, shown: int, asked: str | None
) -> None:
    calls: list[str] = []

    def get(_connection: Connection, path: str) -> requests.Response:
        calls.append(unquote(path))
        response = requests.Response()
        response.status_code, response._content = 200, json.dumps({"items": items, "total_count": 9}).encode()
        return response

    monkeypatch.setattr(Connection, "get", get)
    inspection = Inspection(configuration(), SystemClock(), Redaction(), Transport())
    assert inspection.show_newest(20) == shown
    inspection.close()
    assert [path for path in calls if path.startswith("orders")] == [
        path for path in calls[1:] if f"[value]={asked}&" in path
    ]
    assert len(calls) == (1 if asked is None else 2)


@pytest.mark.parametrize(("free", "status"), [(5_000_000_000, "ok"), (99_000_000, "warning"), (1_000_000, "error")])
def test_a_disk_needs_room(free: int, status: Status) -> None:
    assert judge_room(free, "/var/lib").status == status


@pytest.mark.parametrize(
    ("used", "limit", "status"), [(10, 1000, "ok"), (800, 1000, "ok"), (801, 1000, "warning"), (None, None, "skipped")]
)
def test_calls_left_are_told_beside_the_reserve(used: int | None, limit: int | None, status: Status) -> None:
    assert judge_calls(used, limit, 0.2).status == status


@pytest.mark.parametrize(
    "host",
    [
        "staging.shop.com", "shop-staging.com", "stage2.shop.com", "www.test.shop.com", "dev.shop.com", "qa-shop.com",
        "uat.shop.com", "localhost", "127.0.0.1", "10.1.2.3", "192.168.0.9", "shop.local", "[::1]:80", "demo.shop.io",
    ],
)  # fmt: skip
def test_a_host_of_a_test_shop_looks_like_one(host: str) -> None:
    assert for_trials(f"https://{host}")


@pytest.mark.parametrize(
    "host",
    ["www.shop.com", "contest.com", "latest-fashion.com", "devon.co.uk", "quality.com", "stagecoach.com", "8.8.8.8"],
)
def test_a_host_of_a_live_shop_does_not(host: str) -> None:
    assert not for_trials(f"https://{host}")


@pytest.mark.parametrize(
    ("url", "org", "status", "said"),
    [
        ("https://staging.shop.com", LIVE, "warning", "a test shop, and the org Acme is production"),
        ("https://www.shop.com", COPY, "warning", "a live shop, and the org Acme is a sandbox"),
        ("https://www.shop.com", TRIAL, "warning", "is for trials (Developer Edition)"),
        ("https://www.shop.com", LIVE, "ok", "production"),
        ("https://staging.shop.com", COPY, "ok", "a sandbox"),
        ("https://staging.shop.com", TRIAL, "ok", "for trials"),
    ],
)
def test_a_test_shop_beside_a_live_org_is_a_warning_and_the_other_way_round(
    url: str, org: Organization, status: Status, said: str
) -> None:
    found = judge_pair(url, org)
    assert found.status == status
    assert said in found.result


@pytest.mark.parametrize(
    ("address", "said", "fix"),
    [
        (Address(200), "no sign of a proxy that rewrites it", ""),
        (Address(200, through=("Via",)), "behind a proxy (Via)", ""),
        (Address(200, cookie_domain="shop.example.org"), "no sign of", ""),
        (Address(302, f"{SHOP}/default/"), "no sign of", ""),
        (Address(302, "/default/"), "no sign of", ""),
        (
            Address(302, "https://www.example.org/"),
            "leads to https://www.example.org",
            "magento.base_url to https://www",
        ),
        (Address(301, "http://shop.example.org/"), "leads to http://shop.example.org", "base_url"),
        (Address(302, "https://shop.example.org:8443/"), "leads to https://shop.example.org:8443", "base_url"),
        (Address(302, f"{SHOP}:443/"), "leads to itself: Magento takes the call for plain http", "X-Forwarded-Proto"),
        (Address(200, cookie_domain="web-1"), "Magento sees the host web-1 where shop.example.org", "Host header"),
    ],
)
def test_what_a_shop_tells_of_its_address_is_understood(address: Address, said: str, fix: str) -> None:
    found = judge_address(SHOP, address)
    assert said in found.result
    assert fix in (found.fix or "")
    assert found.status == ("warning" if fix else "ok")
    explained = explain_signature(SHOP, address)
    assert fix in explained if fix else "one of the two secrets is wrong" in explained


@pytest.mark.parametrize(
    ("base_url", "first", "among"),
    [
        (SHOP, "http://shop.example.org", "http://shop.example.org:8080"),
        ("https://shop.example.org:8443/de", "http://shop.example.org:8443", "https://shop.example.org"),
        ("http://[::1]:8080", "https://[::1]:8080", "http://[::1]"),
    ],
)
def test_other_addresses_differ_from_the_one_that_was_called_in_scheme_or_port(
    base_url: str, first: str, among: str
) -> None:
    found = other_addresses(base_url)
    assert found[0] == first
    assert among in found
    assert len(found) == len(set(found)) <= 5
    assert not any(f"{base_url}/".startswith(f"{url}/") for url in found)


def test_a_signature_that_magento_cannot_follow_is_not_said_to_be_unrewritten() -> None:
    assert judge_address(SHOP, Address(200), followed=False).status == "skipped"
    found = judge_address(SHOP, Address(200), followed=False, seen_as="http://shop.example.org")
    assert (found.status, "Magento sees http://shop.example.org" in found.result) == ("warning", True)


@pytest.mark.parametrize(("base_url", "named"), [(SHOP, False), (f"{SHOP}:8443", True)])
def test_nginx_that_leaves_the_port_out_is_named_where_there_is_a_port(base_url: str, named: bool) -> None:
    for seen_as in (None, SHOP):
        found = explain_signature(base_url, Address(200), seen_as)
        assert ("fastcgi_param HTTP_HOST $http_host;" in found) is named


def line(status: Status, *, passing: bool = False) -> Line:
    return Line("magento", "x", status, "", "", passing=passing)


@pytest.mark.parametrize(
    ("lines", "outcome", "code"),
    [
        ([line("ok"), line("skipped")], "ok", 0),
        ([line("ok"), line("warning")], "warning", 0),
        ([line("warning"), line("error")], "error", 78),
        ([line("error", passing=True)], "error", 75),
        ([line("error", passing=True), line("error")], "error", 78),
    ],
)
def test_the_worst_line_decides_and_what_ends_by_itself_is_75(lines: list[Line], outcome: str, code: int) -> None:
    report = Report(None, None, None, tuple(lines))
    assert (report.outcome, report.exit_code) == (outcome, code)
