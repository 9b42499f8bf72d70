"""Attendance days: all slots of other days are blocked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.storage.models import Attendee, AttendeeBusy, Event, Slot


def list_slots_by_day(session: Session, event: Event) -> dict[date, set[int]]:
    """Return ids of the event's slots by local day."""
    zone = ZoneInfo(event.timezone)
    found: dict[date, set[int]] = {}
    for slot_id, start in session.execute(
        select(Slot.id, Slot.start).where(Slot.of(event.id)).order_by(Slot.position)
    ):
        found.setdefault(start.astimezone(zone).date(), set()).add(slot_id)
    return found


def list_marked_slots(session: Session, people: Collection[int]) -> dict[int, set[int]]:
    """Return ids of blocked slots by person."""
    found: dict[int, set[int]] = {}
    for person, slot in session.execute(
        select(AttendeeBusy.attendee_id, AttendeeBusy.slot_id).where(AttendeeBusy.attendee_id.in_(people))
    ):
        found.setdefault(person, set()).add(slot)
    return found


def set_attendance_days(
    session: Session, person: Attendee, days: Collection[str], slots: dict[date, set[int]]
) -> None:
    """Block the whole days on which a person is absent, and unblock the days of attendance."""
    marked = list_marked_slots(session, [person.id]).get(person.id, set())
    for day, ids in slots.items():
        is_there = day.isoformat() in days
        if is_there and ids <= marked:
            for busy in session.scalars(
                select(AttendeeBusy).where(
                    AttendeeBusy.attendee_id == person.id, AttendeeBusy.slot_id.in_(ids)
                )
            ):
                session.delete(busy)
        elif not is_there:
            session.add_all(
                AttendeeBusy(attendee_id=person.id, slot_id=each) for each in sorted(ids - marked)
            )
    session.flush()
