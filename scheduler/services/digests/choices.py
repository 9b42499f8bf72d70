"""What a person wants to be told of requests: chosen signed in, or stopped by the link in each digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.invites.catalogue import language_of
from scheduler.services.access import preferences
from scheduler.services.access.actors import Actor
from scheduler.services.access.tokens import hash_token
from scheduler.storage.models import Attendee, DigestChoice, Event, Slot

VALID_AFTER = timedelta(days=30)
"""So long after the event the links work."""


@dataclass(frozen=True, slots=True)
class DigestWishes:
    """What is told: requests of others, reminders before they expire, what came of one's own. How often.

    `is_sent` tells whether the event sends digests at all.
    """

    asked: bool = True
    reminders: bool = True
    answers: bool = True
    at_once: bool = False
    is_sent: bool = True

    @property
    def none(self) -> bool:
        return not (self.asked or self.reminders or self.answers)


@dataclass(frozen=True, slots=True)
class StopLook:
    """Whose digests of which event a link stops, and whether they are stopped."""

    event_name: str
    person: str
    language: str
    is_stopped: bool


def own(session: Session, actor: Actor) -> DigestWishes | None:
    """The actor's own wishes, or None for who does not answer for a firm.

    Raises NotAllowed if the actor is not an attendee.
    """
    person = preferences.own_attendee(session, actor)
    if not person.is_exhibitor:
        return None
    is_sent = session.get_one(Event, actor.event_id).digest_mails
    choice = session.get(DigestChoice, person.id)
    if choice is None:
        return DigestWishes(is_sent=is_sent)
    if choice.stopped_at is not None:
        return DigestWishes(False, False, False, choice.at_once, is_sent)
    return DigestWishes(choice.asked, choice.reminders, choice.answers, choice.at_once, is_sent)


def choose(session: Session, actor: Actor, wishes: DigestWishes) -> None:
    """Keep the actor's own wishes. They hold from the next digest on. Raises NotAllowed."""
    choice = _choice(session, preferences.own_attendee(session, actor))
    choice.asked, choice.reminders, choice.answers = wishes.asked, wishes.reminders, wishes.answers
    choice.at_once, choice.stopped_at = wishes.at_once, None
    session.flush()


def look(session: Session, token: str, *, now: datetime) -> StopLook:
    """Whose digests a link stops. Raises NotFound for a wrong one, or one that has ended."""
    return _shown(*_found(session, token, now))


def stop(session: Session, token: str, *, now: datetime) -> StopLook:
    """Stop the digests. Raises as `look`."""
    found = _found(session, token, now)
    found[0].stopped_at = found[0].stopped_at or now
    session.flush()
    return _shown(*found)


def resume(session: Session, token: str, *, now: datetime) -> None:
    """Send them again, as they were chosen before. Raises as `look`."""
    choice, *_ = _found(session, token, now)
    choice.stopped_at = None
    session.flush()


def _choice(session: Session, person: Attendee) -> DigestChoice:
    """The row of a person, made if there is none."""
    choice = session.get(DigestChoice, person.id)
    if choice is None:
        choice = DigestChoice(attendee_id=person.id)
        session.add(choice)
    return choice


def _found(session: Session, token: str, now: datetime) -> tuple[DigestChoice, Attendee, Event]:
    row = session.execute(
        select(DigestChoice, Attendee, Event)
        .join(Attendee, Attendee.id == DigestChoice.attendee_id)
        .join(Event, Event.id == Attendee.event_id)
        .where(DigestChoice.stop_hash == hash_token(token.lower()))
    ).first()
    if row is not None:
        choice, person, event = row
        ends = session.scalar(select(func.max(Slot.end)).where(Slot.event_id == event.id))
        if ends is None or now < ends + VALID_AFTER:
            return choice, person, event
    raise NotFound("link that stops digests", token[:4] + "...")


def _shown(choice: DigestChoice, person: Attendee, event: Event) -> StopLook:
    language = language_of(person.mail_language, person.languages, event.language)
    return StopLook(event.name, person.name, language, choice.stopped_at is not None)
