"""A person's calendar feed: its secret address, which can be renewed, and its body."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.invites.content import Content
from scheduler.invites.feed import FeedEvent, build_feed
from scheduler.invites.itip import Message
from scheduler.services.actors import Actor
from scheduler.services.tokens import FEED, derive_token, hash_token, new_seed
from scheduler.storage.models import Attendee, Event, Invitation, OutboxMail

KEEP_CANCELLED = timedelta(days=30)
"""So long a feed shows a cancelled meeting as cancelled; then it leaves it out."""


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


def feed_body(session: Session, attendee: Attendee, *, url: str, now: datetime) -> bytes:
    """The attendee's feed: what mails have said or are about to say, so that both agree. Three queries.

    `url` is the feed's own address. A cancelled meeting stays for 30 days.
    """
    event = session.get_one(Event, attendee.event_id)
    latest: dict[str, FeedEvent] = {}
    for told in (*_told(session, attendee.id), *_queued(session, attendee.id)):
        known = latest.get(told.uid)
        if known is None or (told.sequence, told.revised) >= (known.sequence, known.revised):
            latest[told.uid] = told
    shown = [told for told in latest.values() if not told.cancelled or now - told.revised < KEEP_CANCELLED]
    return build_feed(shown, f"{event.name}: {attendee.name}", url, event.timezone)


def _told(session: Session, attendee_id: int) -> Iterator[FeedEvent]:
    """What the attendee's calendar was told."""
    for row in session.scalars(select(Invitation).where(Invitation.attendee_id == attendee_id)):
        content, cancelled = Content.from_json(row.content), row.method is Method.CANCEL
        yield FeedEvent(row.uid, row.sequence, row.dtstamp, content, cancelled)


def _queued(session: Session, attendee_id: int) -> Iterator[FeedEvent]:
    """What it will be told by mails that wait: the feed need not wait for the mail rate."""
    query = select(OutboxMail.payload).where(
        OutboxMail.attendee_id == attendee_id,
        OutboxMail.kind == "invitation",
        OutboxMail.state.in_((OutboxState.QUEUED, OutboxState.SENDING)),
    )
    for payload in session.scalars(query):
        message = Message.from_json(payload)
        cancelled = message.method is Method.CANCEL
        yield FeedEvent(message.uid, message.sequence, message.dtstamp, message.content, cancelled)
