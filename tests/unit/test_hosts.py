"""Which hosts a session may be used at."""

import pytest

from daemon.errors import SideDenied
from daemon.salesforce.hosts import host_of, my_domain_of, require_trusted

LOGIN = "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    ("instance", "login"),
    [
        ("https://acme.my.salesforce.com", LOGIN),
        ("https://acme.my.salesforce.com/", LOGIN),
        ("https://acme.my.salesforce.com:443", LOGIN),
        ("https://na139.salesforce.com", "https://login.salesforce.com"),
        ("https://acme--qa.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://acme.cloudforce.com", LOGIN),
        ("https://acme.lightning.force.com", LOGIN),
        ("https://acme.my.salesforce.mil", "https://acme.my.salesforce.mil"),
        ("https://acme.my.sfcrmproducts.cn", "https://acme.my.sfcrmproducts.cn"),
        ("https://crm.example.com", "https://crm.example.com"),  # a proxy of one's own in front of it
        ("https://crm.example.com:8443", "https://crm.example.com:8443"),
        ("http://127.0.0.1:8080", "http://localhost:9090"),
    ],
)
def test_salesforces_hosts_and_the_one_of_login_url_are_trusted(instance: str, login: str) -> None:
    assert require_trusted(instance, login) == instance.rstrip("/")


@pytest.mark.parametrize(
    "instance",
    [
        "http://acme.my.salesforce.com",
        "https://evil.example",
        "https://salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://evilsalesforce.com",
        "https://my-salesforce.com",
        "https://acme.my.salesforce.com@evil.example",
        "https://user:secret@acme.my.salesforce.com",
        "https://@acme.my.salesforce.com",
        "https://acme.my.salesforce.com:8443",
        "https://acme.my.salesforce.com:0",
        "https://acme.my.salesforce.com:99999",
        "https://evil.example#.my.salesforce.com",
        "https://evil.example/?.my.salesforce.com",
        "https://evil.example\\.my.salesforce.com",
        "https://evil.example\t.my.salesforce.com",
        "https://ev\u0456l.my.salesforce.com",
        "http://127.0.0.1:8080",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://[::1]",
        "https://[::1",
        "gopher://acme.my.salesforce.com",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "",
    ],
)
def test_no_other_place_is_trusted(instance: str) -> None:
    with pytest.raises(SideDenied) as refused:
        require_trusted(instance, LOGIN)
    assert "acme.my.salesforce.com" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert refused.value.hint is not None
    assert "My Domain" in refused.value.hint


def test_a_port_of_ones_own_is_trusted_at_its_own_host_alone() -> None:
    with pytest.raises(SideDenied):
        require_trusted("https://crm.example.com:9443", "https://crm.example.com:8443")
    with pytest.raises(SideDenied):
        require_trusted("https://sub.crm.example.com", "https://crm.example.com")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example/x?y", "a.example"),
        ("https://me:secret@a.example/x", "a.example"),
        ("http://a.example:80", "http://a.example:80"),
        ("gopher://a", "gopher://a"),
        ("//a.example", "no scheme://a.example"),
        ("/path//x", "a place without a host"),
        ("https://[::1", "a place without a host"),
    ],
)
def test_a_host_is_named_without_the_rest_of_its_url(url: str, host: str) -> None:
    assert host_of(url) == host


def test_a_lightning_host_is_told_its_my_domain() -> None:
    assert "https://acme--qa.sandbox.my.salesforce.com" in my_domain_of("https://acme--qa.sandbox.lightning.force.com")
    assert "<name>" in my_domain_of("https://login.salesforce.com")
