"""Tables and booths: add in bulk, rename, move, close, reopen, remove."""

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
from scheduler.i18n import gettext_lazy, localized_date, ngettext_lazy
from scheduler.services.text import clean_line
from scheduler.services.venue.change_types import (
    AddTables,
    ChangePlaces,
    ChangeResult,
    ClosePlaces,
    RemoveTables,
)
from scheduler.services.venue.labels import count_tables_label, join_names
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Event, Hall, MeetingRequest, Place, PlaceClosure, Slot

MOST_AT_ONCE = 2_000
"""Places per change."""


def add_tables(session: Session, event: Event, change: AddTables) -> ChangeResult:
    """Add numbered tables to a hall. A removed table with the same key is restored. Raises InvalidInput."""
    faults = list(fields.check_form(change))
    hall = session.scalar(select(Hall).where(Hall.event_id == event.id, Hall.key == change.hall))
    if hall is None:
        faults.append(
            Fault("hall", gettext_lazy("%(name)s is not a hall of this event", name=repr(change.hall)))
        )
    if change.capacity == 0:
        faults.append(Fault("capacity", gettext_lazy("enter 1 or more")))
    prefix = clean_line(change.prefix)
    if faults or hall is None:
        raise InvalidInput(faults)
    last = change.first + change.count - 1
    digits = max(2, len(str(last)))
    names = [f"{prefix}{number:0{digits}}" for number in range(change.first, last + 1)]
    there = {
        row.key: row
        for row in session.scalars(
            select(Place).where(Place.event_id == event.id, in_chunks(Place.key, names))
        )
    }
    in_use = [key for key, row in there.items() if not row.is_retired or row.kind is not PlaceKind.TABLE]
    if in_use:
        raise InvalidInput(
            [
                Fault(
                    "first",
                    gettext_lazy(
                        "choose a higher first number (already in use: %(names)s)",
                        names=join_names(sorted(in_use)),
                    ),
                )
            ]
        )
    for name in names:
        row = there.get(name)
        if row is None:
            row = Place(event_id=event.id, key=name, kind=PlaceKind.TABLE)
            session.add(row)
        row.name, row.hall_id, row.capacity, row.is_retired = name, hall.id, change.capacity, False
    session.flush()
    span = (
        names[0] if len(names) == 1 else gettext_lazy("%(first)s to %(last)s", first=names[0], last=names[-1])
    )
    said = ngettext_lazy(
        "%(num)s new table in %(hall)s: %(names)s",
        "%(num)s new tables in %(hall)s: %(names)s",
        len(names),
        hall=hall.name,
        names=span,
    )
    return ChangeResult([said], (), {}, {"tables": said})


def change_places(session: Session, event: Event, change: ChangePlaces) -> ChangeResult:
    """Update names and capacities of tables and booths, and move tables. Raises InvalidInput."""
    rows = _places(session, event.id, [place.key for place in change.places])
    halls = {hall.key: hall for hall in session.scalars(select(Hall).where(Hall.event_id == event.id))}
    of_id = {hall.id: hall for hall in halls.values()}
    faults = []
    for i, wanted in enumerate(change.places):
        if not clean_line(wanted.name):
            faults.append(Fault(f"places[{i}].name", gettext_lazy("enter a value")))
        faults.extend(fields.check_field(f"places[{i}].name", clean_line(wanted.name), TableName))
        faults.extend(fields.check_field(f"places[{i}].capacity", wanted.capacity, Capacity))
        if wanted.capacity == 0 and rows[wanted.key].kind is PlaceKind.TABLE:
            faults.append(Fault(f"places[{i}].capacity", gettext_lazy("enter 1 or more")))
        if wanted.hall is not None and wanted.hall not in halls:
            faults.append(
                Fault(
                    f"places[{i}].hall",
                    gettext_lazy("%(name)s is not a hall of this event", name=repr(wanted.hall)),
                )
            )
        elif wanted.hall is not None and rows[wanted.key].kind is PlaceKind.BOOTH:
            faults.append(Fault(f"places[{i}].hall", gettext_lazy("move the exhibitor instead of its booth")))
    if faults:
        raise InvalidInput(faults)
    said, renamed, before, after = [], set[int](), dict[str, object](), dict[str, object]()
    for wanted in change.places:
        row, name = rows[wanted.key], clean_line(wanted.name)
        hall = halls[wanted.hall] if wanted.hall is not None else of_id[row.hall_id]
        parts = []
        if row.name != name:
            parts.append(gettext_lazy("%(old)s is renamed to %(new)s", old=row.name, new=name))
        if row.capacity != wanted.capacity:
            parts.append(
                ngettext_lazy(
                    "%(name)s takes %(num)s meeting at a time instead of %(before)s",
                    "%(name)s takes %(num)s meetings at a time instead of %(before)s",
                    wanted.capacity,
                    name=name,
                    before=row.capacity,
                )
            )
        if row.hall_id != hall.id:
            parts.append(gettext_lazy("%(name)s moves to %(hall)s", name=name, hall=hall.name))
        if not parts:
            continue
        if row.name != name or row.hall_id != hall.id:
            renamed.add(row.id)
        before[row.key] = f"{row.name}, {of_id[row.hall_id].name}, {row.capacity}"
        after[row.key] = f"{name}, {hall.name}, {wanted.capacity}"
        row.name, row.capacity, row.hall_id = name, wanted.capacity, hall.id
        said += parts
    session.flush()
    return ChangeResult(said, (), before, after, frozenset(renamed))


def close_places(session: Session, event: Event, change: ClosePlaces, *, now: datetime) -> ChangeResult:
    """Close places in some slots, or reopen them. Raises InvalidInput."""
    rows = _places(session, event.id, change.places)
    wanted = select(Slot).where(Slot.of(event.id), in_chunks(Slot.key, change.slots)).order_by(Slot.position)
    slots = session.scalars(wanted).all()
    unknown = sorted(set(change.slots) - {slot.key for slot in slots})
    if unknown:
        raise InvalidInput(
            [
                Fault(
                    "slots",
                    gettext_lazy("%(names)s is not a slot of this event", names=join_names(unknown)),
                )
            ]
        )
    coming = [slot for slot in slots if slot.start > now]
    if not coming:
        raise InvalidInput([Fault("slots", gettext_lazy("choose a time in the future"))])
    at = and_(
        in_chunks(PlaceClosure.place_id, [row.id for row in rows.values()]),
        in_chunks(PlaceClosure.slot_id, [slot.id for slot in coming]),
    )
    there = {
        tuple(row) for row in session.execute(select(PlaceClosure.place_id, PlaceClosure.slot_id).where(at))
    }
    all_of = {(row.id, slot.id) for row in rows.values() for slot in coming}
    touched = all_of - there if change.closed else there
    if change.closed and touched:
        new = [{"place_id": place, "slot_id": slot} for place, slot in sorted(touched)]
        session.execute(insert(PlaceClosure), new)
    elif touched:
        session.execute(delete(PlaceClosure).where(at))
    session.flush()
    if not touched:
        return ChangeResult()
    places = [row.name for row in rows.values() if any(place == row.id for place, _ in touched)]
    when = _when(
        [slot for slot in coming if any(at == slot.id for _, at in touched)], ZoneInfo(event.timezone)
    )
    named = _named(rows.values(), places)
    if change.closed:
        said = gettext_lazy("Closing %(places)s: %(when)s", places=named, when=when)
    else:
        said = gettext_lazy("Reopening %(places)s: %(when)s", places=named, when=when)
    facts = {"places": ", ".join(sorted(places)), "when": when}
    return ChangeResult(
        [said], (), {} if change.closed else {"closed": facts}, {"closed": facts} if change.closed else {}
    )


def remove_tables(session: Session, event: Event, change: RemoveTables) -> ChangeResult:
    """Retire tables. Earlier versions still refer to them. Raises InvalidInput."""
    rows = _places(session, event.id, change.places)
    booths = sorted(row.name for row in rows.values() if row.kind is PlaceKind.BOOTH)
    if booths:
        raise InvalidInput(
            [
                Fault(
                    "places",
                    gettext_lazy(
                        "%(names)s is an exhibitor's booth, so move the exhibitor instead",
                        names=join_names(booths),
                    ),
                )
            ]
        )
    for row in rows.values():
        row.is_retired = True
    ids = [row.id for row in rows.values()]
    freed = session.scalars(
        update(MeetingRequest)
        .where(MeetingRequest.event_id == event.id, in_chunks(MeetingRequest.fixed_place_id, ids))
        .values(fixed_place_id=None)
        .returning(MeetingRequest.id)
    ).all()
    session.flush()
    notes = [
        ngettext_lazy(
            "%(num)s request was assigned to a removed table. It can now be scheduled at any location.",
            "%(num)s requests were assigned to removed tables. They can now be scheduled at any location.",
            len(freed),
        )
    ]
    names = sorted(row.name for row in rows.values())
    said = gettext_lazy("Removing %(places)s", places=_named(rows.values(), names))
    return ChangeResult([said], notes if freed else (), {"tables": ", ".join(names)}, {})


def _places(session: Session, event_id: int, keys: Sequence[str]) -> dict[str, Place]:
    """Return the event's active places with these keys.

    Raises InvalidInput if one is unknown or there are none.
    """
    if not 1 <= len(keys) <= MOST_AT_ONCE:
        raise InvalidInput(
            [Fault("places", gettext_lazy("select 1 to %(most)s tables or booths", most=f"{MOST_AT_ONCE:,}"))]
        )
    rows = session.scalars(
        select(Place)
        .where(Place.event_id == event_id, in_chunks(Place.key, keys), ~Place.is_retired)
        .order_by(Place.key)
    ).all()
    found = {row.key: row for row in rows}
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise InvalidInput(
            [
                Fault(
                    "places",
                    gettext_lazy(
                        "%(names)s is not a table or booth of this event", names=join_names(unknown)
                    ),
                )
            ]
        )
    return found


def _named(rows: Iterable[Place], names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    kinds = {row.kind for row in rows}
    if kinds == {PlaceKind.TABLE}:
        return count_tables_label(len(names))
    if kinds == {PlaceKind.BOOTH}:
        return ngettext_lazy("%(num)s booth", "%(num)s booths", len(names))
    return ngettext_lazy("%(num)s location", "%(num)s locations", len(names))


def _when(slots: Sequence[Slot], zone: ZoneInfo) -> str:
    days = list(dict.fromkeys(slot.start.astimezone(zone).date() for slot in slots))
    if len(days) > 1:
        return join_names([localized_date(each) for each in days])
    first, last = slots[0].start.astimezone(zone), slots[-1].end.astimezone(zone)
    return gettext_lazy(
        "%(day)s, %(first)s–%(last)s",
        day=localized_date(days[0]),
        first=f"{first:%H:%M}",
        last=f"{last:%H:%M}",
    )
