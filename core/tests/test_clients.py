"""Where a request comes from: what anybody can write changes nothing."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from core.clients import client_ip, network_of

pytestmark = pytest.mark.once


def ip(peer: str = "192.0.2.1", forwarded: str | None = None) -> str | None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_ip(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))


@pytest.mark.parametrize("forwarded", [None, "203.0.113.9", "203.0.113.9, 198.51.100.4", "127.0.0.1", "", "x"])
def test_with_no_proxy_trusted_the_peer_counts(settings: Settings, forwarded: str | None) -> None:
    assert settings.TRUSTED_PROXIES == 0
    assert ip(forwarded=forwarded) == "192.0.2.1"


@pytest.mark.parametrize(
    ("trusted", "forwarded", "expected"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "127.0.0.1, 10.0.0.1, 203.0.113.9", "203.0.113.9"),
        (2, "127.0.0.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "203.0.113.9, no address", "192.0.2.1"),
        (1, "203.0.113.9:4711", "203.0.113.9"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "2001:DB8:0::7", "2001:db8::7"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_of_forwarded_addresses_that_at_the_place_of_the_first_proxy_counts(
    settings: Settings, trusted: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    assert ip(forwarded=forwarded) == expected


def test_a_local_socket_has_no_address() -> None:
    assert ip(peer="") is None
    assert network_of(None) == ""


def test_one_customers_addresses_of_the_sixth_version_are_one_place() -> None:
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8:1:2:3::7") == network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::7") != network_of("2001:db8:1:2::7")
