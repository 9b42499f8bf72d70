"""Agendas as sheets to print: what a page shows, in its reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.invites.agenda import agenda as invites
from scheduler.services.access.actors import Actor
from scheduler.services.directory.refs import PersonRef
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.models import Attendee, Event, ExcludedPerson, MeetingRequest


def of_person(session: Session, actor: Actor, agenda: Agenda) -> invites.AgendaSheet:
    """The sheet of a person's agenda; a meeting that they declined says so."""
    sheet = _sheet(session, actor, agenda, is_firm=False)
    declined = _declined(session, actor.event_id, agenda.key)
    entries = [
        replace(entry, is_declined=item.request_key in declined)
        for item, entry in zip(agenda.items, sheet.entries, strict=True)
    ]
    return replace(sheet, entries=entries)


def of_firm(session: Session, actor: Actor, agenda: Agenda) -> invites.AgendaSheet:
    """The sheet of a firm's agenda: its people stand behind its name."""
    return _sheet(session, actor, agenda, is_firm=True)


def _sheet(session: Session, actor: Actor, agenda: Agenda, *, is_firm: bool) -> invites.AgendaSheet:
    event = session.get_one(Event, actor.event_id)
    language = actor.language or event.language
    owner = names.shown(agenda.name, agenda.latin_name, language)
    return invites.AgendaSheet(
        owner=owner,
        event_name=event.name,
        timezone=agenda.timezone,
        language=language,
        entries=[_entry(item, "" if is_firm else agenda.key, language) for item in agenda.items],
        version=agenda.version,
        published_at=agenda.published_at,
        own_label=owner if is_firm else "",
        contact=event.contact,
    )


def _declined(session: Session, event_id: int, person_key: str) -> set[str]:
    """Keys of the requests whose meetings go on without a person, who declined."""
    return set(
        session.scalars(
            select(MeetingRequest.key)
            .join(ExcludedPerson, ExcludedPerson.request_id == MeetingRequest.id)
            .join(Attendee, Attendee.id == ExcludedPerson.attendee_id)
            .where(Attendee.event_id == event_id, Attendee.key == person_key)
        )
    )


def _entry(item: AgendaItem, owner_key: str, language: str) -> invites.SheetEntry:
    return invites.SheetEntry(
        start=item.start,
        end=item.end,
        partner=names.shown(item.partner.name, item.partner.latin_name, language),
        place_name=item.place,
        hall=item.hall,
        partner_people=_names(item.partner_people, language),
        own_people=_names((person for person in item.people if person.key != owner_key), language),
        interpreter=_names([item.interpreter], language)[0] if item.interpreter else "",
        topic=item.topic,
        is_called_off=item.is_called_off,
    )


def _names(people: Iterable[PersonRef], language: str) -> list[str]:
    return [names.shown(person.name, person.latin_name, language) for person in people]
