"""When people are absent and interpreters have no shift: an organiser paints the slots.

A person's absence stands with the times that the person has marked, so either may take it back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.saying import say
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.availability import unavailable
from scheduler.services.cells.columns import ImportKind
from scheduler.services.directory.refs import SlotRef, slot_ref
from scheduler.services.people_desk.calling_off import release
from scheduler.services.people_desk.journal import StepKind, step
from scheduler.services.people_desk.leaving_event import Left, named, rows_of
from scheduler.services.people_desk.meetings import coming, of_keys
from scheduler.services.text import lines
from scheduler.storage.models import Attendee, AttendeeBusy, Firm, Interpreter, InterpreterBusy, Slot

PAINTED = (ImportKind.PEOPLE, ImportKind.INTERPRETERS)


@dataclass(frozen=True, slots=True)
class AbsenceSlot:
    """One slot of a person or an interpreter.

    `is_busy` says that a calendar of the person's own takes it, `is_meeting` that a published meeting does.
    """

    slot: SlotRef
    is_absent: bool
    is_busy: bool
    is_meeting: bool


def slots(
    session: Session, actor: Actor, kind: ImportKind, key: str, *, now: datetime
) -> tuple[AbsenceSlot, ...]:
    """All slots of the event for a person or an interpreter, in their order. Raises NotFound."""
    actor.require(Right.KEEP_PEOPLE)
    (row,) = rows_of(session, actor, _painted(kind), [key], lock=False)
    marked = {busy.slot_id for busy in _marks(session, row)}
    taken: set[int] = set()
    if isinstance(row, Attendee):
        taken = unavailable.slots_of(session, actor.event_id, [row.id]).get(row.id, set())
    held = coming(session, actor.event_id, of_keys(actor.event_id, kind, [key]), now=now)
    positions = {position for meeting in held for position in meeting.slots}
    rows = session.scalars(select(Slot).where(Slot.of(actor.event_id)).order_by(Slot.position))
    return tuple(
        AbsenceSlot(slot_ref(slot), slot.id in marked, slot.id in taken - marked, slot.position in positions)
        for slot in rows
    )


def paint(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    key: str,
    absent: Collection[str],
    *,
    note: str = "",
    now: datetime,
) -> Left:
    """Set all slots in which a person or an interpreter is absent. Other slots are free again."""
    return _paint(session, actor, kind, [key], absent, note=note, clears=True, now=now)


def add(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    absent: Collection[str],
    *,
    note: str = "",
    now: datetime,
) -> Left:
    """Mark several people absent in some slots more. What they are absent in already stays."""
    return _paint(session, actor, kind, keys, absent, note=note, clears=False, now=now)


def _paint(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    absent: Collection[str],
    *,
    note: str,
    clears: bool,
    now: datetime,
) -> Left:
    actor.require(Right.KEEP_PEOPLE)
    note = lines(note)
    fields.require("note", note, fields.Note)
    rows = rows_of(session, actor, _painted(kind), keys)
    chosen = _slots(session, actor.event_id, absent)
    kept = StepKind.ABSENCE if kind is ImportKind.PEOPLE else StepKind.SHIFTS
    meetings = requests = 0
    with step(session, actor, kept, kind, named(rows), note=note, now=now):
        for row in rows:
            new = _mark(session, row, set(chosen.values()), clears=clears)
            keys_of_new = [slot for slot, slot_id in chosen.items() if slot_id in new]
            theirs = of_keys(actor.event_id, kind, [row.key])
            touched = coming(session, actor.event_id, theirs, slots=keys_of_new, now=now)
            meetings += len(touched)
            if isinstance(row, Attendee):
                soon = [meeting for meeting in touched if meeting.is_soon]
                requests += release(session, actor, row, soon, note, now=now)
    return Left(requests, meetings)


def _painted(kind: ImportKind) -> ImportKind:
    if kind not in PAINTED:
        raise InvalidInput([Fault("kind", say("must be people or interpreters, who are absent one by one"))])
    return kind


def _slots(session: Session, event_id: int, keys: Collection[str]) -> dict[str, int]:
    """Ids of slots by key. Raises InvalidInput for a key that is none."""
    known = dict(session.execute(select(Slot.key, Slot.id).where(Slot.of(event_id))).all())
    unknown = sorted(set(keys) - known.keys())
    if unknown:
        raise InvalidInput(
            [Fault("slots", say("%(unknown)s is not a slot of this event", unknown=repr(unknown[0][:64])))]
        )
    return {key: known[key] for key in keys}


Marks = Sequence[AttendeeBusy] | Sequence[InterpreterBusy]


def _marks(session: Session, row: Firm | Attendee | Interpreter) -> Marks:
    if isinstance(row, Attendee):
        return session.scalars(select(AttendeeBusy).where(AttendeeBusy.attendee_id == row.id)).all()
    return session.scalars(select(InterpreterBusy).where(InterpreterBusy.interpreter_id == row.id)).all()


def _mark(
    session: Session, row: Firm | Attendee | Interpreter, wanted: set[int], *, clears: bool
) -> set[int]:
    """Set the marked slots of a row, as objects, which the journal notes. Returns those that are new."""
    before = _marks(session, row)
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
