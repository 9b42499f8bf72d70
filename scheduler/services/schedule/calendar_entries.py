"""Calendar entries of a version: one `Content` per meeting and attendee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import RequestState
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical.content import Content
from scheduler.services.delivery import email_texts
from scheduler.services.delivery.email_texts import Texts
from scheduler.services.identity import preferences
from scheduler.services.schedule.calendar_rows import (
    MeetingRow,
    PlaceNames,
    Recipient,
    meeting_rows_query,
    read_firm_names,
    read_interpreter_names,
    read_people,
    read_place_names,
    read_slot_times,
    seats_query,
    stream_rows,
)
from scheduler.storage.models import (
    Attendee,
    Event,
    ExcludedPerson,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

FORM = 1
"""Version of the content format: increment it if the same facts give another Content, so that calendars are
compared again.
"""


class EntryKey(NamedTuple):
    """Key of an entry in a person's calendar."""

    request_id: int
    attendee_id: int


@dataclass(frozen=True, slots=True)
class ScheduledMeeting:
    """A meeting of a version with all the details that people see. Times are in UTC."""

    request_id: int
    request_key: str
    uid: str
    topic: str
    start: datetime
    end: datetime
    place_name: str
    hall_name: str
    """In the venue's language."""
    hall_names: Mapping[str, str]
    """By language."""
    firms: Mapping[int, str]
    people: tuple[Recipient, ...]
    interpreter: str | None


@dataclass(frozen=True, slots=True)
class ScheduleContents:
    """The content of a version, by ids. Names are stored once, and each `Content` is built on demand."""

    event: Event
    agenda_url: str
    texts: Texts
    rows: Mapping[int, MeetingRow]
    """By request id, in time order."""
    seated: Mapping[int, tuple[int, ...]]
    """Attendee ids by request id."""
    people: Mapping[int, Recipient]
    firms: Mapping[int, str]
    places: Mapping[int, PlaceNames]
    slots: Mapping[int, tuple[datetime, datetime]]
    interpreters: Mapping[int, str]

    def held(self, request_id: int) -> ScheduledMeeting:
        row = self.rows[request_id]
        place_name, hall_name, hall_names = self.places[row.place_id]
        return ScheduledMeeting(
            request_id=request_id,
            request_key=row.key,
            uid=row.uid,
            topic=row.topic,
            start=self.slots[row.slot_id][0],
            end=self.slots[row.last_slot_id][1],
            place_name=place_name,
            hall_name=hall_name,
            hall_names=hall_names,
            firms={firm: self.firms[firm] for firm in (row.from_firm_id, row.to_firm_id)},
            people=tuple(self.people[person] for person in self.seated[request_id]),
            interpreter=self.interpreters[row.interpreter_id] if row.interpreter_id else None,
        )

    def content(self, request_id: int, attendee_id: int) -> Content:
        person = self.people[attendee_id]
        return entry_content(self.event, self.held(request_id), person, self.agenda_url, self.texts)

    def facts(self, request_id: int) -> dict[int, str]:
        """Return a digest, by attendee, of the inputs of a request's `Content` that cause emails.

        Equal digests mean that there is nothing to send.
        """
        row = self.rows[request_id]
        people = [self.people[person] for person in self.seated[request_id]]
        made_of = (
            self.slots[row.slot_id][0],
            self.slots[row.last_slot_id][1],
            self.places[row.place_id][:2],
            row.topic,
            self.interpreters[row.interpreter_id] if row.interpreter_id else None,
            [(firm, self.firms[firm]) for firm in (row.from_firm_id, row.to_firm_id)],
            [(person.id, person.firm_id, person.name) for person in people],
        )
        meeting = _digest(made_of, 16)
        return {person.id: meeting + self.reader_facts(person.language) for person in people}

    def reader_facts(self, language: str) -> str:
        """Return a digest of the inputs from the event and a language, which all contents share."""
        return _reader_digest(
            self.event.name, self.event.timezone, *_spoken(language or self.event.language, self.texts)
        )


def load_schedule(
    session: Session,
    event: Event,
    version_id: int,
    *,
    agenda_url: str = "",
    only: Select[int] | Sequence[int] | None = None,
) -> ScheduleContents:
    """Load the meetings of a version (or those with the ids `only`) whose requests are still accepted.

    Excludes people who have declined since the version was made.
    """
    query, seats = meeting_rows_query(version_id), seats_query(version_id)
    if only is not None:
        query = query.where(PlannedMeeting.id.in_(only))
        seats = seats.where(PlannedMeeting.id.in_(only))
    rows = {row[1]: MeetingRow._make(row) for row in stream_rows(session, query)}
    seated: dict[int, tuple[int, ...]] = dict.fromkeys(rows, ())
    for request_id, attendee_id in stream_rows(session, seats):
        if request_id in seated:
            seated[request_id] += (attendee_id,)
    named = {person for people in seated.values() for person in people} if only is not None else None
    return ScheduleContents(
        event=event,
        agenda_url=agenda_url,
        texts=email_texts.list_event_texts(session, event.id),
        rows=rows,
        seated=seated,
        people=read_people(session, event.id, named),
        firms=read_firm_names(session, event.id),
        places=read_place_names(session, event.id),
        slots=read_slot_times(session, event.id),
        interpreters=read_interpreter_names(session, event.id),
    )


def find_first_meeting(session: Session, event: Event, version_id: int) -> ScheduledMeeting | None:
    """Return the first meeting of a version."""
    first = (
        select(PlannedMeeting.id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state == RequestState.ACCEPTED)
        .order_by(Slot.position, MeetingRequest.id)
        .limit(1)
    )
    found = load_schedule(session, event, version_id, only=session.scalars(first).all())
    return next(map(found.held, found.rows), None)


def entry_content(
    event: Event, meeting: ScheduledMeeting, person: Recipient, agenda_url: str, texts: Texts
) -> Content:
    """Return the content of a meeting for one of its attendees."""
    partner = next((name for firm, name in meeting.firms.items() if firm != person.firm_id), "")
    language = load_words(person.language or event.language)
    hall = names.translated_name(meeting.hall_name, meeting.hall_names, language.language)
    place = names.translated_place_name(meeting.place_name, language.language)
    meeting_with, way = _spoken(person.language or event.language, texts)
    return Content(
        start=meeting.start,
        end=meeting.end,
        timezone=event.timezone,
        summary=meeting_with.format(partner=partner),
        place_name=place,
        hall=hall,
        own_hall=meeting.hall_name if hall != meeting.hall_name else "",
        partner_firm=partner,
        partner_people=tuple(p.name for p in meeting.people if p.firm_id != person.firm_id),
        own_people=tuple(p.name for p in meeting.people if p.firm_id == person.firm_id and p.id != person.id),
        interpreter=meeting.interpreter,
        topic=meeting.topic,
        directions=way.format(partner=partner, place=place, hall=hall, event=event.name),
        event_name=event.name,
        language=language.language,
        reader_timezone=preferences.choose_timezone(person.timezone, person.country, meeting.start),
        agenda_url=agenda_url,
        proposals=event.proposals,
    )


def list_excluded_people(session: Session, version_id: int) -> Sequence[tuple[str, str]]:
    """Return (request, attendee) keys of people in the version's meetings who have declined since."""
    sits = exists(
        select(PlannedMeeting.id)
        .join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id)
        .where(
            PlannedMeeting.version_id == version_id,
            PlannedMeeting.request_id == ExcludedPerson.request_id,
            PlannedAttendee.attendee_id == ExcludedPerson.attendee_id,
        )
    )
    request = select(MeetingRequest.key).where(
        MeetingRequest.id == ExcludedPerson.request_id, MeetingRequest.state == RequestState.ACCEPTED
    )
    person = select(Attendee.key).where(Attendee.id == ExcludedPerson.attendee_id)
    # FROM the excluded people only, so that no query planner starts with the many meetings.
    rows = session.execute(
        select(request.scalar_subquery(), person.scalar_subquery()).select_from(ExcludedPerson).where(sits)
    )
    return sorted((key, who) for key, who in rows if key is not None)


def _spoken(language: str, texts: Texts) -> tuple[str, str]:
    """Return the title of an entry and the directions to a meeting in a language, with the event's own
    texts.
    """
    known = load_words(language)
    return known.meeting_with, texts.get(known.language, {}).get("directions", known.way)


def _digest(made_of: object, size: int) -> str:
    return blake2b(repr(made_of).encode("utf-8", "surrogatepass"), digest_size=size).hexdigest()


@lru_cache(maxsize=256)
def _reader_digest(*made_of: str) -> str:
    return _digest((FORM, made_of), 8)
