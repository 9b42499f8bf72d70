"""Encryption of secrets that must be readable again, with a key that is not in the database.

A value begins with the number of its key, such as `k2.`. One without a number is of the first key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from cryptography.fernet import Fernet, InvalidToken

from scheduler.secret_keys import FIRST, SecretKeys

_PREFIX = re.compile(rb"k([1-9][0-9]{0,3})\.")


class UnreadableSecret(Exception):
    """The value was encrypted with a secret key that is not among today's."""


def encrypt(secret_key: SecretKeys, purpose: str, text: str) -> bytes:
    """Encrypt and authenticate a text (Fernet: AES-128-CBC and HMAC-SHA256) for one purpose.

    The newest key is used.
    """
    number = secret_key.newest
    return prefix(number) + _box(secret_key.key(number), purpose).encrypt(text.encode())


def decrypt(secret_key: SecretKeys, purpose: str, encrypted: bytes) -> str:
    """Return the decrypted text. Raises UnreadableSecret."""
    try:
        box = _box(secret_key.key(key_number(encrypted)), purpose)
        return box.decrypt(_PREFIX.sub(b"", encrypted, count=1)).decode()
    except InvalidToken:
        raise UnreadableSecret from None


def relabelled(encrypted: bytes, number: int) -> bytes:
    """Return a value with the number of another key, which doesn't decrypt it."""
    return prefix(number) + _PREFIX.sub(b"", encrypted, count=1)


def prefix(number: int) -> bytes:
    """Return what a value of this key begins with: nothing for the first key."""
    return b"" if number == FIRST else f"k{number}.".encode()


def key_number(encrypted: bytes) -> int:
    """Return the number of the key of a value."""
    found = _PREFIX.match(encrypted)
    return int(found[1]) if found is not None else FIRST


def _box(key: str, purpose: str) -> Fernet:
    # Stored values depend on the word "seal", so it must not change.
    derived = hmac.digest(key.encode(), f"seal:{purpose}".encode(), hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(derived))
