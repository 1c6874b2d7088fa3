"""Where a request comes from."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str | None:
    """The address of the client; None when there is none (a local socket).

    `X-Forwarded-For` is what anybody can write. Of it only the last `TRUSTED_PROXIES` entries were written by proxies of
    ours, each about the one before it, so the client stands at that place from the right. With none trusted, or with fewer
    entries than proxies, the peer of the connection counts.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    trusted = settings.TRUSTED_PROXIES
    named = forwarded[-trusted] if 0 < trusted <= len(forwarded) else ""
    return _address(named) or _address(request.META.get("REMOTE_ADDR", ""))


def network_of(ip: str | None) -> str:
    """What counts as one place: an IPv4 address, or the /64 that one customer has of IPv6; "" for none."""
    if ip is None:
        return ""
    address = ipaddress.ip_address(ip)
    return ip if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def _address(text: str) -> str | None:
    """The address in `text`, without port, brackets and zone; IPv4 written as IPv6 becomes IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
