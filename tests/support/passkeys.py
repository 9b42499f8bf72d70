"""An authenticator in software: it makes and uses passkeys as a browser's script sends them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, WITH_CREDENTIAL = 0x01, 0x04, 0x40
"""Flags of authenticator data (Web Authentication, 6.1)."""


@dataclass
class Authenticator:
    """One passkey. Its fields are what a test may falsify before a response is made."""

    origin: str
    rp_id: str
    flags: int = PRESENT | VERIFIED
    sign_count: int = 0
    user_handle: str = ""
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: Mapping[str, Any]) -> str:
        """Return the response of `navigator.credentials.create()`."""
        self.user_handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        cose = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        )
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        data = self._data(self.flags | WITH_CREDENTIAL) + attested
        return self._response(
            clientDataJSON=self._client("webauthn.create", options["challenge"]),
            attestationObject=cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data}),
        )

    def get(self, options: Mapping[str, Any], kind: str = "webauthn.get") -> str:
        """Return the response of `navigator.credentials.get()`."""
        client, data = self._client(kind, options["challenge"]), self._data(self.flags)
        signed = data + hashlib.sha256(client).digest()
        return self._response(
            clientDataJSON=client,
            authenticatorData=data,
            signature=self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
            userHandle=self.user_handle,
        )

    def _data(self, flags: int) -> bytes:
        return (
            hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.sign_count.to_bytes(4, "big")
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _response(self, **values: bytes | str) -> str:
        credential_id = bytes_to_base64url(self.credential_id)
        fields = {
            name: bytes_to_base64url(each) if isinstance(each, bytes) else each
            for name, each in values.items()
        }
        return json.dumps(
            {"id": credential_id, "rawId": credential_id, "type": "public-key", "response": fields,
             "clientExtensionResults": {}}
        )  # fmt: skip
