"""Idempotency keys: a repeated request creates nothing and gets the stored response."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.services.identity.api_clients import ApiClient
from scheduler.storage.models import IdempotencyKey

ABANDONED = timedelta(minutes=1)
"""A first request without a response after this time counts as dead. The next one takes over its key."""
KEY_LIFETIME = timedelta(days=1)
"""How long a key returns its first response."""


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to the first request with the key."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key claimed by a request, until another request takes it over."""

    row_id: int
    since: datetime


class ClaimRefusal(StrEnum):
    """Reason why a key cannot be claimed: used for another request, or still in progress."""

    REUSED = "reused"
    RUNNING = "running"


def claim_key(
    session: Session, client: ApiClient, key: str, request_hash: str, *, now: datetime
) -> Claim | StoredResponse | ClaimRefusal:
    """Claim a key of the client's API token for a request, or return the stored response."""
    own = IdempotencyKey.api_token_id == client.api_token_id
    session.execute(delete(IdempotencyKey).where(own, IdempotencyKey.created_at <= now - KEY_LIFETIME))
    row = IdempotencyKey(
        api_token_id=client.api_token_id, key=key, request_hash=request_hash, body="", created_at=now
    )
    try:
        with session.begin_nested():
            session.add(row)
        return Claim(row.id, now)
    except IntegrityError:
        found = session.scalars(
            select(IdempotencyKey).where(own, IdempotencyKey.key == key).with_for_update(key_share=True)
        ).one()
    if found.request_hash != request_hash:
        return ClaimRefusal.REUSED
    if found.status is not None:
        return StoredResponse(found.status, found.body)
    if found.created_at > now - ABANDONED:
        return ClaimRefusal.RUNNING
    found.created_at = now
    return Claim(found.id, now)


def store_response(session: Session, held: Claim, status: int, body: str) -> bool:
    """Store the response in the transaction that creates the resource, so that both exist or neither.

    Return False if the key was taken over meanwhile: then the other request creates it.
    """
    mine = update(IdempotencyKey).where(_held(held)).values(status=status, body=body)
    return session.scalar(mine.returning(IdempotencyKey.id)) is not None


def release_key(session: Session, held: Claim) -> None:
    """Release the key after an error, in which nothing was created."""
    session.execute(delete(IdempotencyKey).where(_held(held)))


def _held(held: Claim) -> ColumnElement[bool]:
    return and_(
        IdempotencyKey.id == held.row_id,
        IdempotencyKey.created_at == held.since,
        IdempotencyKey.status.is_(None),
    )
