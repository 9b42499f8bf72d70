"""Printed agendas of people, firms, places and interpreters, in one file or one each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, SelectBase, bindparam, func, select
from sqlalchemy.orm import QueryableAttribute, Session

from scheduler.domain.emails.print_packs import PrintPack
from scheduler.invites.agenda.agenda import AgendaDocument, AgendaEntry
from scheduler.invites.agenda.pdf import render_agenda_pdf, render_agendas_pdf
from scheduler.invites.catalogue import choose_language
from scheduler.services.branding import sheets as brand_sheets
from scheduler.services.exports import meeting_list
from scheduler.services.exports.meeting_list import ListedMeeting
from scheduler.services.exports.schedule_lists import Export
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule.scheduled import IS_ACCEPTED
from scheduler.storage.cache.cache_keys import accepted_requests_digest
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import (
    Attendee,
    Event,
    Interpreter,
    MeetingRequest,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)

SHEETS_PER_PART = 150
"""Sheets per file of a page, so that a file takes a few seconds."""


def count_parts(session: Session, actor: Actor, number: int | None = None) -> dict[PrintPack, int]:
    """Return the number of files, of `SHEETS_PER_PART` sheets each, by kind. Raises NotFound."""
    actor.require(Right.READ_AGENDAS)
    version = meeting_list.find_version(session, actor, number)
    if version is None:
        return dict.fromkeys(PrintPack, 0)
    follows = [accepted_requests_digest(session, actor.event_id)]
    owners = cached_statistic(session, version, "prints", follows, lambda: _owners(session, version.id))
    return {kind: -(-owners[kind] // SHEETS_PER_PART) for kind in _OWNERS}


def _owners(session: Session, version_id: int) -> dict[str, int]:
    """Count the sheets by kind."""
    return {
        str(kind): session.scalars(query, {"version": version_id}).one() for kind, query in _OWNERS.items()
    }


def _select_owners(whose: QueryableAttribute[Any]) -> Select[int]:
    """Select the owners of a version's meetings, without withdrawn ones."""
    return (
        select(whose.label("whose"))
        .join_from(PlannedMeeting, MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id == bindparam("version"), IS_ACCEPTED)
    )


def _count(whose: SelectBase) -> Select[int]:
    return select(func.count(whose.subquery("owners").c.whose.distinct()))


_OWNERS = {
    PrintPack.PEOPLE: _count(
        _select_owners(PlannedAttendee.attendee_id).join(
            PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id
        )
    ),
    PrintPack.FIRMS: _count(
        _select_owners(MeetingRequest.from_firm_id).union_all(_select_owners(MeetingRequest.to_firm_id))
    ),
    PrintPack.PLACES: _count(_select_owners(PlannedMeeting.place_id)),
    PrintPack.INTERPRETERS: _count(_select_owners(PlannedMeeting.interpreter_id)),
}
"""Queries for the number of sheets by kind. Loading the plan would take too long for a page."""


@dataclass(frozen=True, slots=True)
class PackSheets:
    """Sheets of a pack, or of a part, by owner. `version` is None if nothing is published."""

    kind: PrintPack
    sheets: Mapping[str, AgendaDocument]
    version: int | None
    name: str

    def written(self, checks: Mapping[str, str] = MappingProxyType({})) -> Export:
        """Return the PDF. `checks` are the URLs that show whether a sheet is current."""
        sheets = [replace(sheet, check=checks.get(key, "")) for key, sheet in self.sheets.items()]
        return Export(render_agendas_pdf(sheets), self.name)


def make_pack(
    session: Session, actor: Actor, kind: PrintPack, number: int | None = None, *, part: int | None = None
) -> PackSheets:
    """Return all sheets of a kind, or one part (from 1), of a version or the published one.

    Raises NotFound.
    """
    version = meeting_list.find_version(session, actor, number)
    first = 0 if part is None else (part - 1) * SHEETS_PER_PART
    last = None if part is None else first + SHEETS_PER_PART
    sheets = dict(islice(list_sheets(session, actor, kind, version), max(first, 0), last))
    if not sheets:  # a page stating that nothing is published
        event = session.get_one(Event, actor.event_id)
        sheets = {"": AgendaDocument(owner=event.name, event_name=event.name, timezone=event.timezone,
                                  language=event.language, entries=(),
                                  look=brand_sheets.sheet_look(session, event))}  # fmt: skip
    end = f"-{version.number}" if version is not None else ""
    end += f"-part-{part}" if part is not None and part > 1 else ""
    name = f"{kind.value}-{actor.event_key}{end}.pdf"
    return PackSheets(kind, sheets, version.number if version else None, name)


def print_each(
    session: Session, actor: Actor, kind: PrintPack, number: int | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield a PDF for each owner, by key."""
    version = meeting_list.find_version(session, actor, number)
    for key, sheet in list_sheets(session, actor, kind, version):
        yield key, render_agenda_pdf(sheet)


def list_sheets(
    session: Session,
    actor: Actor,
    kind: PrintPack,
    version: ScheduleVersion | None,
    *,
    only: Collection[str] | None = None,
) -> Iterator[tuple[str, AgendaDocument]]:
    """Yield the sheets of a kind by their owner's key, sorted by name.

    `only` are keys that the caller may show to the actor. Other sheets are left out.
    """
    if only is None:
        actor.require(Right.READ_AGENDAS)
    event = session.get_one(Event, actor.event_id)
    languages, look = _languages(session, event, kind), brand_sheets.sheet_look(session, event)
    grouped: dict[tuple[str, str], list[AgendaEntry]] = defaultdict(list)
    if version is not None:
        for language in sorted({event.language, *languages.values()}):
            meetings = meeting_list.list_meetings(session, actor, version.id, only=only, language=language)
            for key, owner, entry in GROUPINGS[kind](meetings):
                if languages.get(key, event.language) == language and (only is None or key in only):
                    grouped[owner, key].append(entry)
    for owner, key in sorted(grouped):
        yield (
            key,
            AgendaDocument(
                owner=owner,
                event_name=event.name,
                timezone=event.timezone,
                language=languages.get(key, event.language),
                entries=grouped[owner, key],
                version=version.number if version is not None else None,
                published_at=version.published_at if version is not None else None,
                own_label=owner if kind is PrintPack.FIRMS else "",
                contact=event.contact,
                look=look,
            ),
        )


Grouped = Iterator[tuple[str, str, AgendaEntry]]


def _languages(session: Session, event: Event, kind: PrintPack) -> dict[str, str]:
    """Return the languages of people and interpreters by key. Other sheets use the event's."""
    tables: Mapping[PrintPack, Any] = {PrintPack.PEOPLE: Attendee, PrintPack.INTERPRETERS: Interpreter}
    if kind not in tables:
        return {}
    who = tables[kind]
    query = select(who.key, who.mail_language, who.languages).where(who.event_id == event.id)
    rows = session.execute(query)
    return {key: choose_language(chosen, spoken, event.language) for key, chosen, spoken in rows}


def _people(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each, own, partner in meeting_list.list_sides(meetings):
        for person in own.people:
            others = [other.name for other in own.people if other.key != person.key]
            yield person.key, person.name, _entry(each, partner.name, partner.people_names, others)


def _firms(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each, own, partner in meeting_list.list_sides(meetings):
        yield own.key, own.name, _entry(each, partner.name, partner.people_names, own.people_names)


def _places(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each in meetings:
        yield each.place, f"{each.hall}, {each.place_name}", _shared_entry(each)


def _interpreters(meetings: Iterable[ListedMeeting]) -> Grouped:
    for each in meetings:
        if each.interpreter:
            yield each.interpreter_key, each.interpreter, _shared_entry(each)


GROUPINGS = {
    PrintPack.PEOPLE: _people,
    PrintPack.FIRMS: _firms,
    PrintPack.PLACES: _places,
    PrintPack.INTERPRETERS: _interpreters,
}
"""Sheet contents by kind: owner's key and name, and the entry."""


def _shared_entry(each: ListedMeeting) -> AgendaEntry:
    asks, asked = each.sides
    return _entry(each, f"{asks.name} – {asked.name}", [*asks.people_names, *asked.people_names], [])


def _entry(each: ListedMeeting, partner: str, theirs: Iterable[str], own: Iterable[str]) -> AgendaEntry:
    return AgendaEntry(
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
