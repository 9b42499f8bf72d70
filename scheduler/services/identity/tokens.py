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
"""PostgreSQL refuses to look for a larger one."""


def new_seed() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def derive_token(secret_key: str, purpose: str, seed: str) -> str:
    """The token of a seed: HMAC-SHA256 cut to 160 bits, as 32 lower-case base32 characters.

    A purpose keeps tokens of different kinds apart. Whoever reads only the database cannot make one.
    """
    digest = hmac.digest(secret_key.encode(), f"{purpose}:{seed}".encode(), hashlib.sha256)
    return _text(digest[:_BYTES])


def answer_token(secret_key: str, request_key: str, attendee_id: int | None, address: str) -> str:
    """The token that answers a request from a mail: one a request, person and address.

    So another address ends it.
    """
    return derive_token(secret_key, "asked", f"{request_key}:{attendee_id}:{address}")


def digests_token(secret_key: str, attendee_id: int | None, address: str) -> str:
    """The token that stops a person's digests. Another address ends it."""
    return derive_token(secret_key, "digests", f"{attendee_id}:{address}")


def row_token(secret_key: str, purpose: str, row_id: int, seed: str) -> str:
    """A token of 160 bits that names a row: 40 of them are its id, and the others prove it.

    Nothing of it is stored. `seed` is what the row has that no other row ever had.
    """
    named = row_id.to_bytes(_ID_BYTES, "big")
    proof = hmac.digest(secret_key.encode(), f"{purpose}:{row_id}:{seed}".encode(), hashlib.sha256)
    return _text(named + proof[: _BYTES - _ID_BYTES])


def row_id(token: str) -> int:
    """The id that such a token names, which is not proved yet. 0 for what is no token."""
    try:
        named = int.from_bytes(base64.b32decode(token.upper())[:_ID_BYTES], "big")
    except ValueError:
        return 0
    return named if named <= _MAX_ID else 0


def random_token() -> str:
    """A token that is shown once and cannot be derived again."""
    return _text(secrets.token_bytes(_BYTES))


def hash_token(token: str) -> str:
    """SHA-256 in hexadecimal: enough for a token of 160 random bits, which nobody can guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _text(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii").lower()
