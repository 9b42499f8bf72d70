"""What is printed: agendas of people, firms, places and interpreters, in one file or singly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from enum import StrEnum
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.invites.agenda.agenda import AgendaSheet, SheetEntry
from scheduler.invites.agenda.pdf import agenda_pdf, agendas_pdf
from scheduler.invites.catalogue import language_of
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.exports import held
from scheduler.services.exports.held import ListedMeeting
from scheduler.services.exports.lists import Export
from scheduler.storage.models import Attendee, Event, ScheduleVersion


class PrintPack(StrEnum):
    """Whose sheets a file holds: one for each of them."""

    PEOPLE = "people"
    FIRMS = "firms"
    PLACES = "places"
    INTERPRETERS = "interpreters"


PER_PART = 150
"""Sheets of a file that a page gives: it is made in a few seconds."""


def parts(session: Session, actor: Actor, kind: PrintPack, number: int | None = None) -> int:
    """How many files of PER_PART sheets a version has. Raises NotFound."""
    version = held.version_of(session, actor, number)
    meetings = held.meetings(session, actor, version.id) if version is not None else ()
    owners = len({key for key, _, _ in _GROUPED[kind](meetings)})
    return -(-owners // PER_PART)


def pack(
    session: Session, actor: Actor, kind: PrintPack, number: int | None = None, *, part: int | None = None
) -> Export:
    """PDF of all sheets of a kind, or of a part of them from 1, of a version or of the published one.

    Raises NotFound.
    """
    version = held.version_of(session, actor, number)
    first = 0 if part is None else (part - 1) * PER_PART
    last = None if part is None else first + PER_PART
    sheets = [sheet for _, sheet in islice(sheets_of(session, actor, kind, version), max(first, 0), last)]
    if not sheets:  # a page that says that there is nothing
        event = session.get_one(Event, actor.event_id)
        sheets = [AgendaSheet(owner=event.name, event_name=event.name, timezone=event.timezone,
                              language=event.language, entries=())]  # fmt: skip
    end = f"-{version.number}" if version is not None else ""
    end += f"-part-{part}" if part is not None and part > 1 else ""
    return Export(agendas_pdf(sheets), f"{kind.value}-{actor.event_key}{end}.pdf")


def singly(
    session: Session, actor: Actor, kind: PrintPack, number: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """A PDF for each, by key."""
    version = held.version_of(session, actor, number)
    for key, sheet in sheets_of(session, actor, kind, version):
        yield key, agenda_pdf(sheet)


def sheets_of(
    session: Session,
    actor: Actor,
    kind: PrintPack,
    version: ScheduleVersion | None,
    *,
    only: Collection[str] | None = None,
) -> Iterator[tuple[str, AgendaSheet]]:
    """The sheets of a kind by the key of whose they are, in the order of names.

    `only` are keys that the caller found for the actor: no other sheet is given.
    """
    if only is None:
        actor.require(Right.READ_AGENDAS)
    event = session.get_one(Event, actor.event_id)
    meetings = held.meetings(session, actor, version.id, only=only) if version is not None else ()
    languages = _languages(session, event) if kind is PrintPack.PEOPLE else {}
    grouped: dict[tuple[str, str], list[SheetEntry]] = defaultdict(list)
    for key, owner, entry in _GROUPED[kind](meetings):
        if only is None or key in only:
            grouped[owner, key].append(entry)
    for owner, key in sorted(grouped):
        yield (
            key,
            AgendaSheet(
                owner=owner,
                event_name=event.name,
                timezone=event.timezone,
                language=languages.get(key, event.language),
                entries=grouped[owner, key],
                version=version.number if version is not None else None,
                published_at=version.published_at if version is not None else None,
                own_label=owner if kind is PrintPack.FIRMS else "",
                contact=event.contact,
            ),
        )


Grouped = Iterator[tuple[str, str, SheetEntry]]


def _languages(session: Session, event: Event) -> dict[str, str]:
    rows = session.execute(
        select(Attendee.key, Attendee.mail_language, Attendee.languages).where(Attendee.event_id == event.id)
    )
    return {key: language_of(chosen, spoken, event.language) for key, chosen, spoken in rows}


def _people(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each, own, partner in held.by_side(meetings):
        for person in own.people:
            others = [other.name for other in own.people if other.key != person.key]
            yield person.key, person.name, _entry(each, partner.name, partner.people_names, others)


def _firms(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each, own, partner in held.by_side(meetings):
        yield own.key, own.name, _entry(each, partner.name, partner.people_names, own.people_names)


def _places(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each in meetings:
        yield each.place, f"{each.hall}, {each.place_name}", _of_both(each)


def _interpreters(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each in meetings:
        if each.interpreter:
            yield each.interpreter_key, each.interpreter, _of_both(each)


_GROUPED = {
    PrintPack.PEOPLE: _people,
    PrintPack.FIRMS: _firms,
    PrintPack.PLACES: _places,
    PrintPack.INTERPRETERS: _interpreters,
}


def _of_both(each: ListedMeeting) -> SheetEntry:
    asks, asked = each.sides
    return _entry(each, f"{asks.name} – {asked.name}", [*asks.people_names, *asked.people_names], [])


def _entry(each: ListedMeeting, partner: str, theirs: Iterable[str], own: Iterable[str]) -> SheetEntry:
    return SheetEntry(
        start=each.start,
        end=each.end,
        partner=partner,
        place_name=each.place_name,
        hall=each.hall,
        partner_people=tuple(theirs),
        own_people=tuple(own),
        interpreter=each.interpreter,
        topic=each.topic,
    )
