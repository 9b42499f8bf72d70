"""Calendar content for interpreters of a version: both firms, spoken languages, and the topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from babel import Locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.invites.catalogue import load_words
from scheduler.invites.ical import itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.services.identity.interpreters import interpreter_language
from scheduler.services.schedule import calendar_entries
from scheduler.services.schedule.calendar_entries import ScheduledMeeting
from scheduler.services.schedule.calendar_rows import Recipient
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Interpreter, PlannedMeeting


@dataclass(frozen=True, slots=True)
class InterpreterReader:
    """An interpreter of the event, possibly withdrawn.

    `language` is that of their emails, `timezone` the IANA name of the time zone that they chose, or empty.
    """

    id: int
    name: str
    email: str
    language: str
    timezone: str = ""


def list_interpreters(session: Session, event: Event) -> list[InterpreterReader]:
    """Return all interpreters of the event, by id."""
    rows = session.scalars(
        select(Interpreter).where(Interpreter.event_id == event.id).order_by(Interpreter.id)
    )
    return [
        InterpreterReader(
            row.id,
            row.name,
            row.email,
            load_words(_language(row, event)).language,
            row.timezone,
        )
        for row in rows
    ]


def _language(row: Interpreter, event: Event) -> str:
    return interpreter_language(row.mail_language, row.name, row.languages, event.language)


def interpreter_contents(
    session: Session,
    event: Event,
    version_id: int,
    people: Iterable[InterpreterReader],
    *,
    url: str,
    domain: str,
) -> dict[int, dict[str, Content]]:
    """Return calendar content by interpreter id and UID, in time order.

    `url` is the page with the interpreter's meetings, `domain` the email domain.
    """
    only = select(PlannedMeeting.id).where(
        PlannedMeeting.version_id == version_id, PlannedMeeting.interpreter_id.is_not(None)
    )
    shown = calendar_entries.load_schedule(session, event, version_id, only=only)
    spoken = _spoken(session, {person for seated in shown.seated.values() for person in seated})
    known = {reader.id: reader for reader in people}
    found: dict[int, dict[str, Content]] = {}
    for request_id, row in shown.rows.items():
        reader = known.get(row.interpreter_id or 0)
        if reader is not None:
            uid = itip_revisions.make_uid(row.uid, domain)
            content = _content(event, shown.held(request_id), reader, spoken, url)
            found.setdefault(reader.id, {})[uid] = content
    return found


def _spoken(session: Session, people: Iterable[int]) -> dict[int, Sequence[str]]:
    """Return languages by person id."""
    rows = session.execute(select(Attendee.id, Attendee.languages).where(in_chunks(Attendee.id, people)))
    return {person: languages for person, languages in rows}  # noqa: C416 -- dict(rows) loses the types


def _content(
    event: Event,
    meeting: ScheduledMeeting,
    reader: InterpreterReader,
    spoken: Mapping[int, Sequence[str]],
    url: str,
) -> Content:
    language = reader.language
    firms = " – ".join(
        names.short_form(names.localize_joined(name, language)) for name in meeting.firms.values()
    )
    hall = names.translated_name(meeting.hall_name, meeting.hall_names, language)
    return Content(
        start=meeting.start,
        end=meeting.end,
        timezone=event.timezone,
        summary=load_words(language).briefing["title"].format(firms=firms),
        place_name=names.translated_place_name(meeting.place_name, language),
        hall=hall,
        own_hall=meeting.hall_name if hall != meeting.hall_name else "",
        partner_firm=firms,
        partner_people=tuple(_person(each, spoken[each.id], language) for each in meeting.people),
        topic=meeting.topic,
        event_name=event.name,
        language=language,
        reader_timezone=reader.timezone,
        agenda_url=url,
        proposals=False,
    )


def _person(person: Recipient, languages: Sequence[str], reading: str) -> str:
    """Return a label such as "Wang Ming (王明) – Chinese/English"."""
    known = Locale.parse(reading).languages
    listed = "/".join(known.get(tag, tag) for tag in languages)
    name = names.localize_joined(person.name, reading)
    return f"{name} – {listed}" if listed else name
