"""Encryption of secrets that must be read again, with a key outside the database."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class UnreadableSecret(Exception):
    """The text was encrypted with another secret key."""


def encrypt(secret_key: str, purpose: str, text: str) -> bytes:
    """The text, encrypted and signed (Fernet: AES-128-CBC and HMAC-SHA256), for one purpose."""
    return _box(secret_key, purpose).encrypt(text.encode())


def decrypt(secret_key: str, purpose: str, encrypted: bytes) -> str:
    """The decrypted text. Raises UnreadableSecret."""
    try:
        return _box(secret_key, purpose).decrypt(encrypted).decode()
    except InvalidToken:
        raise UnreadableSecret from None


def _box(secret_key: str, purpose: str) -> Fernet:
    # What is stored was encrypted with this word, so it stays.
    key = hmac.digest(secret_key.encode(), f"seal:{purpose}".encode(), hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
