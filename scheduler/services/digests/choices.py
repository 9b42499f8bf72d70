"""What a person wants to be told of requests: chosen signed in, or stopped by the link in each digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.services.access import preferences, stopping
from scheduler.services.access.actors import Actor
from scheduler.services.access.stopping import StopLook
from scheduler.services.access.tokens import hash_token
from scheduler.storage.models import Attendee, DigestChoice, Event


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


class RequestMails(StrEnum):
    """When a person gets mails about new requests."""

    NEVER = "never"
    """The event sends none, or the person's address takes none."""
    STOPPED = "stopped"
    """The person wants none."""
    DAILY = "daily"
    AT_ONCE = "at-once"


def about_new_requests(session: Session, actor: Actor) -> RequestMails:
    """When the actor gets mails about new requests, as the event and the person have it set now.

    Raises NotAllowed if the actor is not an attendee.
    """
    wishes = own(session, actor)
    person = preferences.own_attendee(session, actor)
    if wishes is None or not wishes.is_sent or person.bounced_at is not None:
        return RequestMails.NEVER
    if not wishes.asked:
        return RequestMails.STOPPED
    return RequestMails.AT_ONCE if wishes.at_once else RequestMails.DAILY


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


def stop_for(session: Session, person: Attendee, *, now: datetime) -> None:
    """Send a person no more digests, for another reason than their own word."""
    choice = _choice(session, person)
    choice.stopped_at = choice.stopped_at or now
    session.flush()


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
    if row is None or not stopping.works_still(session, row[2], now):
        raise NotFound("link that stops digests", token[:4] + "...")
    stopping.require_going_on(row[2], _shown(row[0], row[1], row[2]).language)
    return row[0], row[1], row[2]


def _shown(choice: DigestChoice, person: Attendee, event: Event) -> StopLook:
    return stopping.shown(person, event, is_stopped=choice.stopped_at is not None)
