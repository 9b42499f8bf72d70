"""Agendas of the published version: who meets whom, when and where."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotAllowed, NotFound
from scheduler.i18n import VenueLabel, gettext_lazy, place_label, venue_label
from scheduler.services.directory.references import (
    FirmRef,
    PersonRef,
    find_person,
    find_requested_firm,
    firm_columns,
    person_columns,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions, withdrawal_notes
from scheduler.services.schedule.withdrawal_notes import WithdrawalNote
from scheduler.services.text import is_storable
from scheduler.storage.database import keep_alive
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    Interpreter,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
    Slot,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place
from scheduler.storage.rows import rows_of


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """A meeting as one side sees it. `people` are that side's. Times are in UTC; the end is exclusive.

    `request_state` is not accepted if the meeting was withdrawn after publication: it is still in calendars,
    and the next schedule will not have it. `withdrawn` says who withdrew it, and their note.
    """

    request_key: str
    request_state: RequestState
    start: datetime
    end: datetime
    place: VenueLabel
    hall: VenueLabel
    firm: FirmRef
    partner: FirmRef
    people: tuple[PersonRef, ...]
    partner_people: tuple[PersonRef, ...]
    interpreter: PersonRef | None
    topic: str
    withdrawn: WithdrawalNote | None = None

    @property
    def is_called_off(self) -> bool:
        return self.request_state is not RequestState.ACCEPTED


@dataclass(frozen=True, slots=True)
class Agenda:
    """Meetings of a person, firm or interpreter, in time order. `version` is None if none is published."""

    key: str
    name: str
    latin_name: str
    timezone: str
    version: int | None
    published_at: datetime | None
    items: tuple[AgendaItem, ...]

    def days(self) -> list[tuple[date, tuple[AgendaItem, ...]]]:
        """Return the items by day in the event's time zone."""
        zone = ZoneInfo(self.timezone)
        days = groupby(self.items, key=lambda item: item.start.astimezone(zone).date())
        return [(day, tuple(items)) for day, items in days]

    def on(self, day: date | None) -> Agenda:
        """Return the agenda with the items of one day only."""
        zone = ZoneInfo(self.timezone)
        items = tuple(item for item in self.items if item.start.astimezone(zone).date() == day)
        return replace(self, items=items)

    def day_shown(self, asked: date | None, now: datetime) -> date | None:
        """Return the day that a page shows: the requested one, else today, the next, or the last.

        Without a request, only days with items count; None if there are none.
        """
        days = [day for day, _ in self.days()]
        if asked is not None:
            return asked
        today = now.astimezone(ZoneInfo(self.timezone)).date()
        ahead = [day for day in days if day >= today]
        return ahead[0] if ahead else days[-1] if days else None


_MEETINGS_OF = select(PlannedMeeting.id).where(PlannedMeeting.version_id == bindparam("version"))
_OF_PERSON = _MEETINGS_OF.join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id).where(
    PlannedAttendee.attendee_id == bindparam("person")
)
_OF_INTERPRETER = _MEETINGS_OF.where(PlannedMeeting.interpreter_id == bindparam("interpreter"))
_OF_REQUESTS = _MEETINGS_OF.where(in_chunks(PlannedMeeting.request_id, bindparam("requests")))
_OF_KEYS = _MEETINGS_OF.join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id).where(
    MeetingRequest.event_id == bindparam("event"), in_chunks(MeetingRequest.key, bindparam("keys"))
)
_REQUESTS_OF_FIRM = select(MeetingRequest.id).where(
    or_(MeetingRequest.from_firm_id == bindparam("firm"), MeetingRequest.to_firm_id == bindparam("firm"))
)


def attendee_agenda(session: Session, actor: Actor, attendee_key: str | None = None) -> Agenda:
    """Return an attendee's agenda: the actor's own, a colleague's for exhibitors, anyone's for organisers.

    Raises NotFound for a person of another event, NotAllowed if the actor may not see the agenda.
    """
    person = _person(session, actor, attendee_key)
    return _agenda(session, actor, person, person.firm_id, _OF_PERSON, person=person.id)


def firm_agenda(session: Session, actor: Actor, firm_key: str | None = None) -> Agenda:
    """Return the agenda of the actor's own firm, or of any firm for organisers."""
    firm_id = find_requested_firm(session, actor, Right.READ_FIRM_AGENDAS, firm_key)
    if firm_id is None:
        raise NotFound("firm", firm_key)
    firm = keep_alive(session, session.get_one(Firm, firm_id))
    requests = rows_of(session, _REQUESTS_OF_FIRM, firm=firm_id).scalars().all()
    return _agenda(session, actor, firm, firm_id, _OF_REQUESTS, requests=requests)


def interpreter_agenda(session: Session, actor: Actor, interpreter_key: str | None = None) -> Agenda:
    """Return the actor's agenda as an interpreter, or anyone's for organisers.

    `firm` is the requesting firm.
    """
    interpreter = None
    if interpreter_key is None and actor.interpreter_id is not None:
        interpreter = session.get_one(Interpreter, actor.interpreter_id)
    elif interpreter_key is not None and is_storable(interpreter_key):
        of_key = Interpreter.event_id == actor.event_id, Interpreter.key == interpreter_key
        interpreter = session.scalar(select(Interpreter).where(*of_key))
    actor.require(Right.READ_AGENDAS, interpreter_id=interpreter.id if interpreter else None)
    if interpreter is None:
        raise NotFound("interpreter", interpreter_key)
    return _agenda(session, actor, interpreter, None, _OF_INTERPRETER, interpreter=interpreter.id)


def list_firm_meetings(
    session: Session, actor: Actor, version: ScheduleVersion, request_keys: Collection[str]
) -> dict[str, AgendaItem]:
    """Return the version's meetings of these requests, by key, as the actor's firm sees them."""
    asked = {"event": actor.event_id, "keys": list(request_keys)}
    items = _items(session, version.id, actor.firm_id, _OF_KEYS, **asked)
    return {item.request_key: item for item in items}


def _person(session: Session, actor: Actor, key: str | None) -> Attendee:
    if key is None:
        if actor.attendee_id is None:
            raise NotAllowed(
                gettext_lazy("You're not an attendee of this event. Specify whose agenda to show.")
            )
        actor.require(Right.READ_AGENDAS, attendee_id=actor.attendee_id)
        return keep_alive(session, session.get_one(Attendee, actor.attendee_id))
    person = find_person(session, actor.event_id, key)
    actor.require(
        Right.READ_AGENDAS,
        firm_id=person.firm_id,
        attendee_id=person.id,
        sentence=gettext_lazy("This agenda belongs to another person."),
    )
    return person


def _agenda(
    session: Session,
    actor: Actor,
    whose: Attendee | Firm | Interpreter,
    firm_id: int | None,
    which: Select[int],
    **values: Any,
) -> Agenda:
    version = versions.find_published_version(session, actor.event_id)
    return Agenda(
        key=whose.key,
        name=whose.name,
        latin_name=whose.latin_name,
        timezone=session.get_one(Event, actor.event_id).timezone,
        version=version.number if version else None,
        published_at=version.published_at if version else None,
        items=_items(session, version.id, firm_id, which, **values) if version else (),
    )


_Sender, _Receiver = aliased(Firm), aliased(Firm)

_ITEMS = (
    with_time_and_place(
        select(
            PlannedMeeting.id,
            MeetingRequest.id,
            MeetingRequest.key,
            MeetingRequest.state,
            MeetingRequest.topics,
            *TIME_AND_PLACE,
            _Sender.id,
            _Receiver.id,
            *firm_columns(_Sender),
            *firm_columns(_Receiver),
            Interpreter.key,
            Interpreter.name,
            Interpreter.latin_name,
            Hall.names,
        )
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(_Sender, _Sender.id == MeetingRequest.from_firm_id)
        .join(_Receiver, _Receiver.id == MeetingRequest.to_firm_id)
        .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
    )
    .where(in_chunks(PlannedMeeting.id, bindparam("meetings")))
    .order_by(Slot.position, MeetingRequest.id)
)


def _items(
    session: Session, version_id: int, firm_id: int | None, which: Select[int], **values: Any
) -> tuple[AgendaItem, ...]:
    """Return some meetings of the version, as firm `firm_id` (else the requesting firm) sees them.

    Names of places and halls are translated later. Meeting ids are queried first, because in one query
    PostgreSQL joins all meetings of the event.
    """
    ids = rows_of(session, which, version=version_id, **values).scalars().all()
    rows = rows_of(session, _ITEMS, meetings=ids).all()
    people = _people(session, ids)
    off = withdrawal_notes.list_withdrawal_notes(
        session, [row[1] for row in rows if row[3] is not RequestState.ACCEPTED]
    )
    items = []
    for (
        meeting_id, request_id, key, state, topic, start, end, place, hall, sender_id, receiver_id, *names
    ) in rows:  # fmt: skip
        sender, receiver = FirmRef(*names[:4]), FirmRef(*names[4:8])
        interpreter_key, interpreter_name, interpreter_latin, hall_names = names[8:]
        own, partner = (sender, sender_id), (receiver, receiver_id)
        if firm_id == receiver_id:
            own, partner = partner, own
        items.append(
            AgendaItem(
                request_key=key,
                request_state=state,
                start=start,
                end=end,
                place=place_label(place),
                hall=venue_label(hall, hall_names),
                firm=own[0],
                partner=partner[0],
                people=tuple(people.get((meeting_id, own[1]), ())),
                partner_people=tuple(people.get((meeting_id, partner[1]), ())),
                interpreter=PersonRef(interpreter_key, interpreter_name, interpreter_latin, "")
                if interpreter_key is not None
                else None,
                topic=topic,
                withdrawn=off.get(request_id),
            )
        )
    return tuple(items)


_PEOPLE = (
    select(PlannedAttendee.meeting_id, Attendee.firm_id, *person_columns(Attendee))
    .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
    .where(in_chunks(PlannedAttendee.meeting_id, bindparam("meetings")))
    .order_by(Attendee.id)
)


def _people(session: Session, meeting_ids: Sequence[int]) -> dict[tuple[int, int], list[PersonRef]]:
    """Return the attendees of meetings, by meeting and firm."""
    people: dict[tuple[int, int], list[PersonRef]] = {}
    for meeting_id, firm_id, *person in rows_of(session, _PEOPLE, meetings=meeting_ids):
        people.setdefault((meeting_id, firm_id), []).append(PersonRef(*person))
    return people
