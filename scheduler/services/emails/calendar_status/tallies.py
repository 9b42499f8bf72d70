"""Tallies of calendar states per person, counted by the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Subquery,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState, Method, OutboxState
from scheduler.services.emails.calendar_status.people import (
    AT_LEAST,
    CALLS,
    NEAR,
    PATIENCE,
    SEVERITY,
    BoardVersion,
    needs_call,
)
from scheduler.services.emails.calendar_status.states import (
    ANSWERED,
    CalendarEntry,
    list_undelivered_cancellations,
    newest_email_ids,
)
from scheduler.storage.base import UtcDateTime
from scheduler.storage.models import (
    Attendee,
    Hall,
    InvitationReply,
    OutboxEmail,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

_STATES = tuple(CalendarState)
_TO_CALL = tuple(state for state in _STATES if state in CALLS)
_QUEUED = SEVERITY.index(CalendarState.QUEUED)


@dataclass(frozen=True, slots=True)
class Tally:
    """A person's meetings by state. `calls` counts those that need a call, by state and whether they are off.

    `first` and `first_call` are (start, severity) of the first one, or None.
    """

    counts: Mapping[CalendarState, int] = field(default_factory=dict)
    calls: Mapping[tuple[CalendarState, bool], int] = field(default_factory=dict)
    first: tuple[datetime, int] | None = None
    first_call: tuple[datetime, int] | None = None

    @property
    def worst(self) -> CalendarState:
        return min(self.counts, key=SEVERITY.index)

    def with_entry(self, entry: CalendarEntry, now: datetime) -> Tally:
        """Return the tally with one more meeting."""
        why, at = (entry.state, entry.is_off), (entry.start, SEVERITY.index(entry.state))
        counts = {**self.counts, entry.state: self.counts.get(entry.state, 0) + 1}
        first = min(filter(None, (self.first, at)))
        if not needs_call(entry, now):
            return replace(self, counts=counts, first=first)
        calls = {**self.calls, why: self.calls.get(why, 0) + 1}
        return Tally(counts, calls, first, min(filter(None, (self.first_call, at))))

    def with_queued(self, number: int, start: datetime) -> Tally:
        """Return the tally with more meetings about which no message exists, the first at `start`.

        No two meetings of a person start at the same time.
        """
        counts = {**self.counts, CalendarState.QUEUED: self.counts.get(CalendarState.QUEUED, 0) + number}
        is_first = self.first is None or start < self.first[0]
        return replace(self, counts=counts, first=(start, _QUEUED) if is_first else self.first)


@dataclass(frozen=True, slots=True)
class MeetingSelection:
    """Selection of meetings by hall name and slot positions. None selects all slots."""

    hall: str = ""
    positions: tuple[int, ...] | None = None

    def has(self, entry: CalendarEntry, slots: Mapping[int, datetime]) -> bool:
        """Return True if an entry is selected.

        A cancelled meeting may be at a time that is no longer a slot.
        """
        if self.hall and entry.hall != self.hall:
            return False
        return self.positions is None or entry.start in {slots[position] for position in self.positions}


def count_tallies(
    session: Session,
    version: BoardVersion,
    seats: Iterable[tuple[int, int, int]],
    chosen: MeetingSelection,
    slots: Mapping[int, datetime],
    *,
    now: datetime,
) -> dict[int, Tally]:
    """Return the tally of each attendee with one of the selected meetings of a version.

    `seats` are tuples of the attendee, the number of meetings, and the position of the first slot.
    """
    rows = session.execute(_query(chosen), _values(version, slots, now)).all()
    found = {row[0]: _tally(row[1:], slots) for row in rows}
    alike: dict[tuple[int, int], Tally] = {}  # shared: most people have received every message, or none yet
    for who, number, first in seats:
        told = found.get(who)
        if told is None:
            if (number, first) not in alike:
                alike[number, first] = Tally().with_queued(number, slots[first])
            found[who] = alike[number, first]
        elif rest := number - sum(told.counts.values()):
            found[who] = told.with_queued(rest, slots[first])
    for entry in list_undelivered_cancellations(session, version.event_id):
        if chosen.has(entry, slots):
            found[entry.attendee_id] = found.get(entry.attendee_id, Tally()).with_entry(entry, now)
    return found


_VERSION, _EVENT, _COMING, _NEAR = (
    bindparam(name, type_=Integer()) for name in ("version_id", "event_id", "coming", "near")
)
_PATIENT, _AT_LEAST = (bindparam(name, type_=UtcDateTime()) for name in ("patient", "at_least"))


def _values(version: BoardVersion, slots: Mapping[int, datetime], now: datetime) -> dict[str, object]:
    """Return the parameters of `_query`."""
    return {
        "version_id": version.id,
        "event_id": version.event_id,
        "coming": min((p for p, start in slots.items() if start > now), default=len(slots)),
        "near": min((p for p, start in slots.items() if start > now + NEAR), default=len(slots)),
        "patient": now - PATIENCE,
        "at_least": now - AT_LEAST,
    }


@lru_cache(maxsize=64)  # building the query takes longer than running it
def _query(chosen: MeetingSelection) -> Any:
    """Query with one row per attendee.

    It counts the meetings with a message, or all if the address bounces.
    """
    entries = _entries(chosen)
    state, at = entries.c.state, entries.c.position * len(SEVERITY) + _severity(entries.c.state)
    overdue = or_(  # same as `people.is_overdue`
        state != CalendarState.SILENT.value,
        entries.c.sent_at <= _PATIENT,
        and_(entries.c.position < _NEAR, entries.c.sent_at <= _AT_LEAST),
    )
    to_call = and_(state.in_([s.value for s in CALLS]), entries.c.position >= _COMING, overdue)
    return select(
        entries.c.attendee_id,
        *(func.sum(case((state == s.value, 1), else_=0)).label(s.value) for s in _STATES),
        *(
            func.sum(case((and_(to_call, state == s.value), 1), else_=0)).label(f"call_{s.value}")
            for s in _TO_CALL
        ),
        func.min(at).label("first"),
        func.min(case((to_call, at))).label("first_call"),
    ).group_by(entries.c.attendee_id)


def _entries(chosen: MeetingSelection) -> Subquery:
    """Subquery with one row per attendee and meeting: its slot position and its state."""
    mail = _invited()
    is_about = and_(
        mail.c.request_id == PlannedMeeting.request_id, mail.c.attendee_id == PlannedAttendee.attendee_id
    )
    seat = (
        select(PlannedAttendee.attendee_id, Slot.position, _state(mail).label("state"), mail.c.sent_at)
        .select_from(PlannedMeeting)
        .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(PlannedMeeting.version_id == _VERSION, *selection_condition(chosen))
    )
    is_answered = and_(
        InvitationReply.uid == mail.c.uid,
        InvitationReply.attendee_id == mail.c.attendee_id,
        InvitationReply.sequence == mail.c.sequence,
    )
    told = (
        seat.join(mail, is_about).outerjoin(InvitationReply, is_answered).where(Attendee.bounced_at.is_(None))
    )
    refuse = select(Attendee.id).where(Attendee.event_id == _EVENT, Attendee.bounced_at.is_not(None))
    bounced = seat.outerjoin(mail, is_about).outerjoin(InvitationReply, is_answered)
    return union_all(told, bounced.where(PlannedAttendee.attendee_id.in_(refuse))).subquery()


def selection_condition(chosen: MeetingSelection) -> list[ColumnElement[bool]]:
    """Return the conditions on planned meetings of the selection."""
    tests: list[ColumnElement[bool]] = []
    if chosen.hall:
        places = select(Place.id).join(Hall, Hall.id == Place.hall_id).where(Hall.name == chosen.hall)
        tests.append(PlannedMeeting.place_id.in_(places))
    if chosen.positions is not None:
        tests.append(Slot.position.in_(chosen.positions))
    return tests


def _invited() -> CTE:
    """CTE of the newest message per request and attendee whose UID is not cancelled.

    A CTE that is referenced twice is computed once. As a subquery it was computed for each seat whenever
    PostgreSQL underestimated the seats of a new version, which it does until the next ANALYZE.
    """
    newest = newest_email_ids(_EVENT)
    row = (
        func.row_number()
        .over(partition_by=(OutboxEmail.request_id, OutboxEmail.attendee_id), order_by=OutboxEmail.id.desc())
        .label("row")
    )
    ranked = (
        select(
            OutboxEmail.request_id,
            OutboxEmail.attendee_id,
            OutboxEmail.uid,
            OutboxEmail.sequence,
            OutboxEmail.state,
            OutboxEmail.sent_at,
            row,
        )
        .where(OutboxEmail.id.in_(newest), OutboxEmail.method != Method.CANCEL.value)
        .subquery()
    )
    return select(ranked).where(ranked.c.row == 1).cte("invited")


def _state(mail: CTE) -> ColumnElement[str]:
    """SQL version of `states.entry_state`."""
    waits = (OutboxState.QUEUED, OutboxState.SENDING)
    return case(
        (InvitationReply.proposed_start.is_not(None), CalendarState.PROPOSED.value),
        *((InvitationReply.partstat == partstat, state.value) for partstat, state in ANSWERED.items()),
        (Attendee.bounced_at.is_not(None), CalendarState.BOUNCED.value),
        (or_(mail.c.state.is_(None), mail.c.state.in_(waits)), CalendarState.QUEUED.value),
        (mail.c.state == OutboxState.FAILED, CalendarState.FAILED.value),
        else_=CalendarState.SILENT.value,
    )


def _severity(state: ColumnElement[str]) -> ColumnElement[int]:
    return case(*((state == s.value, i) for i, s in enumerate(SEVERITY)))


def _tally(row: Sequence[int | None], slots: Mapping[int, datetime]) -> Tally:
    """Build a tally from a row of the query."""
    states, first, last = row[: len(_STATES)], row[-2], row[-1]
    to_call = row[len(_STATES) : -2]
    return Tally(
        counts={state: count for state, count in zip(_STATES, states, strict=True) if count},
        calls={(state, False): count for state, count in zip(_TO_CALL, to_call, strict=True) if count},
        first=_when(first, slots),
        first_call=_when(last, slots),
    )


def _when(at: int | None, slots: Mapping[int, datetime]) -> tuple[datetime, int] | None:
    if at is None:
        return None
    position, severity = divmod(at, len(SEVERITY))
    return slots[position], severity
