"""The secret address of a person's calendar feed: derived, looked up by its hash, revocable."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.services.actors import Actor
from scheduler.services.tokens import FEED, derive_token, hash_token, new_seed
from scheduler.storage.models import Attendee


def new_feed(secret_key: str) -> tuple[str, str]:
    """The `feed_seed` and `feed_hash` of a new attendee."""
    seed = new_seed()
    return seed, hash_token(derive_token(secret_key, FEED, seed))


def feed_token(attendee: Attendee, secret_key: str) -> str:
    """The token in the address of the attendee's feed."""
    return derive_token(secret_key, FEED, attendee.feed_seed)


def attendee_for_feed(session: Session, token: str) -> Attendee:
    """Whose feed a token opens; raises NotFound for a wrong or revoked one."""
    attendee = session.scalar(select(Attendee).where(Attendee.feed_hash == hash_token(token)))
    if attendee is None:
        raise NotFound("calendar feed", token[:4] + "...")
    return attendee


def revoke_feed(session: Session, actor: Actor, *, secret_key: str) -> str:
    """Give the actor's own feed a new address; the old one ends now. Returns the new token."""
    if actor.attendee_id is None or actor.scopes is not None:
        raise NotAllowed("Only an attendee who is signed in has a calendar feed to renew.")
    attendee = session.get_one(Attendee, actor.attendee_id)
    attendee.feed_seed, attendee.feed_hash = new_feed(secret_key)
    session.flush()
    return feed_token(attendee, secret_key)
