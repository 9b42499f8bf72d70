"""DKIM keys of the tests, and dkimpy, which verifies by its own implementation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import dkim
import dns.resolver
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scheduler.invites.transport.dkim import DkimKey
from tests.support.dns_server import Zone


@cache
def rsa_pem(bits: int = 2_048, number: int = 0) -> str:
    """Return an RSA key. Another number returns another key."""
    return _pem(rsa.generate_private_key(public_exponent=65_537, key_size=bits))


@cache
def ed25519_pem() -> str:
    return _pem(ed25519.Ed25519PrivateKey.generate())


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def zone(keys: Sequence[DkimKey]) -> Zone:
    """Return the records that the keys have to have in DNS."""
    return {(key.name.lower(), "TXT"): [txt(key.record)] for key in keys}


def txt(text: str) -> str:
    """Return a TXT record as in a zone file: strings of at most 255 characters."""
    return " ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))


def verified(message: bytes, resolver: dns.resolver.Resolver) -> list[bool]:
    """Return whether each signature is valid, from the top."""

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        try:
            answer = resolver.resolve(name.decode(), "TXT")
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        return b"".join(answer[0].strings)

    checked = dkim.DKIM(message, minkey=1_024)
    count = sum(name.lower() == b"dkim-signature" for name, _ in checked.headers)
    return [_is_valid(message, number, look_up) for number in range(count)]


def _is_valid(message: bytes, number: int, look_up: object) -> bool:
    try:
        return bool(dkim.DKIM(message).verify(idx=number, dnsfunc=look_up))
    except dkim.DKIMException:
        return False
