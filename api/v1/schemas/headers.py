"""Headers that the API takes and gives besides those of every HTTP message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.v1.schemas.base import Parameters


class IdempotencyHeaders(Parameters):
    """A client's name for a request that creates, so that it creates once."""

    idempotency_key: str | None = Field(
        None, alias="Idempotency-Key", min_length=1, max_length=255, pattern="^[!-~]+$"
    )


class MatchHeaders(Parameters):
    """The version that a client changes, so that it overwrites no other change (RFC 9110, 13.1.1)."""

    if_match: str | None = Field(
        None,
        alias="If-Match",
        min_length=1,
        max_length=255,
        pattern="^[ -~]+$",
        description="The `ETag` of the record as you last read it. If it has changed, nothing is done (412).",
    )


class Followed(Parameters):
    """Where what was asked for can be followed."""

    location: str = Field(alias="Location")


class Created(Followed):
    """Where what was made is."""

    idempotency_replayed: Literal["true"] | None = Field(
        None,
        alias="Idempotency-Replayed",
        description="true if this is the response to an earlier request with the same key.",
    )
