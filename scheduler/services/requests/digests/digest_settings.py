"""Digest settings of a person: set while signed in, or unsubscribed by link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity import consents, preferences, summary_subscriptions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.summary_subscriptions import Subscription
from scheduler.services.identity.tokens import DIGESTS, hash_token, row_id
from scheduler.services.requests.digests.due import MORNING
from scheduler.storage.models import Attendee, DigestPreference, Event, Firm

KINDS = ("asked", "reminders", "answers")
"""Fields of DigestSettings, and columns of DigestPreference."""


class HowOften(StrEnum):
    """Frequency of one kind of digest item."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    OFF = "off"

    @staticmethod
    def of(*, is_wanted: bool, at_once: bool) -> HowOften:
        if not is_wanted:
            return HowOften.OFF
        return HowOften.AT_ONCE if at_once else HowOften.DAILY


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """Frequency by kind: new requests, reminders before they expire, responses to own requests.

    `is_sent` is True if the event sends digests at all. The daily digest goes out at `morning`, in the
    venue's or the person's own time zone: see `timezone`.
    """

    asked: HowOften = HowOften.DAILY
    reminders: HowOften = HowOften.DAILY
    answers: HowOften = HowOften.DAILY
    is_sent: bool = True
    is_by_venue: bool = False
    own_timezone: str = ""
    venue_timezone: str = ""
    morning: time = MORNING

    @property
    def timezone(self) -> str:
        """IANA name of the time zone in which the daily digest goes out."""
        return self.venue_timezone if self.is_by_venue else self.own_timezone

    def changed(self, typed: Mapping[str, str]) -> DigestSettings:
        """Return the settings with the typed frequency for each of KINDS, and "venue" or "own" for `clock`.

        Invalid values are ignored.
        """
        chosen = {kind: HowOften(text) for kind, text in typed.items() if text in list(HowOften)}
        return replace(
            self,
            asked=chosen.get("asked", self.asked),
            reminders=chosen.get("reminders", self.reminders),
            answers=chosen.get("answers", self.answers),
            is_by_venue={"venue": True, "own": False}.get(typed.get("clock", ""), self.is_by_venue),
        )


def read_own_settings(session: Session, actor: Actor, *, now: datetime) -> DigestSettings | None:
    """Return the actor's settings, or None if the actor does not represent a firm.

    Raises NotAllowed if the actor is not an attendee.
    """
    person = preferences.own_attendee(session, actor)
    if not person.is_exhibitor:
        return None
    event, choice = session.get_one(Event, actor.event_id), session.get(DigestPreference, person.id)
    country = session.get_one(Firm, person.firm_id).country
    zone = preferences.choose_timezone(person.timezone, country, now) or event.timezone
    wishes = DigestSettings(is_sent=event.digest_mails, own_timezone=zone, venue_timezone=event.timezone)
    if choice is None:
        return wishes
    goes_on = choice.stopped_at is None
    return replace(
        wishes,
        asked=HowOften.of(is_wanted=goes_on and choice.asked, at_once=choice.asked_at_once),
        reminders=HowOften.of(is_wanted=goes_on and choice.reminders, at_once=choice.reminders_at_once),
        answers=HowOften.of(is_wanted=goes_on and choice.answers, at_once=choice.answers_at_once),
        is_by_venue=choice.daily_at_venue,
    )


class RequestMails(StrEnum):
    """When a person gets emails about new requests."""

    NEVER = "never"
    """The event sends none, emails to the person bounce, or the person does not consent to them."""
    STOPPED = "stopped"
    """The person has unsubscribed."""
    DAILY = "daily"
    AT_ONCE = "at-once"


def new_request_emails(session: Session, actor: Actor, *, now: datetime) -> RequestMails:
    """Return when the actor gets emails about new requests, by the settings of the event and the person.

    Raises NotAllowed if the actor is not an attendee.
    """
    wishes = read_own_settings(session, actor, now=now)
    person = preferences.own_attendee(session, actor)
    if wishes is None or not wishes.is_sent or person.bounced_at is not None:
        return RequestMails.NEVER
    if not consents.permits_notifications(session, person):
        return RequestMails.NEVER
    of_requests = {
        HowOften.OFF: RequestMails.STOPPED,
        HowOften.DAILY: RequestMails.DAILY,
        HowOften.AT_ONCE: RequestMails.AT_ONCE,
    }
    return of_requests[wishes.asked]


def save_settings(session: Session, actor: Actor, wishes: DigestSettings) -> None:
    """Save the actor's settings, effective from the next digest. Raises NotAllowed."""
    choice = _choice(session, preferences.own_attendee(session, actor))
    choice.stopped_at, choice.daily_at_venue = None, wishes.is_by_venue
    for kind in KINDS:
        often: HowOften = getattr(wishes, kind)
        setattr(choice, kind, often is not HowOften.OFF)
        setattr(choice, f"{kind}_at_once", often is HowOften.AT_ONCE)
    session.flush()


def show_subscription(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> Subscription:
    """Return the subscription behind an unsubscribe link.

    Raises NotFound if the link is invalid or expired.
    """
    return _shown(session, *_found(session, token, secret_key, now))


def unsubscribe(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> Subscription:
    """Unsubscribe from digests. Raises like `show_subscription`."""
    found = _found(session, token, secret_key, now)
    found[0].stopped_at = found[0].stopped_at or now
    session.flush()
    return _shown(session, *found)


def unsubscribe_person(session: Session, person: Attendee, *, now: datetime) -> None:
    """Unsubscribe a person for another reason than their own request."""
    choice = _choice(session, person)
    choice.stopped_at = choice.stopped_at or now
    session.flush()


def resubscribe(session: Session, token: str, *, secret_key: SecretKeys, now: datetime) -> None:
    """Resubscribe, with the earlier settings. Raises like `show_subscription`."""
    choice, *_ = _found(session, token, secret_key, now)
    choice.stopped_at = None
    session.flush()


def _choice(session: Session, person: Attendee) -> DigestPreference:
    """Return the settings row of a person; created if missing."""
    choice = session.get(DigestPreference, person.id)
    if choice is None:
        choice = DigestPreference(attendee_id=person.id)
        session.add(choice)
    return choice


def _found(
    session: Session, token: str, secret_key: SecretKeys, now: datetime
) -> tuple[DigestPreference, Attendee, Event]:
    token = token.lower()
    rows = session.execute(
        select(DigestPreference, Attendee, Event)
        .join(Attendee, Attendee.id == DigestPreference.attendee_id)
        .join(Event, Event.id == Attendee.event_id)
        .where(
            or_(DigestPreference.unsubscribe_hash == hash_token(token), Attendee.id == row_id(token)),
            Event.is_there(),
        )
    ).all()
    is_stop_token = summary_subscriptions.is_stop_token
    found = (
        row for row in rows if is_stop_token(row[1], token, secret_key, DIGESTS, row[0].unsubscribe_hash)
    )
    row = next(found, None)
    if row is None or not summary_subscriptions.is_link_valid(session, row[2], now):
        raise NotFound("link that stops digests", token[:4] + "...")
    summary_subscriptions.require_going_on(row[2], summary_subscriptions.email_language(row[1], row[2]))
    return row[0], row[1], row[2]


def _shown(session: Session, choice: DigestPreference, person: Attendee, event: Event) -> Subscription:
    is_stopped = choice.stopped_at is not None
    return summary_subscriptions.build_subscription(session, person, event, is_stopped=is_stopped)
