"""Tables and booths: added in bulk, named, moved, closed and opened, taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import PlaceKind
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import Capacity, TableName
from scheduler.services.text import one_line
from scheduler.services.venue.wanted import AddTables, Changed, ChangePlaces, ClosePlaces, RemoveTables
from scheduler.services.venue.words import counted, day_name, listed
from scheduler.storage.among import among
from scheduler.storage.models import Event, Hall, MeetingRequest, Place, PlaceBusy, Slot

MOST_AT_ONCE = 2_000
"""Places that one change names."""


def add_tables(session: Session, event: Event, change: AddTables) -> Changed:
    """Number new tables of a hall. One that was taken away comes back. Raises InvalidInput."""
    faults = list(fields.faults(change))
    hall = session.scalar(select(Hall).where(Hall.event_id == event.id, Hall.key == change.hall))
    if hall is None:
        faults.append(Fault("hall", f"{change.hall!r} is not a hall of this event"))
    if change.capacity == 0:
        faults.append(Fault("capacity", "must be 1 or more"))
    prefix = one_line(change.prefix)
    if faults or hall is None:
        raise InvalidInput(faults)
    last = change.first + change.count - 1
    digits = max(2, len(str(last)))
    names = [f"{prefix}{number:0{digits}}" for number in range(change.first, last + 1)]
    there = {
        row.key: row
        for row in session.scalars(select(Place).where(Place.event_id == event.id, among(Place.key, names)))
    }
    in_use = [key for key, row in there.items() if not row.is_retired or row.kind is not PlaceKind.TABLE]
    if in_use:
        raise InvalidInput([Fault("first", f"{listed(sorted(in_use))} is there already; begin after it")])
    for name in names:
        row = there.get(name)
        if row is None:
            row = Place(event_id=event.id, key=name, kind=PlaceKind.TABLE)
            session.add(row)
        row.name, row.hall_id, row.capacity, row.is_retired = name, hall.id, change.capacity, False
    session.flush()
    span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    said = f"{counted(len(names), 'new table')} in {hall.name}: {span}"
    return Changed([said], (), {}, {"tables": said})


def change_places(session: Session, event: Event, change: ChangePlaces) -> Changed:
    """Name tables and booths, say how many meetings they hold, move tables. Raises InvalidInput."""
    rows = _places(session, event.id, [place.key for place in change.places])
    halls = {hall.key: hall for hall in session.scalars(select(Hall).where(Hall.event_id == event.id))}
    of_id = {hall.id: hall for hall in halls.values()}
    faults = []
    for i, wanted in enumerate(change.places):
        if not one_line(wanted.name):
            faults.append(Fault(f"places[{i}].name", "is missing"))
        faults.extend(fields.fault(f"places[{i}].name", one_line(wanted.name), TableName))
        faults.extend(fields.fault(f"places[{i}].capacity", wanted.capacity, Capacity))
        if wanted.capacity == 0 and rows[wanted.key].kind is PlaceKind.TABLE:
            faults.append(Fault(f"places[{i}].capacity", "must be 1 or more"))
        if wanted.hall is not None and wanted.hall not in halls:
            faults.append(Fault(f"places[{i}].hall", f"{wanted.hall!r} is not a hall of this event"))
        elif wanted.hall is not None and rows[wanted.key].kind is PlaceKind.BOOTH:
            faults.append(Fault(f"places[{i}].hall", "is the firm's; move the firm"))
    if faults:
        raise InvalidInput(faults)
    said, renamed, before, after = [], set[int](), dict[str, object](), dict[str, object]()
    for wanted in change.places:
        row, name = rows[wanted.key], one_line(wanted.name)
        hall = halls[wanted.hall] if wanted.hall is not None else of_id[row.hall_id]
        parts = []
        if row.name != name:
            parts.append(f"{row.name} becomes {name}")
        if row.capacity != wanted.capacity:
            parts.append(
                f"{name} holds {counted(wanted.capacity, 'meeting')} at a time in place of {row.capacity}"
            )
        if row.hall_id != hall.id:
            parts.append(f"{name} moves to {hall.name}")
        if not parts:
            continue
        if row.name != name or row.hall_id != hall.id:
            renamed.add(row.id)
        before[row.key] = f"{row.name}, {of_id[row.hall_id].name}, {row.capacity}"
        after[row.key] = f"{name}, {hall.name}, {wanted.capacity}"
        row.name, row.capacity, row.hall_id = name, wanted.capacity, hall.id
        said += parts
    session.flush()
    return Changed(said, (), before, after, frozenset(renamed))


def close_places(session: Session, event: Event, change: ClosePlaces, *, now: datetime) -> Changed:
    """Close places in some slots, or open them again. Raises InvalidInput."""
    rows = _places(session, event.id, change.places)
    wanted = select(Slot).where(Slot.of(event.id), among(Slot.key, change.slots)).order_by(Slot.position)
    slots = session.scalars(wanted).all()
    unknown = sorted(set(change.slots) - {slot.key for slot in slots})
    if unknown:
        raise InvalidInput([Fault("slots", f"{listed(unknown)} is not a meeting time of this event")])
    coming = [slot for slot in slots if slot.start > now]
    if not coming:
        raise InvalidInput([Fault("slots", "name a time that is still to come")])
    at = and_(
        among(PlaceBusy.place_id, [row.id for row in rows.values()]),
        among(PlaceBusy.slot_id, [slot.id for slot in coming]),
    )
    there = {tuple(row) for row in session.execute(select(PlaceBusy.place_id, PlaceBusy.slot_id).where(at))}
    all_of = {(row.id, slot.id) for row in rows.values() for slot in coming}
    touched = all_of - there if change.closed else there
    if change.closed and touched:
        new = [{"place_id": place, "slot_id": slot} for place, slot in sorted(touched)]
        session.execute(insert(PlaceBusy), new)
    elif touched:
        session.execute(delete(PlaceBusy).where(at))
    session.flush()
    if not touched:
        return Changed()
    places = [row.name for row in rows.values() if any(place == row.id for place, _ in touched)]
    when = _when(
        [slot for slot in coming if any(at == slot.id for _, at in touched)], ZoneInfo(event.timezone)
    )
    said = f"{'Closing' if change.closed else 'Opening'} {_named(rows.values(), places)} {when}"
    facts = {"places": ", ".join(sorted(places)), "when": when}
    return Changed(
        [said], (), {} if change.closed else {"closed": facts}, {"closed": facts} if change.closed else {}
    )


def remove_tables(session: Session, event: Event, change: RemoveTables) -> Changed:
    """Retire tables. Versions of before still name them. Raises InvalidInput."""
    rows = _places(session, event.id, change.places)
    booths = sorted(row.name for row in rows.values() if row.kind is PlaceKind.BOOTH)
    if booths:
        raise InvalidInput([Fault("places", f"{listed(booths)} is a firm's booth; move the firm")])
    for row in rows.values():
        row.is_retired = True
    ids = [row.id for row in rows.values()]
    freed = session.scalars(
        update(MeetingRequest)
        .where(MeetingRequest.event_id == event.id, among(MeetingRequest.fixed_place_id, ids))
        .values(fixed_place_id=None)
        .returning(MeetingRequest.id)
    ).all()
    session.flush()
    notes = (
        [f"{counted(len(freed), 'request')} had to be held there: from now on at any place."] if freed else []
    )
    names = sorted(row.name for row in rows.values())
    said = f"Taking {_named(rows.values(), names)} away"
    return Changed([said], notes, {"tables": ", ".join(names)}, {})


def _places(session: Session, event_id: int, keys: Sequence[str]) -> dict[str, Place]:
    """The event's places of these keys that are in use. Raises InvalidInput, also if there are none."""
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        raise InvalidInput([Fault("places", f"choose 1 to {MOST_AT_ONCE:,} tables or booths")])
    rows = session.scalars(
        select(Place)
        .where(Place.event_id == event_id, among(Place.key, keys), ~Place.is_retired)
        .order_by(Place.key)
    ).all()
    found = {row.key: row for row in rows}
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise InvalidInput([Fault("places", f"{listed(unknown)} is no table or booth of this event")])
    return found


def _named(rows: Iterable[Place], names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    kinds = {row.kind for row in rows}
    if kinds == {PlaceKind.TABLE}:
        return counted(len(names), "table")
    return counted(len(names), "booth") if kinds == {PlaceKind.BOOTH} else counted(len(names), "place")


def _when(slots: Sequence[Slot], zone: ZoneInfo) -> str:
    days = list(dict.fromkeys(slot.start.astimezone(zone).date() for slot in slots))
    if len(days) > 1:
        return f"on {listed([day_name(day) for day in days])}"
    first, last = slots[0].start.astimezone(zone), slots[-1].end.astimezone(zone)
    return f"on {day_name(days[0])}, {first:%H:%M}–{last:%H:%M}"
