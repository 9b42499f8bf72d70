"""Agenda sheets for printing, in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.invites.agenda import agenda as invites
from scheduler.invites.catalogue import load_words
from scheduler.services.branding import sheets
from scheduler.services.directory.references import PersonRef
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, ExcludedPerson, MeetingRequest


def person_sheet(session: Session, actor: Actor, agenda: Agenda) -> invites.AgendaDocument:
    """Return the sheet of a person's agenda. Meetings that they declined are marked."""
    return _sheet(session, actor, agenda, is_firm=False)


def firm_sheet(session: Session, actor: Actor, agenda: Agenda) -> invites.AgendaDocument:
    """Return the sheet of a firm's agenda.

    Its people are listed with the firm; those who declined are marked.
    """
    return _sheet(session, actor, agenda, is_firm=True)


def _sheet(session: Session, actor: Actor, agenda: Agenda, *, is_firm: bool) -> invites.AgendaDocument:
    event = session.get_one(Event, actor.event_id)
    language = actor.language or event.language
    owner = names.display_both(agenda.name, agenda.latin_name, language)
    gone = _declined(session, actor.event_id, [item.request_key for item in agenda.items])
    return invites.AgendaDocument(
        owner=owner,
        event_name=event.name,
        timezone=agenda.timezone,
        language=language,
        entries=[_entry(item, "" if is_firm else agenda.key, gone, language) for item in agenda.items],
        version=agenda.version,
        published_at=agenda.published_at,
        own_label=owner if is_firm else "",
        contact=event.contact,
        look=sheets.sheet_look(session, event),
    )


class _Declined(NamedTuple):
    """A person who declined a meeting that still takes place, by keys of request and attendee."""

    request: str
    person: str


def _declined(session: Session, event_id: int, requests: Sequence[str]) -> set[_Declined]:
    """Return the people who declined meetings of these requests that still take place."""
    rows = session.execute(
        select(MeetingRequest.key, Attendee.key)
        .join(ExcludedPerson, ExcludedPerson.request_id == MeetingRequest.id)
        .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
        .where(MeetingRequest.event_id == event_id, in_chunks(MeetingRequest.key, requests))
    )
    return {_Declined(request, person) for request, person in rows}


def _entry(
    item: AgendaItem, owner_key: str, declined: Collection[_Declined], language: str
) -> invites.AgendaEntry:
    mark = load_words(language).sheet["declined_person"]
    gone = {person.key for person in item.people if _Declined(item.request_key, person.key) in declined}
    own = [person for person in item.people if person.key != owner_key]
    return invites.AgendaEntry(
        start=item.start,
        end=item.end,
        partner=names.display_both(item.partner.name, item.partner.latin_name, language),
        place_name=names.translated_name(item.place, item.place.names, language),
        hall=names.translated_name(item.hall, item.hall.names, language),
        partner_people=_names(item.partner_people, language),
        own_people=[
            mark.format(name=name) if person.key in gone else name
            for person, name in zip(own, _names(own, language), strict=True)
        ],
        interpreter=_names([item.interpreter], language)[0] if item.interpreter else "",
        topic=item.topic,
        is_called_off=item.is_called_off,
        is_declined=_Declined(item.request_key, owner_key) in declined,
    )


def _names(people: Iterable[PersonRef], language: str) -> list[str]:
    return [names.display_both(person.name, person.latin_name, language) for person in people]
