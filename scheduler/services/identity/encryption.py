"""Encryption of secrets that must be readable again, with a key that is not in the database."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class UnreadableSecret(Exception):
    """The value was encrypted with another secret key."""


def encrypt(secret_key: str, purpose: str, text: str) -> bytes:
    """Encrypt and authenticate a text (Fernet: AES-128-CBC and HMAC-SHA256) for one purpose."""
    return _box(secret_key, purpose).encrypt(text.encode())


def decrypt(secret_key: str, purpose: str, encrypted: bytes) -> str:
    """Return the decrypted text. Raises UnreadableSecret."""
    try:
        return _box(secret_key, purpose).decrypt(encrypted).decode()
    except InvalidToken:
        raise UnreadableSecret from None


def _box(secret_key: str, purpose: str) -> Fernet:
    # Stored values depend on the word "seal", so it must not change.
    key = hmac.digest(secret_key.encode(), f"seal:{purpose}".encode(), hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
