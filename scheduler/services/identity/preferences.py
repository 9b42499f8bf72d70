"""Language and time zone preferences of a person, chosen or derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import Fault, InvalidInput, NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import choose_language, languages
from scheduler.invites.ical.content import find_zone
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.interpreters import interpreter_language
from scheduler.services.identity.rights import Right
from scheduler.storage.models import Account, Attendee, Event, Firm, Interpreter, Slot, TeamMember


@dataclass(frozen=True, slots=True)
class FirstSlot:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Preferences:
    """The choices of an attendee or interpreter, empty if not made, and the values derived instead.

    `first_slot` serves as an example.
    """

    language: str
    timezone: str
    derived_language: str
    derived_timezone: str
    first_slot: FirstSlot | None


def choose_timezone(chosen: str, country: str, moment: datetime) -> str:
    """Return the chosen time zone, else that of the country if its clocks agree then, else an empty text."""
    return chosen or country_zone(country, moment)


@lru_cache(maxsize=4096)
def country_zone(country: str, moment: datetime) -> str:
    """Return the time zone of a country (ISO 3166-1 alpha-2) if its clocks agree then, else an empty text."""
    zones = country_zones().get(country, ())
    offsets = {moment.astimezone(ZoneInfo(zone)).utcoffset() for zone in zones}
    return zones[0] if len(offsets) == 1 else ""


def account_language(session: Session, account_id: int, *, default: str = "en") -> str:
    """Return the language of emails to an account: that at its newest event, else `default`."""
    attending = session.execute(
        select(Attendee, Event)
        .join(Event, Event.id == Attendee.event_id)
        .where(Attendee.account_id == account_id)
        .order_by(Event.id.desc())
        .limit(1)
    ).first()
    interpreting = session.execute(
        select(Interpreter, Event)
        .join(Event, Event.id == Interpreter.event_id)
        .join(Account, Account.email == Interpreter.email)
        .where(Account.id == account_id, Interpreter.withdrawn_at.is_(None))
        .order_by(Event.id.desc())
        .limit(1)
    ).first()
    found = [row for row in (attending, interpreting) if row is not None]
    if not found:
        return default
    person, event = max(found, key=lambda row: row.Event.id)
    return _language(person, event, person.mail_language)


def account_timezone(session: Session, account_id: int, *, now: datetime) -> str:
    """Return an account's time zone: chosen or derived at its newest event, else that of a venue.

    The venue is that of the newest event it attends or is in the team of. UTC if there is none.
    """
    attending = session.execute(
        select(Attendee.timezone, Firm.country, Event.id, Event.timezone)
        .join(Event, Event.id == Attendee.event_id)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.account_id == account_id)
    ).all()
    interpreting = session.execute(
        select(Interpreter.timezone, literal(""), Event.id, Event.timezone)
        .join(Event, Event.id == Interpreter.event_id)
        .join(Account, Account.email == Interpreter.email)
        .where(Account.id == account_id, Interpreter.withdrawn_at.is_(None))
    ).all()
    found = sorted([*attending, *interpreting], key=lambda row: row[2], reverse=True)
    own = (choose_timezone(chosen, country, now) for chosen, country, _, _ in found)
    if zone := next(filter(None, own), ""):
        return zone
    in_team = session.execute(
        select(Event.id, Event.timezone)
        .join(TeamMember, TeamMember.event_id == Event.id)
        .where(TeamMember.account_id == account_id)
    ).all()
    venues = [*((row[2], row[3]) for row in found), *((row[0], row[1]) for row in in_team)]
    return max(venues)[1] if venues else "UTC"


def read_preferences(session: Session, actor: Actor, *, now: datetime) -> Preferences:
    """Return the actor's own preferences.

    Raises NotAllowed unless the actor is an attendee or interpreter.
    """
    person = own_person(session, actor)
    event = session.get_one(Event, actor.event_id)
    country = session.get_one(Firm, person.firm_id).country if isinstance(person, Attendee) else ""
    slot = select(Slot.start, Slot.end).where(Slot.of(event.id)).order_by(Slot.position).limit(1)
    row = session.execute(slot).first()
    first = FirstSlot(*row) if row is not None else None
    moment = first.start if first else now
    return Preferences(
        language=person.mail_language,
        timezone=person.timezone,
        derived_language=_language(person, event, ""),
        derived_timezone=country_zone(country, moment),
        first_slot=first,
    )


def save_preferences(session: Session, actor: Actor, *, language: str, timezone: str) -> None:
    """Store the actor's own choices, for the next emails on. An empty value means no choice.

    A change of language alone sends no email about known meetings. Raises InvalidInput, and NotAllowed like
    `read_preferences`.
    """
    person = own_person(session, actor)
    found = [*validate_preferences(language, timezone)]
    if found:
        raise InvalidInput(found)
    person.mail_language, person.timezone = language, timezone
    session.flush()


def save_account_language(session: Session, account_id: int, language: str) -> None:
    """Store the language of an account's pages and emails, at all its events."""
    of_account = update(Attendee).where(Attendee.account_id == account_id)
    session.execute(of_account.values(mail_language=language))
    email = select(Account.email).where(Account.id == account_id).scalar_subquery()
    session.execute(update(Interpreter).where(Interpreter.email == email).values(mail_language=language))


def validate_preferences(language: str, timezone: str) -> Iterator[Fault]:
    """Yield the faults of the choices. Empty ones are valid."""
    if language and language not in languages():
        yield Fault(
            "language",
            gettext_lazy("choose one of %(languages)s, or leave blank", languages=", ".join(languages())),
        )
    try:
        find_zone(timezone or "UTC")
    except InvalidInput:
        yield Fault("timezone", gettext_lazy("enter an IANA time zone, like Europe/Budapest, or leave blank"))


def _language(person: Attendee | Interpreter, event: Event, chosen: str) -> str:
    if isinstance(person, Attendee):
        return choose_language(chosen, person.languages, event.language)
    return interpreter_language(chosen, person.name, person.languages, event.language)


def own_person(session: Session, actor: Actor) -> Attendee | Interpreter:
    """Return the actor's attendee, or else their interpreter. Raises NotAllowed for anyone else."""
    interpreter_id = actor.own_interpreter(Right.CHOOSE_PREFERENCES)
    if actor.attendee_id is None and interpreter_id is not None:
        return session.get_one(Interpreter, interpreter_id)
    return own_attendee(session, actor)


def own_attendee(session: Session, actor: Actor) -> Attendee:
    """Return the actor's attendee. Raises NotAllowed if there is none, and for tokens."""
    attendee_id = actor.own(Right.CHOOSE_PREFERENCES)
    if attendee_id is None:
        raise NotAllowed(gettext_lazy("Only signed-in attendees have emails and a calendar of their own."))
    return session.get_one(Attendee, attendee_id)


@lru_cache(maxsize=1)
def country_zones() -> dict[str, tuple[str, ...]]:
    """Return the time zones of each country, most important first, from zone.tab of the IANA database."""
    lines = (files("tzdata.zoneinfo") / "zone.tab").read_text("utf-8").splitlines()
    zones: dict[str, tuple[str, ...]] = {}
    for country, _, zone, *_ in (line.split("\t") for line in lines if not line.startswith("#")):
        zones[country] = (*zones.get(country, ()), zone)
    return zones
