"""DKIM signatures (RFC 6376, RFC 8463) of emails that leave, for relays that don't sign.

The keys sign with OpenSSL, by `cryptography`. dkimpy, which the tests verify with, calculates RSA in Python,
in a time that depends on the key. Canonicalization is relaxed for headers and body, as relays may fold
headers again.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

MIN_BITS: Final = 2_048
"""Of an RSA key. Providers ignore keys of fewer than 1,024 bits, and shorter ones than this are not safe."""
OVERSIGNED: Final = (
    "From",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
"""Headers that are signed once more than they occur, so that none can be added (RFC 6376, section 8.15)."""
SIGNED: Final = ("In-Reply-To", "References", "List-Id", "Auto-Submitted", "Content-Transfer-Encoding")
"""Headers that are signed if they occur."""

PublicKey = RSAPublicKey | Ed25519PublicKey

_LINE: Final = 76
_PEM: Final = "-----BEGIN "
_SELECTOR: Final = re.compile(
    r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key, and where receivers find its public key."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def algorithm(self) -> str:
        """Value of the tag `a`."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    @property
    def name(self) -> str:
        """Name of the TXT record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    @property
    def record(self) -> str:
        """Text of the TXT record, which has to be published."""
        public = self.public
        if isinstance(public, RSAPublicKey):
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"v=DKIM1; k={self.algorithm.partition('-')[0]}; p={base64.b64encode(octets).decode()}"

    @property
    def description(self) -> str:
        return describe(self.public)

    def sign(self, octets: bytes) -> bytes:
        """Return the signature of canonical headers. Both algorithms are deterministic."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(octets, PKCS1v15(), SHA256())
        return self.private.sign(hashlib.sha256(octets).digest())


def describe(public: PublicKey) -> str:
    """Return the kind and size of a key for people."""
    return f"RSA, {public.key_size} bits" if isinstance(public, RSAPublicKey) else "Ed25519"


def public_key(kind: str, octets: bytes) -> PublicKey | None:
    """Return the key with this value of the tag `k` and these octets of `p`, or None if it can't be read."""
    try:
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(octets)
        found = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, RSAPublicKey) else None


@lru_cache(maxsize=4)
def read_keys(text: str, selectors: str, domain: str) -> tuple[DkimKey, ...]:
    """Return the private keys of PEM blocks, each with the selector at its position.

    Raises ValueError, whose text contains nothing of a key.
    """
    names = selectors.split()
    blocks = [_PEM + part for part in text.split(_PEM)[1:]]
    if text.strip() and not blocks:
        raise ValueError("has no private key in PEM format")
    if len(names) != len(blocks):
        raise ValueError(f"has {len(blocks)} keys, and CHAINMEET_DKIM_SELECTORS has {len(names)} selectors")
    if len({name.lower() for name in names}) < len(names):
        raise ValueError("needs a different selector for each key")
    wrong = [name for name in names if not _SELECTOR.fullmatch(name) or len(name) > 63]
    if wrong:
        raise ValueError(f"can't have the selector {wrong[0][:80]}")
    return tuple(
        DkimKey(domain, name, _private_key(block)) for name, block in zip(names, blocks, strict=True)
    )


def _private_key(pem: str) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise ValueError("has a key with a passphrase; remove it with: openssl pkey") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("has a key that can't be read; make one with: openssl genrsa 2048") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("has a key that is neither RSA nor Ed25519")  # noqa: TRY004 -- of a text
    if key.key_size < MIN_BITS:
        raise ValueError(f"has an RSA key of {key.key_size} bits; {MIN_BITS:,} or more are required")
    return key


def signed(message: bytes, keys: Sequence[DkimKey]) -> bytes:
    """Return the message, with CRLF line ends, behind one DKIM-Signature header for each key."""
    if not keys:
        return message
    head, _, body = message.partition(b"\r\n\r\n")
    fields = _by_name(head)
    names = list(_signed_names(fields))
    covered = _covered(names, fields)
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()
    return b"".join(_signature(key, names, covered, body_hash) for key in keys) + message


def _by_name(head: bytes) -> dict[str, list[bytes]]:
    """Return the headers by name in lower case, in the order of the message."""
    fields: dict[str, list[bytes]] = {}
    for header in re.split(rb"\r\n(?![ \t])", head):
        name = header.partition(b":")[0].strip().decode("ascii", "replace").lower()
        fields.setdefault(name, []).append(header)
    return fields


def _signed_names(fields: dict[str, list[bytes]]) -> Iterator[str]:
    for name in (*OVERSIGNED, *SIGNED):
        yield from [name] * (len(fields.get(name.lower(), ())) + (name in OVERSIGNED))


def _covered(names: Sequence[str], fields: dict[str, list[bytes]]) -> bytes:
    """Return the canonical headers: of equal ones the last first, and nothing for those that are absent."""
    left = {name: list(headers) for name, headers in fields.items()}
    found = [left[name.lower()].pop() for name in names if left.get(name.lower())]
    return b"".join(relaxed_header(header) + b"\r\n" for header in found)


def _signature(key: DkimKey, names: Sequence[str], covered: bytes, body_hash: str) -> bytes:
    tags = (
        f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;",
        f"d={key.domain}; s={key.selector};",
        *_folded_names(names),
        f"bh={body_hash};",
        "b=",
    )
    header = "\r\n ".join(tags).encode("ascii")
    value = base64.b64encode(key.sign(covered + relaxed_header(header)))
    lines = [value[start : start + _LINE] for start in range(0, len(value), _LINE)]
    return header + b"\r\n ".join([b"", *lines]) + b"\r\n"


def _folded_names(names: Sequence[str]) -> Iterator[str]:
    line = "h="
    for position, name in enumerate(names):
        item = name + (";" if position == len(names) - 1 else ":")
        if len(line) + len(item) > _LINE:
            yield line
            line = ""
        line += item
    yield line


def relaxed_header(header: bytes) -> bytes:
    """Return the canonical header without its CRLF (RFC 6376, section 3.4.2)."""
    name, _, value = header.partition(b":")
    unfolded = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b""))
    return name.strip().lower() + b":" + unfolded.strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """Return the canonical body (RFC 6376, section 3.4.4)."""
    text = re.sub(rb"[ \t]+", b" ", body + b"\r\n").replace(b" \r\n", b"\r\n")
    end = len(text)
    while text.endswith(b"\r\n", 0, end):
        end -= 2
    return text[:end] + b"\r\n" if end else b""
