"""How it stands with the meetings of each person, counted by the database: a row a person, not a meeting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState, Method, OutboxState
from scheduler.services.calendar_health.people import AT_LEAST, CALLS, NEAR, PATIENCE, SEVERITY, needs_call
from scheduler.services.calendar_health.states import ANSWERED, CalendarEntry, newest_mails, untold
from scheduler.storage.models import (
    Answer,
    Attendee,
    Hall,
    OutboxMail,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

_STATES = tuple(CalendarState)
_TO_CALL = tuple(state for state in _STATES if state in CALLS)


@dataclass(slots=True)
class Tally:
    """A person's meetings by state. `calls` are those that need a call, by state and whether they are off.

    `first` and `first_call` say when the first one is, and how bad: (start, severity), or None without one.
    """

    counts: Counter[CalendarState] = field(default_factory=Counter)
    calls: Counter[tuple[CalendarState, bool]] = field(default_factory=Counter)
    first: tuple[datetime, int] | None = None
    first_call: tuple[datetime, int] | None = None

    @property
    def worst(self) -> CalendarState:
        return min(self.counts, key=SEVERITY.index)

    def add(self, entry: CalendarEntry, now: datetime) -> None:
        """One meeting more."""
        at = entry.start, SEVERITY.index(entry.state)
        self.counts[entry.state] += 1
        self.first = min(filter(None, (self.first, at)))
        if needs_call(entry, now):
            self.calls[entry.state, entry.is_off] += 1
            self.first_call = min(filter(None, (self.first_call, at)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Meetings in a hall of this name and in slots of these positions. None stands for all."""

    hall: str = ""
    positions: Collection[int] | None = None

    def has(self, entry: CalendarEntry, slots: Mapping[int, datetime]) -> bool:
        """Whether an entry is one of them.

        A meeting that is off may be at a time that is not a slot any more.
        """
        if self.hall and entry.hall != self.hall:
            return False
        return self.positions is None or entry.start in {slots[position] for position in self.positions}


def tallies(
    session: Session,
    event_id: int,
    version_id: int,
    chosen: Chosen,
    slots: Mapping[int, datetime],
    *,
    now: datetime,
) -> dict[int, Tally]:
    """The tally of each attendee who has one of the chosen meetings of a version."""
    found = {
        row[0]: _tally(row[1:], slots)
        for row in session.execute(_query(event_id, version_id, chosen, slots, now))
    }
    for entry in untold(session, event_id):
        if chosen.has(entry, slots):
            found.setdefault(entry.attendee_id, Tally()).add(entry, now)
    return found


def _query(
    event_id: int, version_id: int, chosen: Chosen, slots: Mapping[int, datetime], now: datetime
) -> Any:
    entries = _entries(event_id, version_id, chosen)
    state, at = entries.c.state, entries.c.position * len(SEVERITY) + _severity(entries.c.state)
    coming = min((position for position, start in slots.items() if start > now), default=len(slots))
    near = min((position for position, start in slots.items() if start > now + NEAR), default=len(slots))
    overdue = or_(  # as `calendar_people.is_overdue`
        state != CalendarState.SILENT.value,
        entries.c.sent_at <= now - PATIENCE,
        and_(entries.c.position < near, entries.c.sent_at <= now - AT_LEAST),
    )
    to_call = and_(state.in_([s.value for s in CALLS]), entries.c.position >= coming, overdue)
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


def _entries(event_id: int, version_id: int, chosen: Chosen) -> Subquery:
    """One row an attendee and meeting: when it is, and its state."""
    mail = _invited(event_id)
    query = (
        select(PlannedAttendee.attendee_id, Slot.position, _state(mail).label("state"), mail.c.sent_at)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .outerjoin(
            mail,
            and_(
                mail.c.request_id == PlannedMeeting.request_id,
                mail.c.attendee_id == PlannedAttendee.attendee_id,
            ),
        )
        .outerjoin(
            Answer,
            and_(
                Answer.uid == mail.c.uid,
                Answer.attendee_id == mail.c.attendee_id,
                Answer.sequence == mail.c.sequence,
            ),
        )
        .where(PlannedMeeting.version_id == version_id)
    )
    if chosen.hall:
        query = (
            query.join(Place, Place.id == PlannedMeeting.place_id)
            .join(Hall, Hall.id == Place.hall_id)
            .where(Hall.name == chosen.hall)
        )
    if chosen.positions is not None:
        query = query.where(Slot.position.in_(chosen.positions))
    return query.subquery()


def _invited(event_id: int) -> Subquery:
    """The newest message of each request and attendee whose UID is not cancelled."""
    newest = newest_mails(event_id)
    row = (
        func.row_number()
        .over(partition_by=(OutboxMail.request_id, OutboxMail.attendee_id), order_by=OutboxMail.id.desc())
        .label("row")
    )
    ranked = (
        select(
            OutboxMail.request_id,
            OutboxMail.attendee_id,
            OutboxMail.uid,
            OutboxMail.sequence,
            OutboxMail.state,
            OutboxMail.sent_at,
            row,
        )
        .where(OutboxMail.id.in_(newest), OutboxMail.method != Method.CANCEL.value)
        .subquery()
    )
    return select(ranked).where(ranked.c.row == 1).subquery()


def _state(mail: Subquery) -> ColumnElement[str]:
    """As `calendar_states.state_of`, for the database."""
    waits = (OutboxState.QUEUED, OutboxState.SENDING)
    return case(
        (Answer.proposed_start.is_not(None), CalendarState.PROPOSED.value),
        *((Answer.partstat == partstat, state.value) for partstat, state in ANSWERED.items()),
        (Attendee.bounced_at.is_not(None), CalendarState.BOUNCED.value),
        (or_(mail.c.state.is_(None), mail.c.state.in_(waits)), CalendarState.QUEUED.value),
        (mail.c.state == OutboxState.FAILED, CalendarState.FAILED.value),
        else_=CalendarState.SILENT.value,
    )


def _severity(state: ColumnElement[str]) -> ColumnElement[int]:
    return case(*((state == s.value, i) for i, s in enumerate(SEVERITY)))


def _tally(row: Sequence[int | None], slots: Mapping[int, datetime]) -> Tally:
    """Of a row of the query, in the order of its columns."""
    states, first, last = row[: len(_STATES)], row[-2], row[-1]
    to_call = row[len(_STATES) : -2]
    return Tally(
        counts=Counter({state: count for state, count in zip(_STATES, states, strict=True) if count}),
        calls=Counter(
            {(state, False): count for state, count in zip(_TO_CALL, to_call, strict=True) if count}
        ),
        first=_when(first, slots),
        first_call=_when(last, slots),
    )


def _when(at: int | None, slots: Mapping[int, datetime]) -> tuple[datetime, int] | None:
    if at is None:
        return None
    position, severity = divmod(at, len(SEVERITY))
    return slots[position], severity
