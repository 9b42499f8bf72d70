"""Meeting details on the day and week pages beyond the agenda item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.entities import Partstat, Tier, VersionState
from scheduler.services.directory.references import PersonRef
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.replies.agenda_replies import MeetingReplies
from scheduler.services.schedule.agendas import Agenda, AgendaItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Consent,
    Firm,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedMeeting,
    ScheduleVersion,
)


@dataclass(frozen=True, slots=True)
class ContactCard:
    """How to reach a person. The email address and the telephone number may be empty."""

    person: PersonRef
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class MeetingDetails:
    """Details of one meeting.

    `spoken` maps the keys of its people and its interpreter to their languages (BCP 47 tags). `is_ours`: the
    meeting is at the reader's own booth. `shows_contacts` is True once at least one person of each side has
    accepted. Then `cards` are the contacts of the partner's people, as far as they consent.
    """

    tier: Tier
    area: str
    hall_id: int
    is_ours: bool
    spoken: Mapping[str, tuple[str, ...]]
    has_accepted: bool
    partner_has_accepted: bool
    shows_contacts: bool
    cards: tuple[ContactCard, ...]


def load_details(
    session: Session, actor: Actor, agenda: Agenda, replies: Mapping[str, MeetingReplies]
) -> Mapping[str, MeetingDetails]:
    """Return details by request key for each meeting of an agenda.

    Four queries. The actor must be allowed to read it.
    """
    items = agenda.items
    places = _places(session, actor, [item.request_key for item in items])
    firms = _firms(session, actor, {item.partner.key for item in items} | {item.firm.key for item in items})
    people = _people(session, actor, items)
    interpreters = _interpreters(session, actor, items)
    is_organiser = actor.may(Right.READ_CONTACTS)
    found = {}
    for item in items:
        hall_id, owner_id = places[item.request_key]
        own, partner = firms[item.firm.key], firms[item.partner.key]
        answers = replies[item.request_key]
        ours, theirs = _accepts(item.people, answers), _accepts(item.partner_people, answers)
        is_open = ours and theirs and not item.is_called_off and _may_meet(actor, own[0])
        at_home = own[3] == partner[3]
        everybody = (*item.people, *item.partner_people)
        spoken = {person.key: people[person.key][0] for person in everybody}
        if item.interpreter is not None:
            spoken[f"interpreter {item.interpreter.key}"] = interpreters[item.interpreter.key]
        found[item.request_key] = MeetingDetails(
            tier=partner[1],
            area=partner[2],
            hall_id=hall_id,
            is_ours=owner_id is not None and owner_id == own[0],
            spoken=spoken,
            has_accepted=ours,
            partner_has_accepted=theirs,
            shows_contacts=is_open,
            cards=tuple(
                ContactCard(each, email, phone)
                for each in item.partner_people
                for _, email, phone, is_shared, is_shared_abroad in (people[each.key],)
                if is_open and (is_organiser or (is_shared and (at_home or is_shared_abroad)))
            ),
        )
    return found


def _may_meet(actor: Actor, firm_id: int) -> bool:
    """Return True if the actor belongs to the firm or may read every contact."""
    return actor.firm_id == firm_id or actor.may(Right.READ_CONTACTS)


def _accepts(people: Iterable[PersonRef], replies: MeetingReplies) -> bool:
    """Return True if at least one of these people has accepted and is not excluded from the next plan."""
    return any(
        replies.answers.get(person.key) is Partstat.ACCEPTED and person.key not in replies.excluded
        for person in people
    )


def _places(session: Session, actor: Actor, request_keys: Iterable[str]) -> dict[str, tuple[int, int | None]]:
    """Return the hall and the owning firm of each meeting's place, by request key."""
    rows = session.execute(
        select(MeetingRequest.key, Place.hall_id, Place.firm_id)
        .join(PlannedMeeting, PlannedMeeting.request_id == MeetingRequest.id)
        .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(
            MeetingRequest.event_id == actor.event_id,
            ScheduleVersion.state == VersionState.PUBLISHED,
            in_chunks(MeetingRequest.key, request_keys),
        )
    )
    return {key: (hall_id, firm_id) for key, hall_id, firm_id in rows}


def _firms(session: Session, actor: Actor, keys: Iterable[str]) -> dict[str, tuple[int, Tier, str, str]]:
    """Return the id, tier, first area and country of each firm, by key."""
    rows = session.execute(
        select(Firm.key, Firm.id, Firm.tier, Firm.areas, Firm.country).where(
            Firm.event_id == actor.event_id, in_chunks(Firm.key, keys)
        )
    )
    return {
        key: (firm_id, tier, areas[0] if areas else "", country)
        for key, firm_id, tier, areas, country in rows
    }


def _people(
    session: Session, actor: Actor, items: Iterable[AgendaItem]
) -> dict[str, tuple[tuple[str, ...], str, str, bool, bool]]:
    """Return the languages, email address and telephone number of each attendee, by key.

    The last values say whether the attendee shares the contact details with partners, and with those abroad.
    """
    keys = {person.key for item in items for person in (*item.people, *item.partner_people)}
    rows = session.execute(
        select(
            Attendee.key,
            *(Attendee.languages, Attendee.email, Attendee.phone),
            *(
                Consent.permits(each, event_id=actor.event_id, attendee_id=Attendee.id)
                for each in (ConsentPurpose.PARTNER_CONTACTS, ConsentPurpose.ABROAD)
            ),
        ).where(Attendee.event_id == actor.event_id, in_chunks(Attendee.key, keys))
    )
    return {key: (tuple(languages), *rest) for key, languages, *rest in rows}


def _interpreters(session: Session, actor: Actor, items: Iterable[AgendaItem]) -> dict[str, tuple[str, ...]]:
    keys = {item.interpreter.key for item in items if item.interpreter is not None}
    rows = session.execute(
        select(Interpreter.key, Interpreter.languages).where(
            Interpreter.event_id == actor.event_id, in_chunks(Interpreter.key, keys)
        )
    )
    return {key: tuple(languages) for key, languages in rows}
