"""Labels for the keys of a plan, for pages that show plans and change sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import names
from scheduler.domain.plan import Meeting
from scheduler.i18n import join_texts, place_label
from scheduler.services.directory.references import SlotRef, list_slots, load_hall_labels
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, Interpreter, MeetingRequest, Place


@dataclass(frozen=True, slots=True)
class Labels:
    """Names by key, in both scripts. `firms` has the two sides of a request."""

    slots: Mapping[str, SlotRef]
    places: Mapping[str, str]
    people: Mapping[str, str]
    interpreters: Mapping[str, str]
    firms: Mapping[str, tuple[str, str]]


def load_labels(
    session: Session, actor: Actor, requests: Collection[str], meetings: Collection[Meeting] = ()
) -> Labels:
    """Return the names of the requests' firms, of everything that the meetings refer to, and the event's
    slots.
    """
    actor.require(Right.READ_VERSIONS)
    event_id = actor.event_id
    at = {meeting.place for meeting in meetings}
    places = session.execute(
        select(Place.key, Place.name, Place.hall_id).where(
            Place.event_id == event_id, in_chunks(Place.key, sorted(at))
        )
    )
    halls = load_hall_labels(session, event_id)
    people = {person for meeting in meetings for person in meeting.attendees}
    interpreters = {meeting.interpreter for meeting in meetings if meeting.interpreter}
    return Labels(
        slots={slot.key: slot for slot in list_slots(session, event_id, with_retired=True)},
        places={key: join_texts((place_label(name), halls[hall])) for key, name, hall in places},
        people=_people(session, Attendee, event_id, people),
        interpreters=_people(session, Interpreter, event_id, interpreters),
        firms=_firms(session, event_id, requests),
    )


def _people(
    session: Session, table: type[Attendee] | type[Interpreter], event_id: int, keys: Collection[str]
) -> dict[str, str]:
    rows = session.execute(
        select(table.key, table.name, table.latin_name).where(
            table.event_id == event_id, in_chunks(table.key, sorted(keys))
        )
    )
    return {key: names.join_scripts(name, latin) for key, name, latin in rows}


def _firms(session: Session, event_id: int, requests: Collection[str]) -> dict[str, tuple[str, str]]:
    sender, receiver = aliased(Firm), aliased(Firm)
    rows = session.execute(
        select(MeetingRequest.key, sender.name, sender.latin_name, receiver.name, receiver.latin_name)
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
        .where(MeetingRequest.event_id == event_id, in_chunks(MeetingRequest.key, sorted(requests)))
    )
    return {
        key: (names.join_scripts(name, latin), names.join_scripts(other, other_latin))
        for key, name, latin, other, other_latin in rows
    }
