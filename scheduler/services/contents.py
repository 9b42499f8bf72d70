"""What each attendee's calendar should show of a version: one Content a meeting and attendee."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.invites.catalogue import words
from scheduler.invites.content import Content
from scheduler.services import readers
from scheduler.services.wordings import Texts
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    Slot,
)

EntryKey = tuple[int, int]
"""(request id, attendee id): one entry of one person's calendar."""


@dataclass(frozen=True, slots=True)
class Person:
    """An attendee as others see them, and how they read: the language, and what their time zone follows from.

    `language` is empty where it is the event's; `timezone` where it was not chosen.
    """

    id: int
    firm_id: int
    name: str
    language: str
    timezone: str
    country: str


@dataclass(frozen=True, slots=True)
class Held:
    """One meeting of a version with everything that people read about it; times are UTC."""

    request_id: int
    request_key: str
    uid: str
    topic: str
    start: datetime
    end: datetime
    place_name: str
    hall_name: str
    firms: Mapping[int, str]
    people: tuple[Person, ...]
    interpreter: str | None


def display_name(name: str, latin_name: str) -> str:
    """A name in its own script with its Latin form behind it, where they differ."""
    return name if name == latin_name or not latin_name else f"{latin_name} ({name})"


def held(session: Session, event_id: int, version_id: int, *, most: int | None = None) -> list[Held]:
    """The meetings (or the first ones) of a version whose requests are still accepted, by their start."""
    slots = {slot.position: slot for slot in session.scalars(select(Slot).where(Slot.event_id == event_id))}
    firms = _firm_names(session, event_id)
    rows = session.execute(
        select(PlannedMeeting, MeetingRequest, Slot.position, Place.name, Hall.name, Interpreter)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .join(Slot, Slot.id == PlannedMeeting.slot_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .join(Hall, Hall.id == Place.hall_id)
        .outerjoin(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state == RequestState.ACCEPTED)
        .order_by(Slot.position, MeetingRequest.id)
        .limit(most)
    ).all()
    people = _people_of(session, version_id, [row[0].id for row in rows] if most is not None else None)
    return [
        Held(
            request_id=request.id,
            request_key=request.key,
            uid=request.uid,
            topic=request.topic,
            start=slots[position].start,
            end=slots[position + meeting.length - 1].end,
            place_name=place_name,
            hall_name=hall_name,
            firms={firm: firms[firm] for firm in (request.from_firm_id, request.to_firm_id)},
            people=tuple(people.get(meeting.id, ())),
            interpreter=display_name(interpreter.name, interpreter.latin_name) if interpreter else None,
        )
        for meeting, request, position, place_name, hall_name, interpreter in rows
    ]


def wanted(event: Event, meetings: Iterable[Held], agenda_url: str, texts: Texts) -> dict[EntryKey, Content]:
    """What every attendee's calendar should show; `texts` are the event's own (`wordings.of_event`)."""
    return {
        (meeting.request_id, person.id): content_for(event, meeting, person, agenda_url, texts)
        for meeting in meetings
        for person in meeting.people
    }


def content_for(event: Event, meeting: Held, person: Person, agenda_url: str, texts: Texts) -> Content:
    """One meeting as one of its people sees it."""
    partner = next((name for firm, name in meeting.firms.items() if firm != person.firm_id), "")
    language = words(person.language or event.language)
    way = texts.get(language.language, {}).get("directions", language.way)
    return Content(
        start=meeting.start,
        end=meeting.end,
        timezone=event.timezone,
        summary=language.meeting_with.format(partner=partner),
        place_name=meeting.place_name,
        hall=meeting.hall_name,
        partner_firm=partner,
        partner_people=tuple(p.name for p in meeting.people if p.firm_id != person.firm_id),
        own_people=tuple(p.name for p in meeting.people if p.firm_id == person.firm_id and p.id != person.id),
        interpreter=meeting.interpreter,
        topic=meeting.topic,
        directions=way.format(
            partner=partner, place=meeting.place_name, hall=meeting.hall_name, event=event.name
        ),
        event_name=event.name,
        language=language.language,
        reader_timezone=readers.timezone(person.timezone, person.country, meeting.start),
        agenda_url=agenda_url,
        proposals=event.proposals,
    )


def withdrawn_since(session: Session, version_id: int) -> Sequence[str]:
    """Keys of the version's requests that are no longer accepted; publishing leaves them out."""
    return session.scalars(
        select(MeetingRequest.key)
        .join(PlannedMeeting, PlannedMeeting.request_id == MeetingRequest.id)
        .where(PlannedMeeting.version_id == version_id, MeetingRequest.state != RequestState.ACCEPTED)
        .order_by(MeetingRequest.key)
    ).all()


def _people_of(session: Session, version_id: int, meetings: list[int] | None) -> dict[int, list[Person]]:
    """Who sits in the meetings of a version, or in those of these ids alone."""
    people: dict[int, list[Person]] = {}
    query = (
        select(PlannedAttendee.meeting_id, Attendee, Firm.country)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(PlannedMeeting.version_id == version_id)
        .order_by(Attendee.id)
    )
    if meetings is not None:
        query = query.where(PlannedAttendee.meeting_id.in_(meetings))
    for meeting_id, attendee, country in session.execute(query):
        people.setdefault(meeting_id, []).append(_person(attendee, country))
    return people


def _person(attendee: Attendee, country: str) -> Person:
    return Person(
        id=attendee.id,
        firm_id=attendee.firm_id,
        name=display_name(attendee.name, attendee.latin_name),
        language=readers.language(attendee.mail_language, attendee.languages, ""),
        timezone=attendee.timezone,
        country=country,
    )


def _firm_names(session: Session, event_id: int) -> dict[int, str]:
    rows = session.execute(select(Firm.id, Firm.name, Firm.latin_name).where(Firm.event_id == event_id))
    return {firm_id: display_name(name, latin) for firm_id, name, latin in rows}
