"""Schedule lists: by time, firm, person, place and interpreter; unscheduled and unanswered requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import RequestState
from scheduler.domain.names import display_both
from scheduler.services.exports import meeting_list
from scheduler.services.exports.meeting_list import ListedMeeting
from scheduler.services.identity.actors import TAKE_CONTACTS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import unscheduled
from scheduler.sheets.writers import Cell, OutputSheet, write_csv, write_xlsx
from scheduler.storage.models import Event, Firm, MeetingRequest, ScheduleVersion


class ListName(StrEnum):
    """A list of a schedule. The value is the sheet's name and part of the file name."""

    MEETINGS = "meetings"
    FIRMS = "by exhibitor"
    PEOPLE = "by person"
    HALLS = "by hall"
    INTERPRETERS = "by interpreter"
    UNSCHEDULED = "not scheduled"
    UNANSWERED = "unanswered"

    @property
    def slug(self) -> str:
        return self.value.replace(" ", "-")


VERSION_LISTS: Final = tuple(name for name in ListName if name is not ListName.UNANSWERED)
"""Lists of a version's meetings or unscheduled requests."""

_HEADERS: Final[Mapping[ListName, str]] = MappingProxyType(
    {
        ListName.MEETINGS: "Day|From|To|Hall|Location|Requesting exhibitor|Requesting attendees"
        "|Requested exhibitor|Requested attendees|Interpreter|Topic|Request",
        ListName.FIRMS: "Exhibitor|Country|Day|From|To|Partner|Hall|Location|Attendees"
        "|Partner's attendees|Interpreter|Topic",
        ListName.PEOPLE: "Person|Exhibitor|Email address|Phone|Day|From|To|Partner"
        "|Partner's attendees|Hall|Location|Interpreter|Topic",
        ListName.HALLS: "Hall|Location|Day|From|To|Requesting exhibitor|Requested exhibitor"
        "|Interpreter|Topic",
        ListName.INTERPRETERS: "Interpreter|Day|From|To|Hall|Location|Requesting exhibitor"
        "|Requesting attendees|Requested exhibitor|Requested attendees|Topic",
        ListName.UNSCHEDULED: "Requesting exhibitor|Requested exhibitor|Topic|Priority|Reason"
        "|Suggested fixes|Request",
        ListName.UNANSWERED: "Requested exhibitor|Country|Requesting exhibitor|Topic|Priority"
        "|Requested on|Respond by|Request",
    }
)


@dataclass(frozen=True, slots=True)
class Export:
    """An exported file: its octets and name."""

    octets: bytes
    name: str


def export_workbook(
    session: Session, actor: Actor, number: int | None = None, *, language: str | None = None
) -> Export:
    """Return a version, by default the published one, as XLSX with every list. Raises NotFound.

    Names are those for readers of the language, by default the event's.
    """
    actor.require_fresh(TAKE_CONTACTS)
    version = meeting_list.find_version(session, actor, number)
    language = language or _language_of(session, actor)
    sheets = [_sheet(name, rows) for name, rows in _list_version_sheets(session, actor, version, language)]
    return Export(write_xlsx(sheets), f"schedule-{actor.event_key}{_version_suffix(version)}.xlsx")


def export_list(
    session: Session,
    actor: Actor,
    name: ListName,
    kind: str,
    number: int | None = None,
    *,
    language: str | None = None,
) -> Export:
    """Return one list as `xlsx` or `csv`, with names as in `export_workbook`. Raises NotFound."""
    if name is ListName.PEOPLE:
        actor.require_fresh(TAKE_CONTACTS)
    language = language or _language_of(session, actor)
    if name is ListName.UNANSWERED:
        rows: Rows = list(_list_unanswered(session, actor, language))
        version = None
    else:
        version = meeting_list.find_version(session, actor, number)
        rows = next(
            found
            for listed, found in _list_version_sheets(session, actor, version, language)
            if listed is name
        )
    file = f"{name.slug}-{actor.event_key}{_version_suffix(version)}.{kind}"
    if kind == "csv":
        return Export(write_csv(_HEADERS[name].split("|"), rows), file)
    return Export(write_xlsx([_sheet(name, rows)]), file)


Rows = Sequence[Sequence[Cell]]


def _sheet(name: ListName, rows: Rows) -> OutputSheet:
    return OutputSheet(name.value.capitalize(), _HEADERS[name].split("|"), rows)


def _version_suffix(version: ScheduleVersion | None) -> str:
    return f"-{version.number}" if version is not None else ""


def _language_of(session: Session, actor: Actor) -> str:
    return session.get_one(Event, actor.event_id).language


def _list_version_sheets(
    session: Session, actor: Actor, version: ScheduleVersion | None, language: str
) -> Iterator[tuple[ListName, Rows]]:
    """Yield each list of a version. All are empty without a version."""
    actor.require(Right.READ_CONTACTS)
    meetings = (
        meeting_list.list_meetings(session, actor, version.id, language=language)
        if version is not None
        else ()
    )
    for name, rows in _ROW_MAKERS.items():
        yield name, list(rows(meetings))
    yield (
        ListName.UNSCHEDULED,
        list(_list_unscheduled(session, actor, version, language)) if version is not None else [],
    )


def _by_time(meetings: Iterable[ListedMeeting]) -> Iterator[Sequence[Cell]]:
    for each in meetings:
        asks, asked = each.sides
        yield (*each.when, each.hall, each.place, asks.name, asks.names, asked.name, asked.names,
               each.interpreter, each.topic, each.request)  # fmt: skip


def _by_firm(meetings: Iterable[ListedMeeting]) -> Iterator[Sequence[Cell]]:
    sided = sorted(
        meeting_list.list_sides(meetings), key=lambda item: (item[1].name, item[1].key, item[0].start)
    )
    for each, own, partner in sided:
        yield (own.name, own.country, *each.when, partner.name, each.hall, each.place, own.names,
               partner.names, each.interpreter, each.topic)  # fmt: skip


def _by_person(meetings: Iterable[ListedMeeting]) -> Iterator[Sequence[Cell]]:
    seated = [
        (person, own, partner, each)
        for each, own, partner in meeting_list.list_sides(meetings)
        for person in own.people
    ]
    ordered = sorted(seated, key=lambda item: (item[1].name, item[0].name, item[0].key, item[3].start))
    for person, own, partner, each in ordered:
        yield (person.name, own.name, person.email, person.phone, *each.when, partner.name, partner.names,
               each.hall, each.place, each.interpreter, each.topic)  # fmt: skip


def _by_hall(meetings: Iterable[ListedMeeting]) -> Iterator[Sequence[Cell]]:
    for each in sorted(meetings, key=lambda meeting: (meeting.hall, meeting.place, meeting.start)):
        asks, asked = each.sides
        yield (each.hall, each.place, *each.when, asks.name, asked.name, each.interpreter, each.topic)


def _by_interpreter(meetings: Iterable[ListedMeeting]) -> Iterator[Sequence[Cell]]:
    needed = [meeting for meeting in meetings if meeting.interpreter]
    for each in sorted(
        needed, key=lambda meeting: (meeting.interpreter, meeting.interpreter_key, meeting.start)
    ):
        asks, asked = each.sides
        yield (each.interpreter, *each.when, each.hall, each.place, asks.name, asks.names, asked.name,
               asked.names, each.topic)  # fmt: skip


_ROW_MAKERS: Final[Mapping[ListName, Callable[[Iterable[ListedMeeting]], Iterator[Sequence[Cell]]]]] = {
    ListName.MEETINGS: _by_time,
    ListName.FIRMS: _by_firm,
    ListName.PEOPLE: _by_person,
    ListName.HALLS: _by_hall,
    ListName.INTERPRETERS: _by_interpreter,
}


def _list_unscheduled(
    session: Session, actor: Actor, version: ScheduleVersion, language: str
) -> Iterator[Sequence[Cell]]:
    """Yield accepted requests without a meeting, with the reason and the first suggested fixes."""
    sender, receiver = aliased(Firm), aliased(Firm)
    rows = session.execute(
        select(
            MeetingRequest.key,
            sender.name,
            sender.latin_name,
            receiver.name,
            receiver.latin_name,
            MeetingRequest.topics,
            MeetingRequest.priority,
        )
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
        .where(MeetingRequest.event_id == actor.event_id)
    )
    known: dict[str, tuple[Cell, ...]] = {
        key: (
            display_both(asks, latin, language),
            display_both(asked, asked_latin, language),
            topics,
            priority,
        )
        for key, asks, latin, asked, asked_latin, topics, priority in rows
    }
    size = sum(unscheduled.count_by_reason(session, version.id).values())
    for answer in unscheduled.list_unscheduled(session, version.id, first=0, most=size):
        request = known.get(answer["request"], ("", "", "", None))
        remedies = "; ".join(answer.get("remedies", ())[:3])
        yield (*request, answer.get("detail") or answer.get("reason", ""), remedies, answer["request"])


def _list_unanswered(session: Session, actor: Actor, language: str) -> Iterator[Sequence[Cell]]:
    """Yield the requests without a response, sorted by the firm that must respond."""
    actor.require(Right.READ_REQUESTS)
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    sender, receiver = aliased(Firm), aliased(Firm)
    rows = session.execute(
        select(
            receiver.name,
            receiver.latin_name,
            receiver.country,
            sender.name,
            sender.latin_name,
            MeetingRequest.topic,
            MeetingRequest.priority,
            MeetingRequest.created_at,
            MeetingRequest.expires_at,
            MeetingRequest.key,
        )
        .join(sender, sender.id == MeetingRequest.from_firm_id)
        .join(receiver, receiver.id == MeetingRequest.to_firm_id)
        .where(MeetingRequest.event_id == actor.event_id, MeetingRequest.state == RequestState.PENDING)
        .order_by(receiver.latin_name, receiver.id, MeetingRequest.id)
    )
    for asked, asked_latin, country, asks, latin, topic, priority, created, expires, key in rows:
        days = (created.astimezone(zone).date(), expires.astimezone(zone).date() if expires else None)
        firms = (display_both(asked, asked_latin, language), country, display_both(asks, latin, language))
        yield (*firms, topic, priority, *days, key)
