"""QR codes on printed sheets. Scanning one shows whether the sheet is still current.

An outdated print sends people to the wrong table, and its reader has no account at hand.

A code is a random token, stored as a hash, for one sheet of one version. Its page compares that version with
the published one and shows only facts that are on the sheet: no email address or telephone number. Meetings
that were already withdrawn at printing are ignored. A sheet that is printed again keeps its code until a
meeting is withdrawn.

Codes expire two weeks after the event. Whoever holds the paper can follow that sheet until then. The PDF of a
summary has no code, because the next email states what changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.brand import Brand
from scheduler.domain.emails.print_packs import PrintPack
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import NotFound
from scheduler.invites.agenda.agenda import AgendaEntry
from scheduler.services import links
from scheduler.services.branding import brands
from scheduler.services.directory.references import find_person, find_requested_firm
from scheduler.services.exports import meeting_list, prints
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.tokens import PRINT, derive_token, hash_token, new_seed
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedAttendee,
    PlannedMeeting,
    PrintCode,
    ScheduleVersion,
    Slot,
)

VALIDITY = timedelta(days=14)
"""Validity of codes after the event."""


class PrintChange(StrEnum):
    """Kind of change of a meeting. If there are several, the first in this order counts."""

    NEW = "new"
    CANCELLED = "cancelled"
    MOVED = "moved"
    RELOCATED = "relocated"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """A meeting that differs from the print. `was` is None for a new meeting, `now` for a cancelled one."""

    kind: PrintChange
    was: AgendaEntry | None
    now: AgendaEntry | None

    @property
    def entry(self) -> AgendaEntry:
        """The current entry, or the earlier one of a cancelled meeting."""
        return next(filter(None, (self.now, self.was)))


@dataclass(frozen=True, slots=True)
class PrintStatus:
    """Status of a print. `published` is the version it is compared with, or None.

    `owner` is the name on the sheet. `is_over`: the event is over and the code has expired.
    """

    owner: str
    event_key: str
    event_name: str
    brand: Brand
    contact: str
    timezone: str
    language: str
    number: int
    published: int | None
    published_at: datetime | None
    is_over: bool
    changes: tuple[ChangedEntry, ...]


def make_codes(
    session: Session,
    actor: Actor,
    pack: PrintPack,
    languages: Mapping[str, str],
    number: int,
    *,
    settings: Settings,
    now: datetime,
) -> dict[str, str]:
    """Return the URLs of codes by the key of each sheet's owner, in the sheets' languages.

    An existing code is reused, unless a meeting was withdrawn since or its key has ended. Raises NotFound,
    NotAllowed.
    """
    _require_access(session, actor, pack, languages)
    version = versions.get_version(session, actor.event_id, number)
    withdrawn = session.scalar(
        select(func.max(MeetingRequest.responded_at)).where(
            MeetingRequest.event_id == actor.event_id, MeetingRequest.state == RequestState.WITHDRAWN
        )
    )
    rows = session.execute(
        select(PrintCode.subject_key, PrintCode.language, PrintCode.seed, PrintCode.created_at)
        .where(
            PrintCode.version_id == version.id,
            PrintCode.pack == pack,
            PrintCode.seed != "",
            in_chunks(PrintCode.subject_key, languages),
        )
        .order_by(PrintCode.id)
    )
    seeds = {
        key: seed
        for key, language, seed, created_at in rows
        if language == languages[key] and (withdrawn is None or created_at > withdrawn)
    }
    for key in languages.keys() - seeds.keys():
        seeds[key] = new_seed(settings.secret_key)
        session.add(
            PrintCode(
                version_id=version.id,
                pack=pack,
                subject_key=key,
                language=languages[key],
                seed=seeds[key],
                token_hash=hash_token(derive_token(settings.secret_key, PRINT, seeds[key])),
                created_at=now,
            )
        )
    session.flush()
    return {
        key: links.absolute_url(settings, links.printed(derive_token(settings.secret_key, PRINT, seed)))
        for key, seed in seeds.items()
    }


def check_print(session: Session, token: str, *, language: str = "", now: datetime) -> PrintStatus:
    """Return whether the print with this code is current, and what changed. Ten queries.

    Shows only facts that are on the print, in `language` or that of the print. Raises NotFound for an unknown
    code.
    """
    found = session.execute(
        select(PrintCode, ScheduleVersion, Event)
        .join(ScheduleVersion, ScheduleVersion.id == PrintCode.version_id)
        .join(Event, Event.id == ScheduleVersion.event_id)
        .where(PrintCode.token_hash == hash_token(token.lower()), Event.is_there())
    ).first()
    if found is None:
        raise NotFound("print", token[:4] + "...")
    code, version, event = found
    language = language or code.language
    end = session.scalar(select(func.max(Slot.end)).where(Slot.of(event.id)))
    is_over = end is not None and now > end + VALIDITY
    published = versions.find_published_version(session, event.id)
    changed: tuple[ChangedEntry, ...] = ()
    if published is not None and not is_over:
        was = _entries(session, event, code, version.id, code.created_at, language)
        changed = tuple(_changes(was, _entries(session, event, code, published.id, None, language)))
    return PrintStatus(
        owner=_owner(session, event.id, code),
        event_key=event.key,
        event_name=event.name,
        brand=brands.brand_of(event),
        contact=event.contact,
        timezone=event.timezone,
        language=language,
        number=version.number,
        published=published.number if published else None,
        published_at=published.published_at if published else None,
        is_over=is_over,
        changes=changed,
    )


def _require_access(session: Session, actor: Actor, pack: PrintPack, keys: Iterable[str]) -> None:
    """Raise NotAllowed unless the actor may read all agendas, or those of the sheets."""
    if actor.may(Right.READ_AGENDAS):
        return
    for key in keys:
        if pack is PrintPack.FIRMS:
            find_requested_firm(session, actor, Right.READ_FIRM_AGENDAS, key)
        elif pack is PrintPack.PEOPLE:
            person = find_person(session, actor.event_id, key)
            actor.require(Right.READ_AGENDAS, firm_id=person.firm_id, attendee_id=person.id)
        else:
            found = select(Interpreter.id).where(
                Interpreter.event_id == actor.event_id, Interpreter.key == key
            )
            own = session.scalar(found) if pack is PrintPack.INTERPRETERS else None
            actor.require(Right.READ_AGENDAS, interpreter_id=own)


def _entries(
    session: Session, event: Event, code: PrintCode, version_id: int, at: datetime | None, language: str
) -> dict[str, AgendaEntry]:
    """Return the sheet's meetings in a version by request, as of `at` or now."""
    meetings = meeting_list.select_meetings(
        session,
        ZoneInfo(event.timezone),
        PlannedMeeting.version_id == version_id,
        PlannedMeeting.id.in_(_own(event.id, code)),
        at=at,
        language=language,
    )
    return {
        meeting.request: entry
        for meeting in meetings
        for key, _, entry in prints.GROUPINGS[code.pack]([meeting])
        if key == code.subject_key
    }


def _own(event_id: int, code: PrintCode) -> Select[int]:
    """Query for the ids of planned meetings of any version on the sheet."""
    meetings, key = select(PlannedMeeting.id), code.subject_key
    if code.pack is PrintPack.PLACES:
        found = meetings.join(Place, Place.id == PlannedMeeting.place_id)
        return found.where(Place.event_id == event_id, Place.key == key)
    if code.pack is PrintPack.INTERPRETERS:
        found = meetings.join(Interpreter, Interpreter.id == PlannedMeeting.interpreter_id)
        return found.where(Interpreter.event_id == event_id, Interpreter.key == key)
    if code.pack is PrintPack.PEOPLE:
        found = meetings.join(PlannedAttendee, PlannedAttendee.meeting_id == PlannedMeeting.id).join(
            Attendee, Attendee.id == PlannedAttendee.attendee_id
        )
        return found.where(Attendee.event_id == event_id, Attendee.key == key)
    request = MeetingRequest
    found = meetings.join(request, request.id == PlannedMeeting.request_id).join(
        Firm, (Firm.id == request.from_firm_id) | (Firm.id == request.to_firm_id)
    )
    return found.where(Firm.event_id == event_id, Firm.key == key)


def _owner(session: Session, event_id: int, code: PrintCode) -> str:
    """Return the current name of the sheet's owner."""
    tables: dict[PrintPack, type[Attendee | Firm | Interpreter | Place]] = {
        PrintPack.PEOPLE: Attendee,
        PrintPack.FIRMS: Firm,
        PrintPack.PLACES: Place,
        PrintPack.INTERPRETERS: Interpreter,
    }
    table = tables[code.pack]
    name = session.scalar(select(table.name).where(table.event_id == event_id, table.key == code.subject_key))
    return name or ""


def _changes(was: Mapping[str, AgendaEntry], now: Mapping[str, AgendaEntry]) -> Iterator[ChangedEntry]:
    """Yield the changes by current time, or by earlier time if cancelled."""
    found = [
        ChangedEntry(kind, was.get(key), now.get(key))
        for key in was.keys() | now.keys()
        if (kind := _kind(was.get(key), now.get(key))) is not None
    ]
    yield from sorted(found, key=lambda each: (each.entry.start, each.entry.place_name, each.entry.partner))


def _kind(was: AgendaEntry | None, now: AgendaEntry | None) -> PrintChange | None:
    if was is None:
        return PrintChange.NEW
    if now is None:
        return PrintChange.CANCELLED
    if (was.start, was.end) != (now.start, now.end):
        return PrintChange.MOVED
    if (was.place_name, was.hall) != (now.place_name, now.hall):
        return PrintChange.RELOCATED
    return PrintChange.PEOPLE if _people(was) != _people(now) else None


def _people(entry: AgendaEntry) -> Collection[object]:
    return sorted(entry.partner_people), sorted(entry.own_people), entry.interpreter
