"""Colleagues: people of a firm whom its exhibitors add, invite, edit and remove."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields, names
from scheduler.domain.entities import OutboxKind
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound
from scheduler.i18n import gettext_lazy
from scheduler.invites.catalogue import choose_language
from scheduler.services.directory.profile import find_own_firm
from scheduler.services.emails.email_addresses import access_revocation, address_attempts
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sign_in import ensure_account
from scheduler.services.identity.tokens import new_feed
from scheduler.services.outbox import letters, payloads
from scheduler.services.outbox.letters import NewLetter
from scheduler.services.participants import withdrawals
from scheduler.services.participants.colleagues import attendance_days
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.spreadsheets import cell_values
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import clean_line, is_storable
from scheduler.storage.models import Account, Attendee, Event, Firm, Interpreter, OutboxEmail

MAX_COLLEAGUES = 30
"""People that a firm's exhibitors can have in the event."""
MAX_COLLEAGUES_EVER = 60
"""People that a firm's exhibitors can ever add, including removed ones."""
MAX_INVITATIONS = 60
"""Invitations that a firm can send in total."""
INVITATION_INTERVAL = timedelta(days=1)
"""Minimum time between two invitations to an address."""
_LETTER = "colleague"
_LONGEST_KEY = 40
REQUIRED = gettext_lazy("enter a value")


class AddressTaken(InvalidInput):
    """Raised if another participant has the email address."""

    def __init__(self) -> None:
        sentence = gettext_lazy(
            "this person already takes part, so ask the organisers if they belong to your company"
        )
        super().__init__([Fault("email", sentence)])


@dataclass(frozen=True, slots=True)
class ColleagueForm:
    """Form that adds or edits a colleague.

    `areas` are keys of chain areas, `days` are attendance days.
    """

    name: str = ""
    latin_name: str = ""
    email: str = ""
    title: str = ""
    languages: str = ""
    is_exhibitor: bool = False
    areas: tuple[str, ...] = ()
    days: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of the viewer's own firm. `languages` are language codes."""

    key: str
    name: str
    latin_name: str
    email: str
    title: str
    languages: tuple[str, ...]
    is_exhibitor: bool
    areas: tuple[str, ...]
    days: tuple[date, ...]
    is_oneself: bool


@dataclass(frozen=True, slots=True)
class AddedColleague:
    """An added colleague. `is_invited` is False if the address got an invitation recently."""

    key: str
    is_invited: bool


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of the viewer's own firm.

    `days` are the event's days, `room` is how many more can be added.
    """

    people: tuple[Colleague, ...]
    days: tuple[date, ...]
    room: int


def get_staff(session: Session, actor: Actor) -> Staff:
    """Return the people of the actor's firm. Runs five queries. Raises NotAllowed."""
    firm, event = _load_own_firm(session, actor, is_locked=False)
    slots = attendance_days.list_slots_by_day(session, event)
    people = _people(session, firm.id)
    marked = attendance_days.list_marked_slots(session, [person.id for person in people])
    known = tuple(
        Colleague(
            key=person.key,
            name=person.name,
            latin_name=person.latin_name,
            email=person.email,
            title=person.title,
            languages=tuple(person.languages),
            is_exhibitor=person.is_exhibitor,
            areas=tuple(person.areas),
            days=tuple(day for day, ids in slots.items() if not ids <= marked.get(person.id, set())),
            is_oneself=person.id == actor.attendee_id,
        )
        for person in people
    )
    ever = session.scalars(select(func.count()).where(Attendee.firm_id == firm.id)).one()
    return Staff(known, tuple(slots), max(0, min(MAX_COLLEAGUES - len(people), MAX_COLLEAGUES_EVER - ever)))


def add_colleague(
    session: Session, actor: Actor, form: ColleagueForm, *, settings: Settings, now: datetime
) -> AddedColleague:
    """Add a person to the actor's firm and invite them by email, at most once a day.

    A removed person is restored. Raises InvalidInput by field, NotAllowed, SignInNeeded, and AddressTaken,
    which the caller logs with `log_address_taken` in a separate transaction.
    """
    firm, event = _load_own_firm(session, actor, is_locked=True)
    slots = attendance_days.list_slots_by_day(session, event)
    email, faults = _address(form.email)
    if not address_attempts.has_attempts_left(session, actor, most=address_attempts.MOST, now=now):
        faults.append(Fault("email", address_attempts.TOO_MANY))
    said, more = _checked(event, form, slots)
    faults += more
    if not get_staff(session, actor).room:
        faults.append(
            Fault(
                "name",
                gettext_lazy(
                    "your company already has the maximum of %(most)s attendees", most=MAX_COLLEAGUES
                ),
            )
        )
    elif _count_invitations(session, event, firm) >= MAX_INVITATIONS:
        sentence = gettext_lazy(
            "your company has already sent the maximum of %(most)s invitations", most=MAX_INVITATIONS
        )
        faults.append(Fault("name", sentence))
    person = None
    if email and not faults:
        person = session.scalar(
            select(Attendee).where(Attendee.event_id == event.id, Attendee.email == email)
        )
        may_return = person is not None and person.firm_id == firm.id and person.withdrawn_at is not None
        if person is not None and (not may_return or person.merged_into_id is not None):
            raise AddressTaken
    if faults:
        raise InvalidInput(faults)
    actor.require_fresh(LET_IN)
    account = ensure_account(session, email, name=said["name"], now=now)
    subject = names.record_name(said["name"], said["latin_name"])
    with record_step(session, actor, StepKind.EDIT, ImportKind.PEOPLE, subject, now=now):
        if person is None:
            seed, hashed = new_feed(settings.secret_key)
            person = Attendee(
                event_id=event.id,
                firm_id=firm.id,
                account_id=account.id,
                email=email,
                key=_key(session, event.id, said["latin_name"], email),
                feed_seed=seed,
                feed_hash=hashed,
                imported_by=_imported_by(session, actor),
                **said,
            )
            session.add(person)
        else:
            person.withdrawn_at = None
            _set_values(session, person, said, settings)
        session.flush()
        attendance_days.set_attendance_days(session, person, form.days, slots)
    is_invited = not _is_invited(session, event, person.email, since=now - INVITATION_INTERVAL)
    if is_invited:
        _invite(session, actor, event, firm, person, now=now)
    return AddedColleague(person.key, is_invited)


def log_address_taken(session: Session, actor: Actor, form: ColleagueForm, *, now: datetime) -> None:
    """Audit-log that the actor entered another participant's address, because the response reveals that it
    exists.
    """
    _load_own_firm(session, actor, is_locked=False)
    address_attempts.record_attempts(session, actor, 1, address=_address(form.email)[0], now=now)


def change_colleague(
    session: Session, actor: Actor, key: str, form: ColleagueForm, *, settings: Settings, now: datetime
) -> None:
    """Update a person of the actor's firm.

    The email address cannot change. Raises NotFound, and like `add_colleague`.
    """
    firm, event = _load_own_firm(session, actor, is_locked=True)
    person, slots = _colleague(session, firm, key), attendance_days.list_slots_by_day(session, event)
    said, faults = _checked(event, form, slots)
    if person.id == actor.attendee_id and not form.is_exhibitor:
        faults.append(
            Fault("is_exhibitor", gettext_lazy("ask another company contact to change this for you"))
        )
    if faults:
        raise InvalidInput(faults)
    if form.is_exhibitor and not person.is_exhibitor:
        actor.require_fresh(LET_IN)
    subject = names.record_name(person.name, person.latin_name)
    with record_step(session, actor, StepKind.EDIT, ImportKind.PEOPLE, subject, now=now):
        _set_values(session, person, said, settings)
        attendance_days.set_attendance_days(session, person, form.days, slots)


def remove_colleague(
    session: Session, actor: Actor, key: str, *, now: datetime
) -> withdrawals.WithdrawalResult:
    """Remove a person of the actor's firm from the event.

    Colleagues take over their meetings where possible. Raises NotFound, NotAllowed, and InvalidInput if
    actors remove themselves.
    """
    firm, _ = _load_own_firm(session, actor, is_locked=True)
    person = _colleague(session, firm, key)
    if person.id == actor.attendee_id:
        raise InvalidInput([Fault("person", gettext_lazy("ask another company contact to remove you"))])
    return withdrawals.withdraw_colleague(session, actor, person, now=now)


def _load_own_firm(session: Session, actor: Actor, *, is_locked: bool) -> tuple[Firm, Event]:
    sentence = gettext_lazy("Only company contacts can add and change people of their company.")
    actor.require(Right.MANAGE_COLLEAGUES, firm_id=actor.firm_id, sentence=sentence)
    event = session.get_one(Event, actor.event_id)
    if not event.colleagues:
        raise NotAllowed(gettext_lazy("The organisers manage the list of people. Contact them for changes."))
    return find_own_firm(session, actor, is_locked=is_locked), event


def _imported_by(session: Session, actor: Actor) -> int | None:
    """Return the delegation manager on whose role the actor's access depends; access of added people depends
    on it too.
    """
    return session.scalar(select(Attendee.imported_by).where(Attendee.id == actor.attendee_id))


def _people(session: Session, firm_id: int) -> Sequence[Attendee]:
    query = select(Attendee).where(Attendee.firm_id == firm_id, Attendee.withdrawn_at.is_(None))
    return session.scalars(query.order_by(Attendee.id)).all()


def _colleague(session: Session, firm: Firm, key: str) -> Attendee:
    found = {person.key: person for person in _people(session, firm.id)}
    if key not in found:
        raise NotFound("person", key)
    return found[key]


def _address(typed: str) -> tuple[str, list[Fault]]:
    try:
        return normalize_address(typed), []
    except InvalidAddress as error:
        return "", [Fault("email", error.user_message)]


def _checked(
    event: Event, form: ColleagueForm, slots: dict[date, set[int]]
) -> tuple[dict[str, Any], list[Fault]]:
    """Validate a form. Return the attendee's column values and the faults."""
    name, title, typed = clean_line(form.name), clean_line(form.title), clean_line(form.latin_name)
    latin = typed or name
    codes: list[str] = []
    faults = [
        *(fields.check_field("name", name, fields.PersonName) if name else [Fault("name", REQUIRED)]),
        *(fields.check_field("latin_name", latin, fields.PersonName) if typed else ()),
        *fields.check_field("title", title, fields.JobTitle),
    ]
    for word in cell_values.split_list(form.languages[:400]):
        code = cell_values.parse_language(word)
        if code is None:
            faults.append(
                Fault(
                    "languages",
                    gettext_lazy("enter language names or codes (not recognised: %(word)s)", word=word[:40]),
                )
            )
        elif code not in codes:
            codes.append(code)
    if not codes and not any(fault.path == "languages" for fault in faults):
        faults.append(Fault("languages", gettext_lazy("enter at least one language")))
    if slots and not {day.isoformat() for day in slots} & set(form.days):
        faults.append(Fault("days", gettext_lazy("select a day, or remove the person")))
    said = {
        "name": name,
        "latin_name": latin,
        "title": title,
        "languages": codes,
        "is_exhibitor": form.is_exhibitor,
        "areas": [key for key in event.areas if key in form.areas],
    }
    return said, faults


def _set_values(session: Session, person: Attendee, said: dict[str, Any], settings: Settings) -> None:
    """Update changed columns. A change of role rotates the feed's address."""
    if person.is_exhibitor != said["is_exhibitor"]:
        access_revocation.rotate_feed_address(session, person, secret_key=settings.secret_key)
    for name, value in said.items():
        if getattr(person, name) != value:
            setattr(person, name, value)


def _key(session: Session, event_id: int, name: str, email: str) -> str:
    """Return an unused key: a slug of the name, with a hash of the address if the slug is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = "-".join(re.findall("[a-z0-9]+", plain))[:_LONGEST_KEY].strip("-")
    digest = blake2b(email.encode(), digest_size=8).hexdigest()
    taken = [
        session.scalar(select(table.id).where(table.event_id == event_id, table.key == slug))
        for table in (Attendee, Interpreter)
    ]
    return f"{slug}-{digest}".strip("-") if not slug or any(taken) or not is_storable(slug) else slug


def _count_invitations(session: Session, event: Event, firm: Firm) -> int:
    """Count the invitations that the firm has sent to its people, including removed ones."""
    own = select(Attendee.email).where(Attendee.firm_id == firm.id)
    sent = select(func.count()).where(_invitations(event), OutboxEmail.to_address.in_(own))
    return session.scalars(sent).one()


def _is_invited(session: Session, event: Event, address: str, *, since: datetime) -> bool:
    to_address = OutboxEmail.to_address == address, OutboxEmail.created_at > since
    return session.scalar(select(OutboxEmail.id).where(_invitations(event), *to_address).limit(1)) is not None


def _invitations(event: Event) -> ColumnElement[bool]:
    is_letter = payloads.is_letter_condition(_LETTER)
    return and_(OutboxEmail.about_event_id == event.id, OutboxEmail.kind == OutboxKind.DESK, is_letter)


def _invite(
    session: Session, actor: Actor, event: Event, firm: Firm, person: Attendee, *, now: datetime
) -> None:
    by = session.get(Attendee, actor.attendee_id) if actor.attendee_id else None
    account = session.get(Account, actor.account_id) if actor.account_id else None
    language = choose_language(person.mail_language, person.languages, event.language)
    called = names.display_both(firm.name, firm.latin_name, language)
    name = (
        names.display_single(by.name, by.latin_name, language) if by else account.email if account else called
    )
    letter = NewLetter(
        letter=_LETTER,
        to_address=person.email,
        to_name=person.name,
        language=language,
        event=event.name,
        values={"by": name, "firm": called},
        path=f"/events/{event.key}",
        about_event_id=event.id,
    )
    letters.queue_letters(session, [letter], now=now)
    person.invited_at = now
