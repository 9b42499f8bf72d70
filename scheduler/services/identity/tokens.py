"""Tokens of 160 bits, derived from a stored seed and the secret key. Only hashes are stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

SIGN_IN = "sign_in"
FEED = "feed"
TEAM = "team"
REGISTER = "register"
PRINT = "print"

REPLY = "reply"
REPORT = "report"

_BYTES = 20
_ID_BYTES = 5
_MAX_ID = 2**31 - 1
"""Larger ids are rejected by PostgreSQL."""


def new_seed() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def derive_token(secret_key: str, purpose: str, seed: str) -> str:
    """Derive the token of a seed: HMAC-SHA256 truncated to 160 bits, as 32 lower-case base32 characters.

    The purpose separates kinds of tokens. Read access to the database is not enough to derive one.
    """
    digest = hmac.digest(secret_key.encode(), f"{purpose}:{seed}".encode(), hashlib.sha256)
    return _text(digest[:_BYTES])


def new_feed(secret_key: str) -> tuple[str, str]:
    """Return the seed and the hash of a new address of a calendar feed."""
    seed = new_seed()
    return seed, hash_token(derive_token(secret_key, FEED, seed))


def answer_token(secret_key: str, request_key: str, attendee_id: int | None, address: str) -> str:
    """Derive the token to respond to a request from an email: one per request, person and address.

    A new address invalidates it.
    """
    return derive_token(secret_key, "asked", f"{request_key}:{attendee_id}:{address}")


def digests_token(secret_key: str, attendee_id: int | None, address: str) -> str:
    """Derive the token that stops a person's digests. A new address invalidates it."""
    return derive_token(secret_key, "digests", f"{attendee_id}:{address}")


def row_token(secret_key: str, purpose: str, row_id: int, seed: str) -> str:
    """Derive a token of 160 bits for a row: 40 bits are its id, the others authenticate it.

    Nothing is stored. `seed` is a value of the row that no other row ever had.
    """
    named = row_id.to_bytes(_ID_BYTES, "big")
    proof = hmac.digest(secret_key.encode(), f"{purpose}:{row_id}:{seed}".encode(), hashlib.sha256)
    return _text(named + proof[: _BYTES - _ID_BYTES])


def row_id(token: str) -> int:
    """Return the id in such a token, not authenticated yet. 0 if it is not a token."""
    try:
        named = int.from_bytes(base64.b32decode(token.upper())[:_ID_BYTES], "big")
    except ValueError:
        return 0
    return named if named <= _MAX_ID else 0


def random_token() -> str:
    """Return a random token, which is shown once and cannot be derived again."""
    return _text(secrets.token_bytes(_BYTES))


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal, which is enough for 160 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _text(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii").lower()
