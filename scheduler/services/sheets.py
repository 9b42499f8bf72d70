"""Agendas as sheets to print: what a page shows, in its reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from scheduler.invites import agenda as invites
from scheduler.services import readers
from scheduler.services.actors import Actor
from scheduler.services.agendas import Agenda, AgendaItem
from scheduler.services.contents import display_name
from scheduler.services.people import PersonRef
from scheduler.storage.models import Attendee, Event


def of_person(session: Session, actor: Actor, agenda: Agenda) -> invites.Agenda:
    """The sheet of a person's agenda."""
    return _sheet(session, actor, agenda, own_label="")


def of_firm(session: Session, actor: Actor, agenda: Agenda) -> invites.Agenda:
    """The sheet of a firm's agenda: its people stand behind its name."""
    return _sheet(session, actor, agenda, own_label=display_name(agenda.name, agenda.latin_name))


def _sheet(session: Session, actor: Actor, agenda: Agenda, own_label: str) -> invites.Agenda:
    event = session.get_one(Event, actor.event_id)
    return invites.Agenda(
        owner=display_name(agenda.name, agenda.latin_name),
        event_name=event.name,
        timezone=agenda.timezone,
        language=_language(session, actor, event),
        entries=[_entry(item, agenda.key if not own_label else "") for item in agenda.items],
        version=agenda.version,
        published_at=agenda.published_at,
        own_label=own_label,
    )


def _language(session: Session, actor: Actor, event: Event) -> str:
    if actor.attendee_id is None:
        return event.language
    reader = session.get_one(Attendee, actor.attendee_id)
    return readers.language(reader.mail_language, reader.languages, event.language)


def _entry(item: AgendaItem, owner_key: str) -> invites.Entry:
    return invites.Entry(
        start=item.start,
        end=item.end,
        partner=display_name(item.partner.name, item.partner.latin_name),
        place_name=item.place,
        hall=item.hall,
        partner_people=_names(item.partner_people),
        own_people=_names(person for person in item.people if person.key != owner_key),
        interpreter=_names([item.interpreter])[0] if item.interpreter else "",
        topic=item.topic,
        is_called_off=item.is_called_off,
    )


def _names(people: Iterable[PersonRef]) -> list[str]:
    return [display_name(person.name, person.latin_name) for person in people]
