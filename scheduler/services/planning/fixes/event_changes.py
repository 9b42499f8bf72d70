"""Event changes that fixes make. The surrounding step records each row for undo."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import PlaceKind, PlaceWish
from scheduler.domain.errors import Fault, InvalidInput, NotFound
from scheduler.domain.fields import TablePrefix, limits
from scheduler.i18n import display_name, gettext_lazy
from scheduler.services.availability import unavailable_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.problems.policy import event_policy
from scheduler.services.requests.locks import FixNotApplied
from scheduler.services.spreadsheets.people import import_interpreters, import_people
from scheduler.services.venue import tables
from scheduler.services.venue.change_types import AddTables, ChangePlaces, PlaceInput
from scheduler.sheets.tables import SheetRow, WorkbookSheet
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Event,
    Firm,
    Hall,
    Interpreter,
    InterpreterBusy,
    MeetingRequest,
    Place,
)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A person whom a fix adds."""

    name: str
    email: str


def free_people(session: Session, event_id: int, keys: Collection[str], slots: Collection[int]) -> None:
    """Remove absences of people in these slots. Raises FixNotApplied if their own calendar is busy."""
    people = session.scalars(
        select(Attendee).where(Attendee.event_id == event_id, Attendee.key.in_(keys))
    ).all()
    marks = select(AttendeeBusy).where(
        AttendeeBusy.attendee_id.in_([person.id for person in people]), AttendeeBusy.slot_id.in_(slots)
    )
    for mark in session.scalars(marks):
        session.delete(mark)
    session.flush()
    still = unavailable_slots.list_unavailable_slots(session, event_id, [person.id for person in people])
    for person in people:
        if person.withdrawn_at is not None:
            raise FixNotApplied(
                gettext_lazy(
                    "%(person)s was removed from the event.",
                    person=display_name(person.name, person.latin_name),
                )
            )
        if still.get(person.id, set()) & set(slots):
            raise FixNotApplied(
                gettext_lazy(
                    "%(person)s is busy at that time, according to their linked calendar. Ask them first.",
                    person=display_name(person.name, person.latin_name),
                )
            )


def open_shifts(session: Session, event_id: int, keys: Collection[str], slots: Collection[int]) -> None:
    """Extend interpreters' shifts to these slots."""
    theirs = select(Interpreter.id).where(Interpreter.event_id == event_id, Interpreter.key.in_(keys))
    marks = select(InterpreterBusy).where(
        InterpreterBusy.interpreter_id.in_(theirs), InterpreterBusy.slot_id.in_(slots)
    )
    for mark in session.scalars(marks):
        session.delete(mark)


def allow_any_place(request: MeetingRequest) -> None:
    """Let a request use a table or the booth, whichever is free."""
    request.place = PlaceWish.ANY


def raise_cap(row: Attendee | Firm | None, ids: Sequence[str]) -> None:
    """Raise the daily limit of a person or firm to the fix's value, or by one. Raises NotFound."""
    if row is None:
        raise NotFound("person or firm", ids[0])
    if row.max_per_day is not None:
        wanted = int(ids[1]) if len(ids) > 1 else row.max_per_day + 1
        row.max_per_day = max(row.max_per_day, wanted)


def raise_own_limit(
    session: Session, event_id: int, limit: Literal["max_days", "max_in_row"], ids: Sequence[str]
) -> None:
    """Raise a person's limit of days with meetings, or of meetings in a row, to the fix's value, or by one.

    If the limit of the policy applies, the person gets their own, and the policy stays as it is for others.
    Raises NotFound.
    """
    person = session.scalar(select(Attendee).where(Attendee.event_id == event_id, Attendee.key == ids[0]))
    if person is None:
        raise NotFound("person", ids[0])
    policy = event_policy(session.get_one(Event, event_id).policy)
    own: int | None = getattr(person, limit)
    most: int | None = getattr(policy, limit) if own is None else own
    if most is not None:
        wanted = int(ids[1]) if len(ids) > 1 else most + 1
        if wanted > most:
            setattr(person, limit, wanted)


def add_place(session: Session, event_id: int, request: MeetingRequest, ids: Sequence[str]) -> None:
    """Add a table to a hall or, for a booth request, one simultaneous meeting at the booth."""
    event = session.get_one(Event, event_id)
    if request.place is not PlaceWish.BOOTH:
        add_table(session, event, ids[0] if ids else "")
        return
    firm = session.get_one(Firm, request.to_firm_id)
    widen_booth(session, event_id, firm.key)


def widen_booth(session: Session, event_id: int, firm: str) -> None:
    """Allow one more simultaneous meeting at a firm's booth.

    Raises FixNotApplied if the firm has no booth.
    """
    booth = session.scalar(
        select(Place)
        .join(Firm, Firm.id == Place.firm_id)
        .where(Firm.event_id == event_id, Firm.key == firm, ~Place.is_retired)
        .order_by(Place.id.desc())
    )
    if booth is None:
        raise FixNotApplied(gettext_lazy("The exhibitor has no booth."))
    wanted = PlaceInput(booth.key, booth.name, booth.capacity + 1)
    tables.change_places(session, session.get_one(Event, event_id), ChangePlaces([wanted]))


def add_table(session: Session, event: Event, hall: str) -> str:
    """Add a table to a hall, numbered after the last one. Return the prefix of its key."""
    if session.scalar(select(Hall.id).where(Hall.event_id == event.id, Hall.key == hall)) is None:
        raise NotFound("hall", hall)
    keys = session.scalars(
        select(Place.key)
        .join(Hall, Hall.id == Place.hall_id)
        .where(Place.event_id == event.id, Place.kind == PlaceKind.TABLE, Hall.key == hall)
    )
    numbered = [found for key in keys if (found := re.fullmatch(r"(\D.*?)(\d{1,4})", key))]
    prefix, _ = max(((each[1], int(each[2])) for each in numbered), key=lambda each: each[1], default=("", 0))
    prefix = prefix or f"{hall}-T"
    if len(prefix) > (limits(TablePrefix).most or 0):
        prefix = "T-"
    taken = session.scalars(
        select(Place.key).where(Place.event_id == event.id, Place.key.startswith(prefix, autoescape=True))
    )
    rest = (key.removeprefix(prefix) for key in taken)
    first = max((int(each) for each in rest if each.isascii() and each.isdigit()), default=0) + 1
    tables.add_tables(session, event, AddTables(hall, prefix, 1, first))
    return prefix


def add_person(
    session: Session,
    actor: Actor,
    like: str,
    person: NewPerson,
    *,
    at: int = 0,
    settings: Settings,
    now: datetime,
) -> None:
    """Add a person to a firm, with the languages of the colleague `like`.

    `at` is the person's index among those whom the fix adds. Raises InvalidInput by column and index.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    colleague = session.scalar(
        select(Attendee).where(Attendee.event_id == actor.event_id, Attendee.key == like)
    )
    if colleague is None:
        raise NotFound("person", like)
    firm = session.get_one(Firm, colleague.firm_id)
    sheet = _sheet(firm=firm.key, **_cells(person, colleague.languages))
    try:
        import_people(session, actor, sheet, settings=settings, now=now)
    except InvalidInput as error:
        raise InvalidInput([_at_its_field(fault, at) for fault in error.faults]) from None


def add_interpreter(
    session: Session, actor: Actor, languages: Sequence[str], person: NewPerson, *, now: datetime
) -> str:
    """Add an interpreter who is available all day.

    Return their email address. Raises InvalidInput by column, with index 0.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    if len(languages) < 2:
        raise FixNotApplied(gettext_lazy("This fix doesn't name the languages. Run scheduling again."))
    try:
        import_interpreters(session, actor, _sheet(**_cells(person, languages)), now=now)
    except InvalidInput as error:
        raise InvalidInput([_at_its_field(fault, 0) for fault in error.faults]) from None
    return person.email


def _cells(person: NewPerson, languages: Sequence[str]) -> dict[str, str]:
    return {"name": person.name, "email": person.email, "languages": "; ".join(languages)}


def _sheet(**cells: str) -> WorkbookSheet:
    return WorkbookSheet("", (SheetRow(1, tuple(cells)), SheetRow(2, tuple(cells.values()))))


def _at_its_field(fault: Fault, at: int) -> Fault:
    """Map the fault of a cell ("row 2, email") to a form field, such as email0 for the first person."""
    return Fault(f"{fault.path.rpartition(', ')[2]}{at}", fault.message)
