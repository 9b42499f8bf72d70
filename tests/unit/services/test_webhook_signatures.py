"""Signatures of Standard Webhooks: the specification's vectors, and its reference library as the verifier."""

from __future__ import annotations

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from scheduler.domain.webhooks import SignatureScheme
from scheduler.services.audit_log.acts import Act
from scheduler.services.webhooks import signatures
from scheduler.services.webhooks.event_types import EVENT_TYPES, NOT_SENT
from scheduler.services.webhooks.signatures import make_key, signature_header, verification_key
from tests.support import clocks

MESSAGE, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PRIVATE = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
HMAC = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""The vector of the reference libraries."""
ED25519 = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
"""The signature in the specification's example of headers."""


def test_the_vectors_of_the_specification() -> None:
    assert signature_header([SECRET], MESSAGE, TIMESTAMP, BODY) == HMAC
    assert signature_header([PRIVATE], MESSAGE, TIMESTAMP, BODY) == ED25519
    assert signature_header([SECRET, PRIVATE], MESSAGE, TIMESTAMP, BODY) == f"{HMAC} {ED25519}"
    assert (verification_key(SECRET), verification_key(PRIVATE)) == (SECRET, PUBLIC)


def test_the_reference_library_verifies_both_keys_during_a_rotation() -> None:
    old, new = (make_key(SignatureScheme.HMAC_SHA256) for _ in range(2))
    timestamp = int(clocks.now().timestamp())
    headers = {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header([new, old], MESSAGE, timestamp, BODY),
    }
    for key in (new, old):
        assert Webhook(key).verify(BODY, headers) == {"test": 2432232314}
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(make_key(SignatureScheme.HMAC_SHA256)).verify(BODY, headers)


@pytest.mark.parametrize("minutes", [-1, 1])
def test_the_tolerance_is_that_of_the_reference_library(minutes: int) -> None:
    key, now = make_key(SignatureScheme.HMAC_SHA256), int(clocks.now().timestamp())
    for seconds in (signatures.TOLERANCE_SECONDS - 5, signatures.TOLERANCE_SECONDS + 5):
        timestamp = now + minutes * seconds
        headers = {
            "webhook-id": MESSAGE,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_header([key], MESSAGE, timestamp, BODY),
        }
        if seconds < signatures.TOLERANCE_SECONDS:
            Webhook(key).verify(BODY, headers)
        else:
            with pytest.raises(WebhookVerificationError, match="timestamp too"):
                Webhook(key).verify(BODY, headers)


def test_keys_are_random_and_of_the_sizes_of_the_specification() -> None:
    secret, private = (make_key(scheme) for scheme in SignatureScheme)
    assert secret != make_key(SignatureScheme.HMAC_SHA256)
    assert secret.startswith("whsec_") and 24 <= len(base64.b64decode(secret[6:])) <= 64
    assert private.startswith("whsk_") and len(base64.b64decode(private[5:])) == 64
    public = verification_key(private)
    verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signature = base64.b64decode(signature_header([private], MESSAGE, TIMESTAMP, BODY).partition(",")[2])
    signed = f"{MESSAGE}.{TIMESTAMP}.".encode() + BODY
    verifier.verify(signature, signed)
    with pytest.raises(InvalidSignature):
        verifier.verify(signature, signed + b" ")


def test_each_act_has_a_type_or_a_reason_for_none() -> None:
    assert set(EVENT_TYPES) | set(NOT_SENT) == set(Act) and not set(EVENT_TYPES) & set(NOT_SENT)
    assert len(set(EVENT_TYPES.values())) == len(EVENT_TYPES)
    for name in EVENT_TYPES.values():
        group, _, what = name.partition(".")
        assert all(part.replace("_", "").isalnum() and part.isascii() for part in (group, what)), name
