"""Absences of people and shifts of interpreters, edited by organisers.

Absences share a table with the times that people block themselves, so either side can remove them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy, venue_label
from scheduler.services.availability import unavailable_slots
from scheduler.services.directory.references import SlotRef, slot_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.affected_meetings import is_meeting_of, list_upcoming
from scheduler.services.participants.cancellations import release_person
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.participants.withdrawals import WithdrawalResult, list_names, load_rows
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import clean_lines, is_storable
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Firm,
    Hall,
    Interpreter,
    InterpreterAssignment,
    InterpreterBusy,
    Place,
    PlannedMeeting,
    Slot,
)

ABSENCE_KINDS = (ImportKind.PEOPLE, ImportKind.INTERPRETERS)


@dataclass(frozen=True, slots=True)
class AbsenceSlot:
    """A slot of the event, as it applies to one person or interpreter."""

    slot: SlotRef
    is_absent: bool
    is_busy: bool
    """Their own calendar is busy."""
    is_meeting: bool
    """A published meeting takes it."""
    station: str = ""
    """Key of the table that an interpreter is assigned to in this slot."""


def list_absence_slots(
    session: Session, actor: Actor, kind: ImportKind, key: str, *, now: datetime
) -> tuple[AbsenceSlot, ...]:
    """Return all slots of the event with their state for one person or interpreter. Raises NotFound."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    (row,) = load_rows(session, actor, _require_absence_kind(kind), [key], lock=False)
    marked = {busy.slot_id for busy in _list_marks(session, row)}
    taken: set[int] = set()
    if isinstance(row, Attendee):
        taken = unavailable_slots.list_unavailable_slots(session, actor.event_id, [row.id]).get(row.id, set())
    held = list_upcoming(session, actor.event_id, is_meeting_of(actor.event_id, kind, [key]), now=now)
    positions = {position for meeting in held for position in meeting.slots}
    rows = session.scalars(select(Slot).where(Slot.of(actor.event_id)).order_by(Slot.position))
    seated = {} if isinstance(row, Attendee) else _list_assigned_slots(session, row.id)
    return tuple(
        AbsenceSlot(
            slot_ref(slot),
            slot.id in marked,
            slot.id in taken - marked,
            slot.position in positions,
            seated.get(slot.id, ""),
        )
        for slot in rows
    )


def _list_assigned_slots(session: Session, interpreter_id: int) -> dict[int, str]:
    """Return the key of the assigned table by slot id for an interpreter."""
    mine = (
        select(InterpreterAssignment.slot_id, Place.key)
        .join(Place, Place.id == InterpreterAssignment.place_id)
        .where(InterpreterAssignment.interpreter_id == interpreter_id, ~Place.is_retired)
    )
    return dict(session.execute(mine).all())


@dataclass(frozen=True, slots=True)
class StationTable:
    """A table that interpreters can be assigned to."""

    key: str
    name: str
    hall: str


def list_tables(session: Session, actor: Actor) -> tuple[StationTable, ...]:
    """Return the event's tables, ordered by hall."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    mine = (
        select(Place.key, Place.name, Hall.name, Hall.names)
        .join(Hall, Hall.id == Place.hall_id)
        .where(Place.event_id == actor.event_id, Place.kind == PlaceKind.TABLE, ~Place.is_retired)
        .order_by(Hall.position, Hall.id, Place.id)
    )
    rows = session.execute(mine)
    return tuple(StationTable(key, name, venue_label(hall, names)) for key, name, hall, names in rows)


def assign_table(
    session: Session,
    actor: Actor,
    key: str,
    table: str,
    at: Collection[str],
    *,
    note: str = "",
    now: datetime,
) -> WithdrawalResult:
    """Assign an interpreter to a table in these slots. An empty `table` removes the assignment.

    The next run reschedules the published meetings that they interpret at other places. Raises NotFound,
    InvalidInput.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    note = clean_lines(note)
    fields.require_valid("note", note, fields.Note)
    rows = load_rows(session, actor, ImportKind.INTERPRETERS, [key])
    chosen = _slots(session, actor.event_id, at)
    place = _table(session, actor.event_id, table) if table else None
    with record_step(
        session, actor, StepKind.SHIFTS, ImportKind.INTERPRETERS, list_names(rows), note=note, now=now
    ):
        (row,) = rows
        there = session.scalars(
            select(InterpreterAssignment).where(InterpreterAssignment.interpreter_id == row.id)
        )
        known = {station.slot_id: station for station in there}
        for slot_id in sorted(chosen.values()):
            station = known.get(slot_id)
            if station is None and place is not None:
                session.add(InterpreterAssignment(interpreter_id=row.id, slot_id=slot_id, place_id=place))
            elif station is not None and place is not None:
                station.place_id = place
            elif station is not None:
                session.delete(station)
        session.flush()
        if place is None or not chosen:
            return WithdrawalResult(0, 0)
        theirs = is_meeting_of(actor.event_id, ImportKind.INTERPRETERS, [key])
        elsewhere = and_(theirs, PlannedMeeting.place_id != place)
        found = list_upcoming(session, actor.event_id, elsewhere, slots=[*chosen], now=now)
        return WithdrawalResult(0, len(found), sum(meeting.is_soon for meeting in found))


def _table(session: Session, event_id: int, key: str) -> int:
    """Return the id of a table by key. Raises InvalidInput if the key is unknown."""
    mine = (Place.event_id == event_id, Place.kind == PlaceKind.TABLE, ~Place.is_retired)
    found = session.scalar(select(Place.id).where(*mine, Place.key == key)) if is_storable(key) else None
    if found is None:
        name = repr(key[:64])
        raise InvalidInput([Fault("table", gettext_lazy("%(name)s is not a table of this event", name=name))])
    return found


def set_absences(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    key: str,
    absent: Collection[str],
    *,
    table: str | None = None,
    moved: Collection[str] = (),
    note: str = "",
    now: datetime,
) -> WithdrawalResult:
    """Replace the absences of a person or interpreter by these slots.

    Meetings within the freeze are cancelled or left to a colleague, except requests that a draft has `moved`.
    If `table` is given, the slots are only assigned to it: see `assign_table`.
    """
    if table is not None:
        return assign_table(session, actor, key, table, absent, note=note, now=now)
    return _change_absences(session, actor, kind, [key], absent, moved=moved, note=note, clears=True, now=now)


def add_absences(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    absent: Collection[str],
    *,
    note: str = "",
    now: datetime,
) -> WithdrawalResult:
    """Add absences to several people. Existing absences are kept."""
    return _change_absences(session, actor, kind, keys, absent, note=note, clears=False, now=now)


def _change_absences(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    absent: Collection[str],
    *,
    moved: Collection[str] = (),
    note: str,
    clears: bool,
    now: datetime,
) -> WithdrawalResult:
    actor.require(Right.MANAGE_PARTICIPANTS)
    note = clean_lines(note)
    fields.require_valid("note", note, fields.Note)
    rows = load_rows(session, actor, _require_absence_kind(kind), keys)
    chosen = _slots(session, actor.event_id, absent)
    kept = StepKind.UNAVAILABILITY if kind is ImportKind.PEOPLE else StepKind.SHIFTS
    meetings = requests = stay = colleagues = 0
    with record_step(session, actor, kept, kind, list_names(rows), note=note, now=now):
        for row in rows:
            new = _set_marks(session, row, set(chosen.values()), clears=clears)
            keys_of_new = [slot for slot, slot_id in chosen.items() if slot_id in new]
            theirs = is_meeting_of(actor.event_id, kind, [row.key])
            touched = list_upcoming(session, actor.event_id, theirs, slots=keys_of_new, now=now)
            meetings += len(touched)
            soon = [meeting for meeting in touched if meeting.is_soon]
            if isinstance(row, Attendee):
                released = release_person(session, actor, row, soon, note, moved=moved, now=now)
                requests += released.called_off
                colleagues += released.left_to_colleagues
            else:
                stay += len(soon)
    return WithdrawalResult(requests, meetings, stay, colleagues)


def _require_absence_kind(kind: ImportKind) -> ImportKind:
    if kind not in ABSENCE_KINDS:
        raise InvalidInput(
            [
                Fault(
                    "kind",
                    gettext_lazy("choose people or interpreters, because only they can be unavailable"),
                )
            ]
        )
    return kind


def _slots(session: Session, event_id: int, keys: Collection[str]) -> dict[str, int]:
    """Return slot ids by key. Raises InvalidInput if a key is unknown."""
    known = dict(session.execute(select(Slot.key, Slot.id).where(Slot.of(event_id))).all())
    unknown = sorted(set(keys) - known.keys())
    if unknown:
        raise InvalidInput(
            [
                Fault(
                    "slots",
                    gettext_lazy("%(unknown)s is not a slot of this event", unknown=repr(unknown[0][:64])),
                )
            ]
        )
    return {key: known[key] for key in keys}


Marks = Sequence[AttendeeBusy] | Sequence[InterpreterBusy]


def _list_marks(session: Session, row: Firm | Attendee | Interpreter) -> Marks:
    if isinstance(row, Attendee):
        return session.scalars(select(AttendeeBusy).where(AttendeeBusy.attendee_id == row.id)).all()
    return session.scalars(select(InterpreterBusy).where(InterpreterBusy.interpreter_id == row.id)).all()


def _set_marks(
    session: Session, row: Firm | Attendee | Interpreter, wanted: set[int], *, clears: bool
) -> set[int]:
    """Replace the blocked slots of a record through ORM objects, so that the journal records them.

    Return the added ones.
    """
    before = _list_marks(session, row)
    if clears:
        for mark in before:
            if mark.slot_id not in wanted:
                session.delete(mark)
    new = wanted - {mark.slot_id for mark in before}
    for slot_id in sorted(new):
        if isinstance(row, Attendee):
            session.add(AttendeeBusy(attendee_id=row.id, slot_id=slot_id))
        else:
            session.add(InterpreterBusy(interpreter_id=row.id, slot_id=slot_id))
    session.flush()
    return new
