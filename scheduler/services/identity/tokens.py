"""Tokens of 160 bits, derived from a stored seed and a secret key. Only hashes are stored.

A seed names the key that its token is derived with, so the token stays the same when a newer key is added.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from scheduler.secret_keys import FIRST, SecretKeys

SIGN_IN = "sign_in"
FEED = "feed"
TEAM = "team"
REGISTER = "register"
PRINT = "print"
SUMMARIES = "summaries"
DIGESTS = "digests"

RECOVERY = "recovery"

REPLY = "reply"
REPORT = "report"

_BYTES = 20
_ID_BYTES = 5
_SEED_LENGTH = 32
_SEED_KEY = re.compile(r"k([1-9][0-9]{0,3})\.")
_MAX_ID = 2**31 - 1
"""Larger ids are rejected by PostgreSQL."""


def new_seed(secret_key: SecretKeys) -> str:
    """Return a seed of the newest key: at least 108 random bits, in 32 characters."""
    return seed_of_key(secrets.token_hex(_SEED_LENGTH // 2), secret_key.newest)


def seed_key(seed: str) -> int:
    """Return the number of the key that the token of a seed is derived with."""
    found = _SEED_KEY.match(seed)
    return int(found[1]) if found is not None else FIRST


def seed_of_key(seed: str, number: int) -> str:
    """Return a seed for another key: the same random digits with the key's number. Always the same."""
    digits = _SEED_KEY.sub("", seed)
    return digits if number == FIRST else f"k{number}.{digits}"[:_SEED_LENGTH]


def derive_token(secret_key: SecretKeys, purpose: str, seed: str) -> str:
    """Derive the token of a seed: HMAC-SHA256 truncated to 160 bits, as 32 lower-case base32 characters.

    The purpose separates kinds of tokens. Read access to the database is not enough to derive one.
    """
    return _derived(secret_key.key(seed_key(seed)), purpose, seed)


def named_token(secret_key: SecretKeys, purpose: str, name: str, number: int | None = None) -> str:
    """Derive a token from a name instead of a random seed, by the key of this number or the newest one."""
    return _derived(secret_key.key(number), purpose, name)


def new_feed(secret_key: SecretKeys) -> tuple[str, str]:
    """Return the seed and the hash of a new address of a calendar feed."""
    seed = new_seed(secret_key)
    return seed, hash_token(derive_token(secret_key, FEED, seed))


def answer_token(
    secret_key: SecretKeys,
    request_key: str,
    attendee_id: int | None,
    address: str,
    number: int | None = None,
) -> str:
    """Derive the token to respond to a request from an email: one per request, person and address.

    A new address invalidates it.
    """
    return named_token(secret_key, "asked", f"{request_key}:{attendee_id}:{address}", number)


def digests_token(secret_key: SecretKeys, attendee_id: int, address: str, number: int | None = None) -> str:
    """Derive the token that stops a person's digests. A new address invalidates it."""
    return row_token(secret_key, DIGESTS, attendee_id, address, number)


def row_token(secret_key: SecretKeys, purpose: str, row_id: int, seed: str, number: int | None = None) -> str:
    """Derive a token of 160 bits for a row: 40 bits are its id, the others authenticate it.

    Nothing is stored. `seed` is a value that belongs to no other row.
    """
    named = row_id.to_bytes(_ID_BYTES, "big")
    key = secret_key.key(number).encode()
    proof = hmac.digest(key, f"{purpose}:{row_id}:{seed}".encode(), hashlib.sha256)
    return _text(named + proof[: _BYTES - _ID_BYTES])


def is_row_token(secret_key: SecretKeys, token: str, purpose: str, row_id: int, seed: str) -> bool:
    """Return True if one of the keys derives this token for the row."""
    given = token.encode("utf-8", "surrogatepass")
    return any(
        hmac.compare_digest(row_token(secret_key, purpose, row_id, seed, number).encode(), given)
        for number in secret_key
    )


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


def _derived(key: str, purpose: str, name: str) -> str:
    digest = hmac.digest(key.encode(), f"{purpose}:{name}".encode(), hashlib.sha256)
    return _text(digest[:_BYTES])


def _text(value: bytes) -> str:
    return base64.b32encode(value).decode("ascii").lower()
