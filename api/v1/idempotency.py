"""Idempotency-Key: a POST sent twice with one key creates once, and is answered the same way twice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import abort, request
from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api import context
from api.errors import problem
from scheduler.services.access.actors import Actor
from scheduler.storage.models import IdempotencyKey

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
ABANDONED = timedelta(minutes=1)
"""A first request that has no answer after so long died; the next one takes its key over."""
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that the first request with the key got."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request has, until another one takes it over."""

    row_id: int
    since: datetime


def begin(actor: Actor, key: str | None) -> Claim | Kept | None:
    """Claim the request's key, or give the answer that was given before; None without a key.

    Answers 409 while the first request is still running, 422 if it was another request.
    """
    if key is None:
        return None
    with context.database().write() as db:
        return _claim(db, actor, key, _fingerprint())


def keep(db: Session, claim: Claim, status: int, body: str) -> None:
    """Keep the answer in the transaction that creates what it tells of: both are there, or neither.

    Answers 409 if the key was taken over meanwhile: then the other request creates.
    """
    mine = update(IdempotencyKey).where(_held(claim)).values(status=status, body=body)
    if db.scalar(mine.returning(IdempotencyKey.id)) is None:
        abort(problem(409, "idempotency-key-in-use", "Conflict", "Another request has taken this key over."))


def release(claim: Claim) -> None:
    """Give the key back after an error, which has created nothing."""
    with context.database().write() as db:
        db.execute(delete(IdempotencyKey).where(_held(claim)))


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        IdempotencyKey.id == claim.row_id,
        IdempotencyKey.created_at == claim.since,
        IdempotencyKey.status.is_(None),
    )


def _claim(db: Session, actor: Actor, key: str, fingerprint: str) -> Claim | Kept:
    now = context.now()
    own = IdempotencyKey.api_token_id == actor.api_token_id
    db.execute(delete(IdempotencyKey).where(own, IdempotencyKey.created_at <= now - KEPT))
    row = IdempotencyKey(
        api_token_id=actor.api_token_id, key=key, request_hash=fingerprint, body="", created_at=now
    )
    try:
        with db.begin_nested():
            db.add(row)
        return Claim(row.id, now)
    except IntegrityError:
        found = db.scalars(
            select(IdempotencyKey).where(own, IdempotencyKey.key == key).with_for_update(key_share=True)
        ).one()
    if found.request_hash != fingerprint:
        abort(problem(422, "idempotency-key-reused", "Another request", f"This {HEADER} was used before."))
    if found.status is not None:
        return Kept(found.status, found.body)
    if found.created_at > now - ABANDONED:
        abort(problem(409, "idempotency-key-in-use", "Conflict", "The first request is still running."))
    found.created_at = now
    return Claim(found.id, now)


def _fingerprint() -> str:
    """What makes two requests the same: method, path and body."""
    digest = hashlib.sha256(f"{request.method} {request.full_path}\n".encode("utf-8", "surrogatepass"))
    digest.update(request.get_data(cache=True))
    return digest.hexdigest()
