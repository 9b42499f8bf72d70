"""Export of an event as import sheets. Importing them unchanged changes nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from scheduler.domain.entities import PlaceKind, Side
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import cell_values
from scheduler.services.spreadsheets.cell_values import NameLookup
from scheduler.services.spreadsheets.columns import COLUMNS, ImportKind
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.sheets.writers import Cell, OutputSheet, write_xlsx
from scheduler.storage.models import (
    Attendee,
    AttendeeBusy,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Event,
    Firm,
    Hall,
    Interpreter,
    InterpreterAssignment,
    InterpreterBusy,
    MeetingRequest,
    Place,
    PlaceClosure,
    Slot,
    WalkingTime,
)

EXPORTED_SETTINGS: Final = (
    "name", "key", "timezone", "language", "contact", "solve_seconds", "freeze_hours", "request_days",
    "proposals", "mail_per_minute", "publish_hold", "summary_mails", "remind_minutes", "policy",
)  # fmt: skip
"""Exported settings. `policy` is JSON, as in docs/problem-format.md."""

Rows = list[dict[str, Any]]


def export_event(session: Session, actor: Actor) -> bytes:
    """Return the whole event as XLSX, one sheet per kind: venue, firms, people, absences, requests."""
    actor.require_fresh(TAKE_CONTACTS)
    return write_xlsx([make_sheet(kind, rows) for kind, rows in list_rows(session, actor).items()])


def make_sheet(kind: ImportKind, rows: Rows) -> OutputSheet:
    """Return rows as a sheet with our columns. Walking minutes form a matrix."""
    if kind is ImportKind.WALKING:
        return _matrix(rows)
    columns = COLUMNS[kind]
    return OutputSheet(
        kind.value.capitalize(), columns, [[row.get(name) for name in columns] for row in rows]
    )


def list_rows(session: Session, actor: Actor) -> dict[ImportKind, Rows]:
    """Return the rows of each kind, in import order."""
    actor.require(Right.READ_CONTACTS)
    event = _ExportedEvent(session, session.get_one(Event, actor.event_id))
    return {
        ImportKind.EVENT: list(event.settings()),
        ImportKind.AREAS: [
            {"key": key, "name": str(name), **_name_cells(name.names)}
            for key, name in event.event.named_areas.items()
        ],
        ImportKind.TIMES: list(event.times_of_day()),
        ImportKind.HALLS: [
            {"key": hall.key, "name": hall.name, **_name_cells(hall.names)} for hall in event.halls.values()
        ],
        ImportKind.WALKING: list(event.walking()),
        ImportKind.TABLES: list(event.tables()),
        ImportKind.FIRMS: list(event.firms()),
        ImportKind.PEOPLE: list(event.people()),
        ImportKind.INTERPRETERS: list(event.interpreters()),
        ImportKind.CLOSURES: list(event.closures()),
        ImportKind.ABSENCES: list(event.absences()),
        ImportKind.STATIONS: list(event.stations()),
        ImportKind.DELEGATIONS: list(event.delegations()),
        ImportKind.GUESTS: event.event.guests,
        ImportKind.REQUESTS: list(event.requests()),
    }


def _name_cells(names: Mapping[str, str]) -> dict[str, str]:
    """Return the cells for names in other languages."""
    return {f"name_{language}": name for language, name in names.items()}


class _ExportedEvent:
    """The rows of an event as workbook cells."""

    def __init__(self, session: Session, event: Event) -> None:
        self.session, self.event = session, event
        self.times = EventTimes.load(session, event.id)
        self.halls = {hall.id: hall for hall in self.of(Hall, Hall.position, Hall.id)}
        self.firm_keys = {firm.id: firm.key for firm in self.of(Firm, Firm.id)}
        self.places: list[Place] = [row for row in self.of(Place, Place.id) if not row.is_retired]
        self.hall_words = _unambiguous_names({hall.key: hall.name for hall in self.halls.values()})
        self.area_words = _unambiguous_names(event.areas)
        self.person_keys = {row.id: row.key for row in self.of(Attendee, Attendee.id)}

    def of(self, table: Any, *order: Any) -> Sequence[Any]:
        """Return the rows of a table, except withdrawn ones."""
        query = select(table).where(table.event_id == self.event.id).order_by(*order)
        if hasattr(table, "withdrawn_at"):
            query = query.where(table.withdrawn_at.is_(None))
        return self.session.scalars(query).all()

    def settings(self) -> Iterator[dict[str, Any]]:
        for name in EXPORTED_SETTINGS:
            value = getattr(self.event, name)
            yield {"setting": name, "value": json.dumps(value) if isinstance(value, dict) else value}

    def times_of_day(self) -> Iterator[dict[str, Any]]:
        for slot in self.times.slots:
            begin, end = self.times.begin(slot), self.times.end(slot)
            yield {"key": slot.key, "day": begin.date().isoformat(), "start": f"{begin:%H:%M}",
                   "end": f"{end:%H:%M}", "block": slot.block}  # fmt: skip

    def walking(self) -> Iterator[dict[str, Any]]:
        for walk in self.session.scalars(select(WalkingTime)):
            if walk.from_hall_id in self.halls:
                yield {
                    "from_hall": self.hall(walk.from_hall_id),
                    "to_hall": self.hall(walk.to_hall_id),
                    "minutes": walk.minutes,
                }

    def hall(self, hall_id: int | None) -> str:
        return "" if hall_id is None else self.hall_words[self.halls[hall_id].key]

    def tables(self) -> Iterator[dict[str, Any]]:
        for place in self.places:
            if place.kind is PlaceKind.TABLE:
                yield {"key": place.key, "name": place.name, "hall": self.hall(place.hall_id),
                       "capacity": place.capacity}  # fmt: skip

    def firms(self) -> Iterator[dict[str, Any]]:
        booths: dict[int | None, list[Place]] = defaultdict(list)
        for place in self.places:
            booths[place.firm_id].append(place)
        for firm in self.of(Firm, Firm.id):
            own = booths[firm.id]
            yield {
                **_columns(ImportKind.FIRMS, firm),
                "tier": str(firm.tier),
                "areas": "; ".join(self.area_words.get(key, key) for key in firm.areas),
                **{name: "; ".join(getattr(firm, name)) for name in ("offers", "needs", "products")},
                "hall": self.hall(firm.hall_id),
                "booth": "; ".join(place.key for place in own),
                "booth_capacity": own[0].capacity if len(own) == 1 else None,
                "host": self.firm_keys.get(firm.host_id or 0, ""),
                "min_meetings": firm.min_meetings or None,
            }

    def people(self) -> Iterator[dict[str, Any]]:
        for person in self.of(Attendee, Attendee.id):
            if person.firm_id not in self.firm_keys:
                continue
            yield {
                **_columns(ImportKind.PEOPLE, person),
                "firm": self.firm_keys[person.firm_id],
                "languages": "; ".join(person.languages),
                "exhibitor": person.is_exhibitor,
            }

    def interpreters(self) -> Iterator[dict[str, Any]]:
        for person in self.of(Interpreter, Interpreter.id):
            languages = "; ".join(person.languages)
            yield {**_columns(ImportKind.INTERPRETERS, person), "languages": languages}

    def closures(self) -> Iterator[dict[str, Any]]:
        keys = {place.id: place.key for place in self.places}
        yield from self._spans("place", keys, PlaceClosure, PlaceClosure.place_id)

    def absences(self) -> Iterator[dict[str, Any]]:
        interpreters = {row.id: row.key for row in self.of(Interpreter, Interpreter.id)}
        yield from self._spans("person", self.person_keys, AttendeeBusy, AttendeeBusy.attendee_id)
        yield from self._spans("person", interpreters, InterpreterBusy, InterpreterBusy.interpreter_id)

    def stations(self) -> Iterator[dict[str, Any]]:
        interpreters = {row.id: row.key for row in self.of(Interpreter, Interpreter.id)}
        tables = {place.id: place.key for place in self.places}
        in_event = select(InterpreterAssignment).join(Slot, Slot.id == InterpreterAssignment.slot_id)
        found: dict[tuple[int, int], list[int]] = defaultdict(list)
        for seat in self.session.scalars(in_event.where(Slot.of(self.event.id))):
            found[seat.interpreter_id, seat.place_id].append(seat.slot_id)
        for interpreter, table in sorted(found):
            if interpreter in interpreters and table in tables:
                for day, start, end in self.times.spans(found[interpreter, table]):
                    who, where = interpreters[interpreter], tables[table]
                    yield {"interpreter": who, "table": where, "day": day, "start": start, "end": end}

    def _spans(
        self, column: str, keys: Mapping[int, str], marks: Any, owner: Any
    ) -> Iterator[dict[str, Any]]:
        in_event = select(owner, marks.slot_id).join(Slot, Slot.id == marks.slot_id)
        found: dict[int, list[int]] = defaultdict(list)
        for owner_id, slot_id in self.session.execute(in_event.where(Slot.of(self.event.id))):
            found[owner_id].append(slot_id)
        for owner_id in sorted(found):
            if owner_id in keys:
                for day, start, end in self.times.spans(found[owner_id]):
                    yield {column: keys[owner_id], "day": day, "start": start, "end": end}

    def delegations(self) -> Iterator[dict[str, Any]]:
        members: dict[int, list[str]] = defaultdict(list)
        firms = select(DelegationFirm.delegation_id, DelegationFirm.firm_id)
        for delegation_id, firm_id in self.session.execute(firms.order_by(DelegationFirm.firm_id)):
            members[delegation_id] += [self.firm_keys[firm_id]] if firm_id in self.firm_keys else []
        people: dict[int, list[str]] = defaultdict(list)
        alone = select(DelegationPerson.delegation_id, DelegationPerson.attendee_id)
        for delegation_id, person_id in self.session.execute(alone.order_by(DelegationPerson.attendee_id)):
            people[delegation_id] += [self.person_keys[person_id]] if person_id in self.person_keys else []
        for each in self.of(Delegation, Delegation.id):
            yield {
                **_columns(ImportKind.DELEGATIONS, each),
                "leader": self.person_keys.get(each.leader_id or 0, ""),
                "firms": "; ".join(members[each.id]),
                "people": "; ".join(people[each.id]),
            }

    def requests(self) -> Iterator[dict[str, Any]]:
        begins = {slot.key: f"{self.times.begin(slot):%Y-%m-%d %H:%M}" for slot in self.times.slots}
        query = (
            select(MeetingRequest)
            .where(MeetingRequest.event_id == self.event.id)
            .options(selectinload(MeetingRequest.people))
            .order_by(MeetingRequest.id)
        )
        for row in self.session.scalars(query):
            if not {row.from_firm_id, row.to_firm_id} <= self.firm_keys.keys():
                continue
            named = {
                side: sorted(each.attendee_id for each in row.people if each.side is side) for side in Side
            }
            yield {
                "key": row.key,
                "from_firm": self.firm_keys[row.from_firm_id],
                "to_firm": self.firm_keys[row.to_firm_id],
                "topic": row.topic,
                "priority": row.weight,
                "length": row.length,
                "place": str(row.place),
                "state": str(row.state),
                "message": row.message,
                "note": row.response_note,
                "reply_topic": row.reply_topic,
                "from_people": self._people(named[Side.FROM]),
                "to_people": self._people(named[Side.TO]),
                "times": "; ".join(begins[key] for key in row.slots or () if key in begins),
            }

    def _people(self, ids: Sequence[int]) -> str:
        return "; ".join(self.person_keys[each] for each in ids if each in self.person_keys)


def _columns(kind: ImportKind, row: Any) -> dict[str, Any]:
    """Return the columns of a kind that have the same name in the table."""
    return {name: getattr(row, name) for name in COLUMNS[kind] if hasattr(type(row), name)}


def _unambiguous_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the text to write for each key: its name if an import resolves it, else the key."""
    known = NameLookup(names)
    return {
        key: name if known.find(name) == key and cell_values.split_list(name) == [name] else key
        for key, name in names.items()
    }


def _matrix(rows: Rows) -> OutputSheet:
    halls = list(dict.fromkeys(row[end] for row in rows for end in ("from_hall", "to_hall")))
    minutes: dict[tuple[str, str], Cell] = {(hall, hall): 0 for hall in halls}
    for row in rows:
        minutes[row["from_hall"], row["to_hall"]] = minutes[row["to_hall"], row["from_hall"]] = row["minutes"]
    return OutputSheet(
        "Walking",
        ["", *halls],
        [[a, *(minutes.get((a, b)) for b in halls)] for a in halls],
    )
