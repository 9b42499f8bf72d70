"""Registrations as organisers see them, with similar existing firms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Tier
from scheduler.domain.errors import NotFound
from scheduler.domain.team import RegistrationState
from scheduler.services.directory.references import FirmRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.participants.registration.form import RegistrationForm, list_halls
from scheduler.services.spreadsheets.columns import normalize_text
from scheduler.services.text import match_condition
from scheduler.storage.models import Account, Attendee, Event, Firm, FirmRegistration

PAGE_SIZE = 25
VISIBLE_STATES: Final = (RegistrationState.WAITING, RegistrationState.ACCEPTED, RegistrationState.DECLINED)
"""States that organisers see. Unconfirmed registrations are hidden."""
_FREE_MAIL: Final = frozenset(
    (
        "163.com", "126.com", "qq.com", "sina.com", "foxmail.com", "gmail.com", "outlook.com", "hotmail.com",
        "yahoo.com", "icloud.com", "gmx.de", "web.de", "freemail.hu", "citromail.hu", "proton.me",
    )
)  # fmt: skip
"""Email domains that say nothing about a firm."""
_MAX_SIMILAR = 5
_MAX_ID = 2**31 - 1


@dataclass(frozen=True, slots=True)
class RegistrationCard:
    """A registration in a list.

    `has_alike` is True if a firm of the event has the same name or email domain.
    """

    id: int
    state: RegistrationState
    name: str
    latin_name: str
    country: str
    tier: Tier
    areas: tuple[str, ...]
    hall: str
    booth: str
    person: str
    latin_person: str
    title: str
    email: str
    languages: tuple[str, ...]
    website: str
    note: str
    confirmed_at: datetime
    decided_at: datetime | None
    decided_by: str
    reason: str
    firm: FirmRef | None
    has_alike: bool


@dataclass(frozen=True, slots=True)
class RegistrationList:
    """A page of registrations, counts by state, and whether registration is open."""

    page: Page[RegistrationCard]
    counts: dict[RegistrationState, int]
    is_open: bool


@dataclass(frozen=True, slots=True)
class RegistrationRecord:
    """A registration with its form, and similar firms."""

    known: RegistrationCard
    form: RegistrationForm
    alike: tuple[FirmRef, ...]
    halls: Mapping[str, str]


def list_registrations(
    session: Session, actor: Actor, state: RegistrationState, *, text: str = "", number: int = 1
) -> RegistrationList:
    """Return a page of one state: open ones oldest first, decided ones newest first.

    Runs at most eight queries.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    event = session.get_one(Event, actor.event_id)
    table = FirmRegistration
    of_event = table.event_id == actor.event_id, table.state.in_(VISIBLE_STATES)
    columns = (table.name, table.latin_name, table.person, table.latin_person, table.email, table.booth)
    found = match_condition(text, columns)
    numbers = select(table.state, func.count()).where(*of_event, found).group_by(table.state)
    counted = dict(session.execute(numbers).all())
    is_waiting = state is RegistrationState.WAITING
    when = table.confirmed_at if is_waiting else table.decided_at
    order = Order("registrations", (when, table.id), (datetime, int), descending=not is_waiting)
    query = select(table, Firm, Account.email).where(*of_event, table.state == state, found)
    query = query.outerjoin(Firm, Firm.id == table.firm_id).outerjoin(Account, Account.id == table.decided_by)
    total = counted.get(state, 0)
    page = fetch_page(session, query, order, number=number, limit=PAGE_SIZE, total=total)
    halls = list_halls(session, actor.event_id)
    alike = _find_with_similar_firms(session, actor, [row[0] for row in page.items]) if is_waiting else set()
    shown = page.of(
        _registration_card(row[0], row[1], row[2], halls, row[0].id in alike) for row in page.items
    )
    return RegistrationList(
        shown, {each: counted.get(each, 0) for each in VISIBLE_STATES}, event.registration
    )


def get_registration(session: Session, actor: Actor, number: int) -> RegistrationRecord:
    """Return a registration. Raises NotFound, also if it is unconfirmed."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    table = FirmRegistration
    of_event = (
        table.event_id == actor.event_id,
        table.state.in_(VISIBLE_STATES),
        table.id == min(number, _MAX_ID),
    )
    row = session.execute(
        select(table, Firm, Account.email)
        .outerjoin(Firm, Firm.id == table.firm_id)
        .outerjoin(Account, Account.id == table.decided_by)
        .where(*of_event)
    ).first()
    if row is None:
        raise NotFound("registration", number)
    found: FirmRegistration = row[0]
    halls = list_halls(session, actor.event_id)
    firms = find_similar_firms(session, actor, found)
    return RegistrationRecord(
        known=_registration_card(found, row[1], row[2], halls, bool(firms)),
        form=make_form(found, halls),
        alike=tuple(firms),
        halls=halls,
    )


def count_waiting(session: Session, event_id: int) -> int:
    """Count registrations that need a decision."""
    waits = FirmRegistration.state == RegistrationState.WAITING
    return session.scalars(select(func.count()).where(FirmRegistration.event_id == event_id, waits)).one()


def make_form(row: FirmRegistration, halls: Mapping[str, str]) -> RegistrationForm:
    """Return the form of a stored registration. A deleted hall becomes empty."""
    return RegistrationForm(
        name=row.name,
        latin_name=row.latin_name,
        country=row.country,
        tier=row.tier.value,
        areas=tuple(row.areas),
        hall=row.hall if row.hall in halls else "",
        booth=row.booth if row.hall in halls else "",
        website=row.website,
        person=row.person,
        latin_person=row.latin_person,
        email=row.email,
        title=row.title,
        languages="; ".join(row.languages),
        mail_language=row.mail_language,
        note=row.note,
        consent=True,
    )


def find_similar_firms(session: Session, actor: Actor, row: FirmRegistration) -> list[FirmRef]:
    """Return at most five firms of the event with the same name or email domain, by name."""
    query = (
        select(Firm.key, Firm.name, Firm.latin_name, Firm.country)
        .where(Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None), _is_similar(row))
        .order_by(func.lower(Firm.latin_name), Firm.id)
    )
    return [FirmRef(*each) for each in session.execute(query.limit(_MAX_SIMILAR))]


def _is_similar(row: FirmRegistration) -> ColumnElement[bool]:
    names = {row.name.lower(), row.latin_name.lower()}
    same_name = or_(
        func.lower(Firm.name).in_(names), func.lower(Firm.latin_name).in_(names), Firm.name == row.name
    )
    domain = row.email.rpartition("@")[2]
    if domain in _FREE_MAIL:
        return same_name
    of_domain = select(Attendee.firm_id).where(
        Attendee.event_id == row.event_id,
        Attendee.withdrawn_at.is_(None),
        Attendee.email.endswith(f"@{domain}", autoescape=True),
    )
    return or_(same_name, Firm.id.in_(of_domain))


def _find_with_similar_firms(session: Session, actor: Actor, rows: list[FirmRegistration]) -> set[int]:
    """Return ids of the registrations that have similar firms. Runs two queries."""
    if not rows:
        return set()
    of_event = Firm.event_id == actor.event_id, Firm.withdrawn_at.is_(None)
    names = {
        normalize_text(name)
        for pair in session.execute(select(Firm.name, Firm.latin_name).where(*of_event))
        for name in pair
    }
    domains = {row.email.rpartition("@")[2] for row in rows} - _FREE_MAIL
    ends = [Attendee.email.endswith(f"@{domain}", autoescape=True) for domain in sorted(domains)]
    here = Attendee.event_id == actor.event_id, Attendee.withdrawn_at.is_(None)
    found = session.scalars(select(Attendee.email).where(*here, or_(*ends))) if ends else ()
    known = {email.rpartition("@")[2] for email in found}
    return {
        row.id
        for row in rows
        if {normalize_text(row.name), normalize_text(row.latin_name)} & names
        or row.email.rpartition("@")[2] in known
    }


def _registration_card(
    row: FirmRegistration, firm: Firm | None, by: str | None, halls: Mapping[str, str], has_alike: bool
) -> RegistrationCard:
    return RegistrationCard(
        id=row.id,
        state=row.state,
        name=row.name,
        latin_name=row.latin_name,
        country=row.country,
        tier=row.tier,
        areas=tuple(row.areas),
        hall=halls.get(row.hall, ""),
        booth=row.booth,
        person=row.person,
        latin_person=row.latin_person,
        title=row.title,
        email=row.email,
        languages=tuple(row.languages),
        website=row.website,
        note=row.note,
        confirmed_at=row.confirmed_at or row.created_at,
        decided_at=row.decided_at,
        decided_by=by or "",
        reason=row.reason,
        firm=FirmRef(firm.key, firm.name, firm.latin_name, firm.country) if firm else None,
        has_alike=has_alike,
    )
