"""Signatures of Standard Webhooks 1.0: HMAC-SHA256 (`v1`) and Ed25519 (`v1a`), and their keys as text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scheduler.domain.webhooks import SignatureScheme

SECRET, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
"""Prefixes of a shared secret, a private key and a public key."""
TOLERANCE_SECONDS: Final = 300
"""By how much a receiver's clock may differ from `webhook-timestamp`. An older message is a replay attack."""

_SECRET_OCTETS: Final = 32
"""The specification allows 24 to 64."""
_SEED_OCTETS: Final = 32


def make_key(scheme: SignatureScheme) -> str:
    """Return a new random signing key, serialised with its prefix."""
    if scheme is SignatureScheme.HMAC_SHA256:
        return SECRET + _encoded(secrets.token_bytes(_SECRET_OCTETS))
    key = Ed25519PrivateKey.generate()
    return PRIVATE + _encoded(key.private_bytes_raw() + key.public_key().public_bytes_raw())


def verification_key(key: str) -> str:
    """Return what a receiver needs to verify: the shared secret itself, or the public key."""
    if key.startswith(SECRET):
        return key
    return PUBLIC + _encoded(_private_key(key).public_key().public_bytes_raw())


def signature_header(keys: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`: a signature by each key, separated by spaces."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_signature(key, signed) for key in keys)


def _signature(key: str, signed: bytes) -> str:
    if key.startswith(SECRET):
        octets = hmac.digest(base64.b64decode(key.removeprefix(SECRET)), signed, hashlib.sha256)
        return f"{SignatureScheme.HMAC_SHA256},{_encoded(octets)}"
    return f"{SignatureScheme.ED25519},{_encoded(_private_key(key).sign(signed))}"


def _private_key(key: str) -> Ed25519PrivateKey:
    """Return the key of a seed, which the public key follows as in libsodium."""
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.removeprefix(PRIVATE))[:_SEED_OCTETS])


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
