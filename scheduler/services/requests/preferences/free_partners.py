"""Free partners: firms that share a free slot with the actor's firm, computed for the whole event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, union
from sqlalchemy.orm import Session

from scheduler.domain.entities import HolderKind
from scheduler.services.availability import unavailable_slots
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, AttendeeBusy, Booking, BusySource, Firm, Slot


def list_free_partners(session: Session, actor: Actor) -> frozenset[str]:
    """Return keys of the firms that share a free slot with the own firm, like `common_times`.

    The database counts, by person, how many of the own firm's free slots are taken. Runs at most ten queries
    for any number of firms. Empty for actors without a firm.
    """
    actor.require(Right.READ_DIRECTORY)
    if actor.firm_id is None:
        return frozenset()
    slots = set(session.scalars(select(Slot.id).where(Slot.of(actor.event_id))))
    of_firm = Attendee.firm_id == actor.firm_id, Attendee.withdrawn_at.is_(None)
    own = session.scalars(select(Attendee.id).where(*of_firm)).all()
    away = _away(session, actor.event_id, own)
    free = {slot for slot in slots if any(slot not in away.get(each, ()) for each in own)}
    if not free:
        return frozenset()
    gone = _without_time(session, actor.event_id, free)
    rows = session.execute(
        select(Firm.key, Attendee.id)
        .join(Attendee, Attendee.firm_id == Firm.id)
        .where(
            Firm.event_id == actor.event_id,
            Firm.id != actor.firm_id,
            Firm.withdrawn_at.is_(None),
            Attendee.withdrawn_at.is_(None),
        )
    )
    return frozenset(key for key, attendee_id in rows if attendee_id not in gone)


def _away(session: Session, event_id: int, people: Sequence[int]) -> dict[int, set[int]]:
    """Return the slots in which each person has a busy time or a published meeting."""
    away = unavailable_slots.list_unavailable_slots(session, event_id, people)
    held = select(Booking.holder_id, Booking.slot_id).where(
        Booking.event_id == event_id,
        Booking.kind == HolderKind.ATTENDEE,
        in_chunks(Booking.holder_id, people),
    )
    for attendee_id, slot_id in session.execute(held):
        away.setdefault(attendee_id, set()).add(slot_id)
    return away


def _without_time(session: Session, event_id: int, free: set[int]) -> set[int]:
    """Return the people of the event who are free in none of these slots."""
    of_calendars = (
        select(BusySource.attendee_id)
        .join(Attendee, Attendee.id == BusySource.attendee_id)
        .where(Attendee.event_id == event_id, BusySource.is_saved)
    )
    linked = list(set(session.scalars(of_calendars)))
    taken = union(
        select(AttendeeBusy.attendee_id.label("person"), AttendeeBusy.slot_id.label("slot")).where(
            in_chunks(AttendeeBusy.slot_id, free)
        ),
        select(Booking.holder_id, Booking.slot_id).where(
            Booking.event_id == event_id,
            Booking.kind == HolderKind.ATTENDEE,
            in_chunks(Booking.slot_id, free),
        ),
    ).subquery()
    counted = select(taken.c.person).group_by(taken.c.person).having(func.count() >= len(free))
    gone = set(session.scalars(counted))
    away = _away(session, event_id, linked) if linked else {}
    return gone | {each for each, slots in away.items() if free <= slots}
