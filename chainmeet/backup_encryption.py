"""Encryption of backups in the format of age: https://age-encryption.org/v1.

A backup is encrypted to public keys. The server that writes it has no key that opens it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Final, TypeAlias

import pyrage

Recipient: TypeAlias = "pyrage.x25519.Recipient | pyrage.ssh.Recipient"
Identity: TypeAlias = "pyrage.x25519.Identity | pyrage.ssh.Identity"

MAGIC: Final = b"age-encryption.org/v1\n"
"""The first line of an encrypted file."""
_PREFIX: Final = "AGE-SECRET-KEY-"
_MAX_KEYS: Final = 1 << 16
"""Size in bytes of the largest file of keys."""


class NoKey(ValueError):
    """A text or file is no key of age and no SSH key, or its keys don't open the backup."""


class Damaged(ValueError):
    """An encrypted file is incomplete or was changed."""


def read_recipient(text: str) -> Recipient:
    """Return a public key: one of age ("age1..."), or an SSH key of a type that age takes. Raises NoKey."""
    kind: Callable[[str], Recipient] = (
        pyrage.ssh.Recipient.from_str if text.startswith("ssh-") else pyrage.x25519.Recipient.from_str
    )
    try:
        return kind(text.strip())
    except pyrage.RecipientError as error:
        raise NoKey(f"{text[:40]!r} is no public key of age, and no SSH key that age takes") from error


def read_identities(path: Path) -> list[Identity]:
    """Return the secret keys of a file: lines as `age-keygen` writes them, or an SSH key. Raises NoKey."""
    with path.open("rb") as file:
        content = file.read(_MAX_KEYS)
    lines = content.decode("utf-8", "replace").split()
    try:
        if keys := [line for line in lines if line.startswith(_PREFIX)]:
            return [pyrage.x25519.Identity.from_str(key) for key in keys]
        return [pyrage.ssh.Identity.from_buffer(content)]
    except pyrage.IdentityError as error:
        raise NoKey(f"{path} has no secret key of age, and no SSH key that age takes") from error


def is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def encrypt_file(source: BufferedIOBase, target: BufferedIOBase, recipients: Sequence[Recipient]) -> None:
    """Encrypt a file, such that each of the recipients can open it."""
    pyrage.encrypt_io(source, target, recipients)


def decrypt_file(source: Path, target: BufferedIOBase, identities: Sequence[Identity]) -> None:
    """Decrypt a file. Raises NoKey or Damaged: then discard `target`."""
    with source.open("rb") as file:
        try:
            pyrage.decrypt_io(file, target, identities)
        except pyrage.DecryptError as error:
            raise NoKey(f"these keys don't open it ({error})") from error
        except OSError as error:
            if error.errno is not None:
                raise  # of a disk
            raise Damaged("it is cut off or was changed") from error
