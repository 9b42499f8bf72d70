"""Import of meeting requests with states and responses, from earlier years or matchmaking tools."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from scheduler.domain import fields
from scheduler.domain.entities import OPEN_REQUESTS, PlaceWish, RequestState, Side
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical import itip_revisions
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.spreadsheets import cell_values, request_faults
from scheduler.services.spreadsheets.changes import Cells, ImportResult, ImportTally, new_values, set_values
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.spreadsheets.meeting_times import EventTimes
from scheduler.services.spreadsheets.options import DEFAULT_OPTIONS, ImportOptions
from scheduler.services.spreadsheets.people import FirmLookup
from scheduler.services.spreadsheets.table import Row, Table
from scheduler.services.text import clean_line
from scheduler.sheets.tables import WorkbookSheet
from scheduler.storage.models import Attendee, Event, MeetingRequest, RequestPerson

_TOPIC = "Meeting"
"""Default topic."""
_SIDES = (("from_people", Side.FROM, "from_firm"), ("to_people", Side.TO, "to_firm"))


def import_requests(
    session: Session,
    actor: Actor,
    sheet: WorkbookSheet,
    options: ImportOptions = DEFAULT_OPTIONS,
    *,
    now: datetime,
) -> ImportResult:
    """Import meeting requests. A row updates the request with its key, else the one of its firms.

    Accepted requests enter the next run. Additions and endings are quiet until `now`. With
    `options.withdraw`, open requests missing from the file are withdrawn. Raises InvalidInput.
    """
    actor.require(Right.IMPORT)
    read = _Requests.load(session, actor.event_id, Table.read(ImportKind.REQUESTS, sheet, options), now)
    given = {row.line: read.values(row) for row in read.table.rows}
    for row in read.table.rows:
        read.name(row, given[row.line])
    for row in read.table.rows:
        read.check_pair(row, given[row.line])
    read.table.done()
    tally = ImportTally(read.table, frozenset(read.known))
    changes = read.change(given)
    for row in read.table.rows:
        tally.add(row, changes[row.line], is_new=row.values["key"] not in read.known)
    for key in sorted(tally.missing()) if ImportKind.REQUESTS in options.withdraw else ():
        request = read.known[key]
        if request.state in OPEN_REQUESTS:
            cells = set_values(request, read.stepped(RequestState.WITHDRAWN))
            tally.withdraw(key, read.firms.pair(request), {"state": cells["state"]})
    session.flush()
    return tally.done()


@dataclass(slots=True)
class _Requests:
    """Requests of an event, and the parser of their cells."""

    session: Session
    event_id: int
    table: Table
    now: datetime
    times: EventTimes
    firms: FirmLookup
    people: Mapping[int, Mapping[str, int]]
    """Ids of each firm's people, by key and email address."""
    person_keys: Mapping[int, str]
    known: Mapping[str, MeetingRequest]
    of_pair: Mapping[tuple[int, int], MeetingRequest]
    """Newest request of a pair of firms by sender, open ones first."""
    lines: dict[str, int] = field(default_factory=dict)
    """First row of each generated key."""
    open_pairs: dict[tuple[int, int], str] = field(default_factory=dict)
    """Key of each pair's open request after the import."""

    @classmethod
    def load(cls, session: Session, event_id: int, table: Table, now: datetime) -> _Requests:
        rows = session.scalars(
            select(MeetingRequest)
            .where(MeetingRequest.event_id == event_id)
            .options(selectinload(MeetingRequest.people))
            .order_by(MeetingRequest.id)
        ).all()
        people: dict[int, dict[str, int]] = defaultdict(dict)
        keys = {}
        query = select(Attendee.id, Attendee.firm_id, Attendee.key, Attendee.email)
        for person in session.execute(query.where(Attendee.event_id == event_id)):
            keys[person.id] = person.key
            people[person.firm_id] |= {person.key: person.id, person.email: person.id}
        by_age = sorted(rows, key=lambda row: (row.state in OPEN_REQUESTS, row.id))
        in_file = {row.values.get("key") for row in table.rows}
        return cls(
            session,
            event_id,
            table,
            now,
            EventTimes.load(session, event_id),
            FirmLookup(session, event_id),
            people,
            keys,
            {row.key: row for row in rows},
            {(row.from_firm_id, row.to_firm_id): row for row in by_age},
            open_pairs={
                _pair(row.from_firm_id, row.to_firm_id): row.key
                for row in rows
                if row.state in OPEN_REQUESTS and row.key not in in_file
            },
        )

    def values(self, row: Row) -> dict[str, Any]:
        """Return the values of the columns that the sheet has."""
        ids = {column: self.firms.find(row, column) for column in ("from_firm", "to_firm")}
        if ids["from_firm"] and ids["from_firm"] == ids["to_firm"]:
            row.fault("to_firm", gettext_lazy("enter another exhibitor; an exhibitor can't meet itself"))
        read = {
            "topic": row.text("topic", fields.Topic) or _TOPIC,
            "priority": self._priority(row),
            "length": self._length(row),
            "place": cell_values.parse_location(row.values.get("place", "")) or PlaceWish.ANY,
            "state": self._state(row),
            "message": row.text("message", fields.Message),
            "response_note": row.text("note", fields.Note),
            "reply_topic": row.text("reply_topic", fields.Topic),
            "slots": self.times.starts(row, "times"),
        }
        place = row.values.get("place", "")
        if place and cell_values.parse_location(place) is None:
            said = gettext_lazy("enter booth, table or any instead of %(place)s", place=repr(place[:40]))
            row.fault("place", said, allowed=cell_values.allowed_locations())
        renamed = {"response_note": "note", "slots": "times"}
        given = {name: value for name, value in read.items() if renamed.get(name, name) in row.values}
        people = {
            column: self._people(row, column, ids[firm]) for column, _, firm in _SIDES if column in row.values
        }
        return {"from_firm_id": ids["from_firm"], "to_firm_id": ids["to_firm"], **given, **people}

    def name(self, row: Row, given: Mapping[str, Any]) -> None:
        """Set the row's key: that of its request, or a new one."""
        row.key()
        pair = given["from_firm_id"], given["to_firm_id"]
        row.values["name"] = " → ".join(clean_line(row.values.get(at, "")) for at in ("from_firm", "to_firm"))
        if not row.values.get("key"):
            before = self.of_pair.get(pair)
            firms = [self.firms.keys.get(each, "") for each in pair]  # not ids: a preview deletes some
            made = blake2b(repr(firms).encode(), digest_size=6).hexdigest()
            row.values["key"] = before.key if before is not None else f"r-{made}"
            first = self.lines.setdefault(row.values["key"], row.line)
            if 0 not in pair and first != row.line:
                row.fault(
                    "to_firm",
                    gettext_lazy(
                        "remove one of the rows; row %(first)s already has these two exhibitors", first=first
                    ),
                )

    def check_pair(self, row: Row, given: Mapping[str, Any]) -> None:
        """Report changed firms, or a second open request of a pair, as a fault."""
        before = self.known.get(row.values["key"])
        pair = given["from_firm_id"], given["to_firm_id"]
        if before is not None and 0 not in pair and pair != (before.from_firm_id, before.to_firm_id):
            row.fault("key", request_faults.key_taken_fault(self.firms.pair(before)))
        state = given.get("state", before.state if before is not None else RequestState.PENDING)
        if row.is_wrong and before is not None and before.state in OPEN_REQUESTS:  # the open request is kept
            self.open_pairs.setdefault(_pair(before.from_firm_id, before.to_firm_id), before.key)
        if row.is_wrong or state not in OPEN_REQUESTS:
            return
        other = self.open_pairs.setdefault(_pair(*pair), row.values["key"])
        if other != row.values["key"]:
            row.fault(
                "to_firm",
                gettext_lazy("these two exhibitors already have an open request (%(other)s)", other=other),
            )

    def change(self, given: Mapping[int, Mapping[str, Any]]) -> dict[int, Cells]:
        """Update known requests, closing ones first, and insert the others. Return the changes by line."""
        cells: dict[int, Cells] = {}
        rows = sorted(self.table.rows, key=lambda row: given[row.line].get("state") in OPEN_REQUESTS)
        for row in rows:
            request = self.known.get(row.values["key"])
            if request is not None:
                cells[row.line] = self._changed(request, given[row.line])
            elif given[row.line].get("state", RequestState.PENDING) in OPEN_REQUESTS:
                self.session.flush()
                break
        days = self.session.get_one(Event, self.event_id).request_days
        for row in rows:
            request = self.known.get(row.values["key"])
            if request is None:
                cells[row.line] = self._added(row, given[row.line], timedelta(days=days))
            elif row.line not in cells:
                cells[row.line] = self._changed(request, given[row.line])
        return cells

    def stepped(self, state: RequestState) -> dict[str, Any]:
        """Return the column values of an organiser's step at `now`."""
        return {"state": state, "responded_at": self.now, "responded_by": None, "responded_side": None,
                "before": None, "quiet_until": self.now}  # fmt: skip

    def _changed(self, request: MeetingRequest, given: Mapping[str, Any]) -> Cells:
        of_people = {column: given[column] for column, _, _ in _SIDES if column in given}
        plain = {name: value for name, value in given.items() if name not in of_people}
        state = plain.pop("state", request.state)
        cells = set_values(request, plain)
        if state is not request.state:
            cells["state"] = request.state, state
            for name, value in self.stepped(state).items():
                setattr(request, name, value)
        for column, side, _ in _SIDES:
            if column not in of_people:
                continue
            before = sorted(each.attendee_id for each in request.people if each.side is side)
            if before != sorted(of_people[column]):
                kept = [each for each in request.people if each.side is not side]
                request.people = [*kept, *_named(of_people[column], side)]
                cells[column] = self._keys(before), self._keys(of_people[column])
        return cells

    def _added(self, row: Row, given: Mapping[str, Any], days: timedelta) -> Cells:
        of_people = {column: given.get(column, []) for column, _, _ in _SIDES}
        plain = {name: value for name, value in given.items() if name not in of_people}
        whole = {"topic": _TOPIC, "priority": 3, "state": RequestState.PENDING, "slots": None} | plain
        is_open = whole["state"] is RequestState.PENDING
        last = self.times.slots[-1].start if self.times.slots else self.now + days
        self.session.add(
            MeetingRequest(
                event_id=self.event_id,
                key=row.values["key"],
                created_by=None,
                created_at=self.now,
                expires_at=min(self.now + days, last) if is_open else None,
                responded_at=None if is_open else self.now,
                quiet_until=self.now,
                uid=itip_revisions.new_seed(),
                people=[each for at, side, _ in _SIDES for each in _named(of_people[at], side)],
                **whole,
            )
        )
        shown = {name: value for name, value in whole.items() if not name.endswith("_id")}
        return new_values(shown | {at: self._keys(ids) for at, ids in of_people.items()})

    def _keys(self, ids: list[int]) -> list[str]:
        return [self.person_keys[each] for each in ids]

    def _people(self, row: Row, column: str, firm_id: int) -> list[int]:
        found = []
        for text in row.several(column):
            known = self.people.get(firm_id, {})
            text = row.meant(column, text, lambda said, known=known: said in known or said.lower() in known)  # type: ignore[misc]
            person = known.get(text) or known.get(text.lower())
            if firm_id and person is None:
                said = request_faults.unknown_person_fault(text[:80])
                row.fault(column, said, item=text, of=(ImportKind.PEOPLE,))
            elif person is not None and person not in found:
                found.append(person)
        if len(found) > (most := fields.limits(fields.NamedPeople).most):
            row.fault(column, gettext_lazy("enter at most %(most)s people", most=most))
        return found

    def _priority(self, row: Row) -> int:
        """Return the priority: given as a number, a word such as must, or yes in a must-have column."""
        text = row.values.get("priority", "")
        rank = cell_values.parse_priority(text)
        if rank is None and (yes := cell_values.parse_yes_no(text)) is not None and not text.isdigit():
            rank = 5 if yes else 3
        return self._number(row, "priority", fields.Priority, 3) if rank is None else rank

    def _number(self, row: Row, column: str, kind: Any, default: int) -> int:
        value = row.number(column)
        for fault in fields.check_field(column, value, kind) if value is not None else ():
            row.fault(column, fault.message)
        return default if value is None else value

    def _length(self, row: Row) -> int:
        length = self._number(row, "length", fields.LengthInSlots, 1)
        longest = self.times.longest
        if longest and length > longest:
            row.fault("length", request_faults.length_fault(longest))
        return length

    def _state(self, row: Row) -> RequestState:
        text = row.values.get("state", "")
        state = cell_values.parse_request_state(text) if text else RequestState.PENDING
        if state is None:
            row.fault(
                "state",
                request_faults.unknown_state_fault(text[:40]),
                allowed=cell_values.allowed_request_states(),
            )
        return state or RequestState.PENDING


def _pair(firm_id: int, other_id: int) -> tuple[int, int]:
    return (firm_id, other_id) if firm_id < other_id else (other_id, firm_id)


def _named(attendee_ids: list[int], side: Side) -> list[RequestPerson]:
    return [RequestPerson(attendee_id=attendee_id, side=side) for attendee_id in attendee_ids]
