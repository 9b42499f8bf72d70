"""Print pack of a delegation: a contact list with phone numbers, then each person's agenda."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.errors import NotFound
from scheduler.invites.agenda.agenda import AgendaDocument
from scheduler.invites.agenda.pdf import Cover, render_agendas_pdf
from scheduler.invites.catalogue import load_words
from scheduler.services.branding import sheets
from scheduler.services.exports import prints
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.participants.delegations import delegations
from scheduler.services.participants.delegations.delegations import DelegationCard
from scheduler.services.participants.delegations.members import DelegationPersonCard
from scheduler.services.schedule import versions
from scheduler.storage.models import Event


def make_print_pack(session: Session, actor: Actor, key: str, *, part: int = 1) -> tuple[str, bytes]:
    """Return the delegation's name and a PDF: the list in the event's language, each agenda in the person's
    language.

    A part has `prints.SHEETS_PER_PART` people. People without meetings are listed but get no agenda. The
    number of queries is constant. Raises NotFound if the part does not exist.
    """
    card = delegations.get_delegation(session, actor, key)
    actor.require_fresh(TAKE_CONTACTS)
    first = (max(1, part) - 1) * prints.SHEETS_PER_PART
    people = card.members.people[first : first + prints.SHEETS_PER_PART]
    if not people and first:
        raise NotFound("part", part)
    own = {each.person.key for each in people}
    published = versions.find_published_version(session, actor.event_id)
    agendas: list[AgendaDocument] = [
        sheet for person, sheet in prints.list_sheets(session, actor, PrintPack.PEOPLE, published, only=own)
    ]
    event = session.get_one(Event, actor.event_id)
    look = agendas[0].look if agendas else sheets.sheet_look(session, event)
    return card.form.name, render_agendas_pdf(agendas, replace(_cover(card, people, event), look=look))


def _cover(card: DelegationCard, listed: Sequence[DelegationPersonCard], event: Event) -> Cover:
    language = event.language
    said, colon = load_words(language).delegation, load_words(language).colon
    form, people = card.form, card.members.people
    leader = [_name(each, language) for each in people if each.person.key == form.leader]
    about = {
        "origin": form.origin,
        "leader": "".join(leader),
        "escort": " ".join(part for part in (form.escort, form.escort_phone) if part),
        "people": str(len(people)),
    }
    return Cover(
        title=form.name,
        event_name=event.name,
        language=language,
        lines=[f"{said[name]}{colon}{value}" for name, value in about.items() if value],
        entries=[(_name(each, language), list(_lines(each, language))) for each in listed],
    )


def _lines(each: DelegationPersonCard, language: str) -> Iterator[str]:
    said, colon = load_words(language).delegation, load_words(language).colon
    yield names.display_both(each.firm.name, each.firm.latin_name, language)
    if each.phone:
        yield f"{said['phone']}{colon}{each.phone}"
    yield f"{said['meetings']}{colon}{each.meetings}"


def _name(each: DelegationPersonCard, language: str) -> str:
    return names.display_both(each.person.name, each.person.latin_name, language)
