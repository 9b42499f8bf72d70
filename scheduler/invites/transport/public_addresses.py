"""SSRF protection: which IP addresses user-supplied URLs may reach. Public ones only."""

from __future__ import annotations

import ipaddress
from typing import Final

# Ranges that Python may consider global, but that embed an IPv4 address or are site-local.
_EMBEDDING: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/96",  # IPv4-compatible, deprecated
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 2765)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # local NAT64 (RFC 8215)
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local, deprecated
    )
)

_METADATA: Final = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure
    ipaddress.IPv4Network("192.0.0.0/24"),  # IETF protocol assignments (RFC 6890), and Oracle's cloud
)
"""Services of clouds for their own machines, at addresses that Python may consider global."""


def is_public_address(address: str) -> bool:
    """Return True if an IP address is public itself, not through an embedded IPv4 address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (
        ip.scope_id is not None or any(ip in network for network in _EMBEDDING)
    ):
        return False
    if any(ip in network for network in _METADATA):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)
