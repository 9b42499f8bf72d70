"""Secrets that must be read again: sealed with the secret key, so that the database alone opens none."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class UnreadableSecret(Exception):
    """The text was encrypted with another secret key."""


def seal(secret_key: str, purpose: str, text: str) -> bytes:
    """The text, encrypted and signed (Fernet: AES-128-CBC and HMAC-SHA256), for one purpose."""
    return _box(secret_key, purpose).encrypt(text.encode())


def unseal(secret_key: str, purpose: str, sealed: bytes) -> str:
    """The decrypted text. Raises Unreadable."""
    try:
        return _box(secret_key, purpose).decrypt(sealed).decode()
    except InvalidToken:
        raise UnreadableSecret from None


def _box(secret_key: str, purpose: str) -> Fernet:
    key = hmac.digest(secret_key.encode(), f"seal:{purpose}".encode(), hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
