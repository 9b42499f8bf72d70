"""Opaque signed S/MIME (RFC 8551 3.5.2), as Outlook sends it without clear signing."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from tests.support.factories import NOW


@cache
def _signer() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.derive_private_key(4711, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Peter Nagy")])
    first: datetime = NOW - timedelta(days=30)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.serial_number(1).not_valid_before(first).not_valid_after(first + timedelta(days=900))
    return dated.sign(key, hashes.SHA256()), key


def signed(entity: bytes) -> bytes:
    """Return DER-encoded CMS SignedData with this MIME entity."""
    certificate, key = _signer()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(entity)
    return builder.add_signer(certificate, key, hashes.SHA256()).sign(
        Encoding.DER, [pkcs7.PKCS7Options.Binary]
    )


def streamed(entity: bytes) -> bytes:
    """Return it as streaming encoders do: indefinite lengths, and the content in several segments."""
    size = 200
    pieces = [entity[at : at + size] for at in range(0, len(entity), size)]
    octets = b"\x24\x80" + b"".join(_definite(b"\x04", each) for each in pieces) + b"\0\0"
    data = bytes.fromhex("06092a864886f70d010701")
    inner = b"\x30\x80" + data + b"\xa0\x80" + octets + b"\0\0" + b"\0\0"
    body = b"\x02\x01\x01" + b"\x31\x00" + inner + b"\x31\x00"
    kind = bytes.fromhex("06092a864886f70d010702")
    return b"\x30\x80" + kind + b"\xa0\x80" + b"\x30\x80" + body + b"\0\0" + b"\0\0" + b"\0\0"


def part(cms: bytes, kind: str = "signed-data") -> str:
    """Return headers and body of an email that consists of this part only."""
    head = f'Content-Type: application/pkcs7-mime; smime-type={kind}; name="smime.p7m"\n'
    return (
        head
        + 'Content-Disposition: attachment; filename="smime.p7m"\nContent-Transfer-Encoding: base64\n\n'
        + base64.encodebytes(cms).decode()
    )


def _definite(tag: bytes, octets: bytes) -> bytes:
    size = len(octets)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return tag + length + octets
