"""Signed checkpoints of the audit log's hash chains, to be kept outside the database.

A hash chain shows a changed row only to someone who cannot recompute the chain. Anyone with write access to
the database can: they can rehash the chain, truncate it or empty it. A checkpoint that was emailed earlier
states the number of rows and the hash of the last one, which covers all rows before it. Its text is a signed
note (C2SP signed-note and tlog-checkpoint) with an Ed25519 signature (RFC 8032). The root is the hash of the
last row.

Owners get a checkpoint each week while their event's log grows. Operators get that of the installation.

Limits: rows added since the last checkpoint can still be cut undetected. Whoever has both the secret key and
the database can sign false notes, but cannot change emailed ones. An HMAC in each row was rejected, because
every worker that writes has its key. `verify` alone detects neither a rehashed, a truncated nor an emptied
chain; `--expect` with an emailed checkpoint detects each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.services.audit_log.hashing import BEFORE_THE_FIRST
from scheduler.services.audit_log.verification import Chain
from scheduler.storage.models import AuditChain, AuditLogEntry

_ED25519: Final = b"\x01"
"""Signature type in a signed note."""
_WORDS: Final = 6
"""Words in a note: origin, size, root, dash, signer and signature."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a chain: its number, its row count, and the hash of the last row."""

    chain: int
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint read from a note. `is_ours`: it was signed with this installation's key."""

    checkpoint: Checkpoint
    is_ours: bool


@dataclass(frozen=True, slots=True)
class CheckpointSigner:
    """Signs checkpoints with a key derived from the secret key, which is not in the database."""

    name: str
    key: Ed25519PrivateKey
    older: tuple[Ed25519PrivateKey, ...] = ()
    """Keys that signed earlier checkpoints, as long as their secret keys haven't ended."""

    @classmethod
    def of(cls, settings: Settings) -> CheckpointSigner:
        """Return the signer with the newest key, which also recognises signatures of the older ones."""
        *older, newest = (_signing_key(settings.secret_key.key(each)) for each in settings.secret_key)
        return cls(urlsplit(settings.base_url).netloc, newest, tuple(older))

    @property
    def verifier_key(self) -> str:
        """The public key in the vkey format of signed notes."""
        public = base64.b64encode(_ED25519 + self._public).decode()
        return f"{self.name}/audit+{_key_id(self.name, self._public).hex()}+{public}"

    def note(self, checkpoint: Checkpoint) -> str:
        """Return the signed note of a checkpoint."""
        body = _body(self.name, checkpoint)
        signature = _key_id(self.name, self._public) + self.key.sign(body.encode())
        return f"{body}\n\u2014 {self.name}/audit {base64.b64encode(signature).decode()}\n"

    def read(self, text: str) -> list[SignedCheckpoint]:
        """Return all checkpoints in a text, such as an email that has one on each line."""
        words = text.split()
        found = (self._read(words[at : at + _WORDS]) for at, word in enumerate(words) if "/audit/" in word)
        return [each for each in found if each is not None]

    def _read(self, words: Sequence[str]) -> SignedCheckpoint | None:
        """Parse the words of a note. Return None if they are not a note."""
        try:
            origin, size, root, _, signer, signed = words
            name, chain = origin.split("/audit/")
            checkpoint = Checkpoint(int(chain), int(size), base64.b64decode(root, validate=True).hex())
            signature = base64.b64decode(signed, validate=True)
        except ValueError:
            return None
        signer_name, body = signer.removesuffix("/audit"), _body(name, checkpoint).encode()
        is_ours = any(_is_signed(signature, signer_name, body, key) for key in (self.key, *self.older))
        return SignedCheckpoint(checkpoint, is_ours)

    @property
    def _public(self) -> bytes:
        return _public_of(self.key)


def _signing_key(secret: str) -> Ed25519PrivateKey:
    seed = hmac.digest(secret.encode(), b"sign:checkpoint", hashlib.sha256)
    return Ed25519PrivateKey.from_private_bytes(seed)


def _public_of(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _is_signed(signature: bytes, signer: str, body: bytes, key: Ed25519PrivateKey) -> bool:
    if signature[:4] != _key_id(signer, _public_of(key)):
        return False
    try:
        key.public_key().verify(signature[4:], body)
    except InvalidSignature:
        return False
    return True


def _body(name: str, checkpoint: Checkpoint) -> str:
    root = base64.b64encode(bytes.fromhex(checkpoint.root)).decode()
    return f"{name}/audit/{checkpoint.chain}\n{checkpoint.size}\n{root}\n"


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(f"{name}/audit\n".encode() + _ED25519 + public).digest()[:4]


def read_checkpoints(session: Session, chain: int | None = None) -> list[Checkpoint]:
    """Return the present checkpoints of all chains, or of one."""
    query = select(AuditChain).where(AuditChain.number > 0).order_by(AuditChain.chain)
    if chain is not None:
        query = query.where(AuditChain.chain == chain)
    return [Checkpoint(row.chain, row.number, row.hash) for row in session.scalars(query)]


def compare_checkpoints(
    session: Session, chains: Iterable[Chain], kept: Iterable[SignedCheckpoint]
) -> list[str]:
    """Return a sentence for each stored checkpoint that a chain contradicts.

    `chains` must have been verified already. Their hashes are consistent, so comparing one hash covers all
    rows before it.
    """
    rows = {chain.id: chain.rows for chain in chains}
    return [
        f"chain {each.checkpoint.chain}: {fault}"
        for each in kept
        if (fault := _fault(session, rows.get(each.checkpoint.chain, 0), each))
    ]


def _fault(session: Session, rows: int, kept: SignedCheckpoint) -> str:
    expected = kept.checkpoint
    if not kept.is_ours:
        return f"the checkpoint of {expected.size:,} rows is not signed by this installation"
    if rows < expected.size:
        return f"{expected.size:,} rows were there, and {rows:,} hold"
    found = BEFORE_THE_FIRST
    if expected.size:
        of_row = AuditLogEntry.chain == expected.chain, AuditLogEntry.number == expected.size
        found = session.scalars(select(AuditLogEntry.hash).where(*of_row)).one()
    return "" if found == expected.root else f"the first {expected.size:,} rows were written anew"
