"""Webhooks: signature schemes, and states of messages and endpoints (Standard Webhooks 1.0)."""

from __future__ import annotations

from enum import StrEnum


class SignatureScheme(StrEnum):
    """How messages are signed. The value is the signature's identifier in the header."""

    HMAC_SHA256 = "v1"
    ED25519 = "v1a"


class MessageState(StrEnum):
    """State of a message."""

    PENDING = "pending"
    """It waits for its next attempt."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Its attempts are used up, or its endpoint was disabled."""


class AttemptFailure(StrEnum):
    """Why an attempt failed without a usable response."""

    STATUS = "status"
    """The response has a status outside 200 to 299."""
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    NOT_PUBLIC = "not-public"
    """The host has an address that is not on the public internet."""
    CERTIFICATE = "certificate"
    SECRET = "secret"  # noqa: S105 -- a word, no secret
    """The endpoint's secret was encrypted with a key that is gone. Rotate it."""


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    MANUAL = "manual"
    GONE = "gone"
    """It responded 410."""
    FAILING = "failing"
    """A message used up its attempts, and none was delivered meanwhile."""
