"""Summary subscriptions: unsubscribe and resubscribe by link or while signed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import EventArchived, NotFound
from scheduler.invites.catalogue import choose_language
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import consents, preferences
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.tokens import SUMMARIES, hash_token, is_row_token, row_id
from scheduler.storage.models import Attendee, Event, Slot

VALID_AFTER = timedelta(days=30)
"""The links stay valid for this time after the event."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The emails of one event to one person that a link stops. `language` is that of these emails.

    `is_permitted` is False if the event's privacy notice asks for consent to them and the person gave none.
    """

    event_name: str
    person: str
    language: str
    is_stopped: bool
    is_permitted: bool


def show_subscription(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> Subscription:
    """Return the subscription of a link. Raises NotFound if the link is invalid or has expired."""
    return _shown(session, *_found(session, token, secret_key, now))


def unsubscribe(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> Subscription:
    """Stop the summaries. Raises the same errors as `show_subscription`."""
    person, event = _found(session, token, secret_key, now)
    _want(session, person, is_wanted=False, now=now)
    return _shown(session, person, event)


def resubscribe(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> None:
    """Resume the summaries. Raises the same errors as `show_subscription`."""
    person, _ = _found(session, token, secret_key, now)
    _want(session, person, is_wanted=True, now=now)


def read_own_subscription(session: Session, actor: Actor) -> Subscription:
    """Return the actor's own subscription. Raises NotAllowed if the actor is not an attendee."""
    person = preferences.own_attendee(session, actor)
    return _shown(session, person, session.get_one(Event, person.event_id))


def set_own_subscription(session: Session, actor: Actor, *, is_wanted: bool, now: datetime) -> None:
    """Stop or resume the actor's summaries. Raises the same errors as `read_own_subscription`."""
    _want(session, preferences.own_attendee(session, actor), is_wanted=is_wanted, now=now)


def unsubscribe_person(session: Session, person: Attendee, *, now: datetime) -> None:
    """Stop a person's summaries without their own request."""
    _want(session, person, is_wanted=False, now=now)


def _want(session: Session, person: Attendee, *, is_wanted: bool, now: datetime) -> None:
    person.summaries_stopped_at = None if is_wanted else person.summaries_stopped_at or now
    session.flush()


def build_subscription(session: Session, person: Attendee, event: Event, *, is_stopped: bool) -> Subscription:
    """Return the subscription as the page of a link shows it."""
    is_permitted = consents.permits_notifications(session, person)
    return Subscription(event.name, person.name, email_language(person, event), is_stopped, is_permitted)


def email_language(person: Attendee, event: Event) -> str:
    """Return the language of the person's emails."""
    return choose_language(person.mail_language, person.languages, event.language)


def require_going_on(event: Event, language: str) -> None:
    """Raise EventArchived if the event is archived. `language` is that of the email with the link."""
    if event.archived_at is not None:
        raise EventArchived(event.name, contact=event.contact, language=language)


def is_stop_token(
    person: Attendee, token: str, secret_key: SecretKeys, purpose: str, stored_hash: str | None
) -> bool:
    """Return True if the token stops emails of this purpose to the person's address.

    Emails that were sent before 0.9.0 have a token with a stored hash.
    """
    is_stored = stored_hash is not None and stored_hash == hash_token(token)
    return is_stored or is_row_token(secret_key, token, purpose, person.id, person.email)


def is_link_valid(session: Session, event: Event, now: datetime) -> bool:
    """Return True if unsubscribe links of an event are still valid."""
    ends = session.scalar(select(func.max(Slot.end)).where(Slot.event_id == event.id))
    return ends is None or now < ends + VALID_AFTER


def _shown(session: Session, person: Attendee, event: Event) -> Subscription:
    is_stopped = person.summaries_stopped_at is not None
    return build_subscription(session, person, event, is_stopped=is_stopped)


def _found(session: Session, token: str, secret_key: SecretKeys, now: datetime) -> tuple[Attendee, Event]:
    token = token.lower()
    hashed = hash_token(token)
    rows = session.execute(
        select(Attendee, Event)
        .join(Event, Event.id == Attendee.event_id)
        .where(
            or_(Attendee.summary_hash == hashed, Attendee.id == row_id(token)),
            Event.is_there(),
        )
    ).all()
    found = (row for row in rows if is_stop_token(row[0], token, secret_key, SUMMARIES, row[0].summary_hash))
    row = next(found, None)
    if row is None or not is_link_valid(session, row[1], now):
        raise NotFound("summary link", token[:4] + "...")
    require_going_on(row[1], email_language(row[0], row[1]))
    return row[0], row[1]
