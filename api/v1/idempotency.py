"""Idempotency-Key: a POST sent twice with one key creates once, and is answered the same way twice."""

from __future__ import annotations

import hashlib

from flask import abort, request
from sqlalchemy.orm import Session

from api import context
from api.errors import problem
from api.v1.bearer import EVENT
from scheduler.services.identity import idempotency
from scheduler.services.identity.api_clients import ApiClient
from scheduler.services.identity.idempotency import Claim, ClaimRefusal, StoredResponse

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


def begin(client: ApiClient, key: str | None) -> Claim | StoredResponse | None:
    """Claim the request's key, or give the answer that was given before; None without a key.

    Answers 409 while the first request is still running, 422 if it was another request.
    """
    if key is None:
        return None
    with context.database().write() as db:
        claimed = idempotency.claim_key(db, client, key, _fingerprint(), now=context.now())
        if claimed is ClaimRefusal.REUSED:
            detail = f"This {HEADER} was used before."
            abort(problem(422, "idempotency-key-reused", "Another request", detail))
        if claimed is ClaimRefusal.RUNNING:
            abort(problem(409, "idempotency-key-in-use", "Conflict", "The first request is still running."))
        return claimed


def keep(db: Session, claim: Claim, status: int, body: str) -> None:
    """Keep the answer in the transaction that creates what it tells of: both are there, or neither.

    Answers 409 if the key was taken over meanwhile: then the other request creates.
    """
    if not idempotency.store_response(db, claim, status, body):
        abort(problem(409, "idempotency-key-in-use", "Conflict", "Another request has taken this key over."))


def release(claim: Claim) -> None:
    """Give the key back after an error, which has created nothing."""
    with context.database().write() as db:
        idempotency.release_key(db, claim)


def _fingerprint() -> str:
    """What makes two requests the same: method, path, event and body."""
    first = f"{request.method} {request.full_path}\n{request.headers.get(EVENT, '')}\n"
    digest = hashlib.sha256(first.encode("utf-8", "surrogatepass"))
    digest.update(request.get_data(cache=True))
    return digest.hexdigest()
