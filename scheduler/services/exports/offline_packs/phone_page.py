"""The pack's page for phones: one HTML file with its data, which opens from a file and needs no network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.domain.names import display_both, translated_name, translated_place_name
from scheduler.invites.catalogue import Words, languages, load_words
from scheduler.services.exports import meeting_list
from scheduler.services.exports.meeting_list import ListedMeeting
from scheduler.services.exports.print_codes import PrintChange
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.schedule import versions
from scheduler.storage.models import (
    Attendee,
    Event,
    Firm,
    Hall,
    Interpreter,
    Place,
    PlannedMeeting,
    ScheduleVersion,
)

DATA: Final = '<script type="application/json" id="data">'
"""Start of the element with the data."""
_HERE: Final = "<!-- data -->"

Names = str | list[str]
"""A name, or one for each language of the page if they differ."""


def make_page(session: Session, actor: Actor, number: int, now: datetime) -> bytes:
    """Return the page of a version. Raises NotFound."""
    text = json.dumps(make_data(session, actor, number, now), ensure_ascii=False, separators=(",", ":"))
    page = (files(__package__) / "phone_page.html").read_text("utf-8")
    script = f"{DATA}{text.replace('<', chr(92) + 'u003c')}</script>"
    return page.replace(_HERE, script).encode("utf-8", "replace")


def make_data(session: Session, actor: Actor, number: int, now: datetime) -> dict[str, Any]:
    """Return the page's data as a JSON document. Objects refer to each other by position. Raises NotFound."""
    actor.require(Right.READ_CONTACTS)
    version = versions.get_version(session, actor.event_id, number)
    event = session.get_one(Event, actor.event_id)
    meetings = meeting_list.list_meetings(session, actor, version.id)
    earlier = _list_earlier_meetings(session, actor, version)
    index = _Index(session, event, [*meetings, *earlier])
    texts = {tag: load_words(tag) for tag in index.languages}
    zone = ZoneInfo(event.timezone)
    days = sorted({moment.date() for each in [*meetings, *earlier] for moment in (each.start, each.end)})
    return {
        "event": event.name,
        "zone": event.timezone,
        "contact": event.contact,
        "languages": {tag: _texts(words, version, now, zone) for tag, words in texts.items()},
        "days": {day.isoformat(): _day_names(day, texts.values()) for day in days},
        "halls": [index.each(translated_name, row.name, row.names) for row in index.halls.values()],
        "places": [
            [index.each(translated_place_name, row.name), index.hall_positions[row.hall_id]]
            for row in index.places.values()
        ],
        "firms": [[index.name(row), row.country] for row in index.firms.values()],
        "people": [
            [index.name(row), index.firm_positions[row.firm_id], row.phone, row.title]
            for row in index.people.values()
        ],
        "interpreters": [[index.name(row)] for row in index.interpreters.values()],
        "meetings": [index.meeting(each) for each in meetings],
        "changes": list(_changes(index, earlier, meetings)),
    }


class _Index:
    """The event's rows by key, and the positions of their keys in the lists of the document."""

    def __init__(self, session: Session, event: Event, meetings: Sequence[ListedMeeting]) -> None:
        self.session, self.event = session, event
        self.languages = sorted(languages(), key=lambda tag: tag != event.language)  # the event's comes first
        sides = [side for each in meetings for side in each.sides]
        seated = {person.key for side in sides for person in side.people}
        self.halls = self._rows(Hall, Hall.position, Hall.id)
        self.firms = self._rows(Firm, Firm.latin_name, Firm.id)
        self.people = self._rows(Attendee, Attendee.latin_name, Attendee.id, used=seated)
        self.places = self._rows(Place, Place.key, Place.id, used={each.place for each in meetings})
        used = {each.interpreter_key for each in meetings}
        self.interpreters = self._rows(Interpreter, Interpreter.latin_name, Interpreter.id, used=used)
        self.hall_positions = {row.id: at for at, row in enumerate(self.halls.values())}
        self.firm_positions = {row.id: at for at, row in enumerate(self.firms.values())}
        self._positions: dict[int, dict[str, int]] = {}

    def _rows(self, table: Any, *order: Any, used: Iterable[str] | None = None) -> Mapping[str, Any]:
        """Return the rows by key. With `used`, withdrawn and retired ones only if a meeting has them."""
        rows = self.session.scalars(select(table).where(table.event_id == self.event.id).order_by(*order))
        return {
            row.key: row
            for row in rows
            if used is None
            or row.key in used
            or not (getattr(row, "withdrawn_at", None) or getattr(row, "is_retired", False))
        }

    def each(self, name_in: Callable[..., str], *names: Any) -> Names:
        """Return `name_in(*names, language)` for each language, or once if all are equal."""
        found = [name_in(*names, language) for language in self.languages]
        return found[0] if len(set(found)) == 1 else found

    def name(self, row: Any) -> Names:
        return self.each(display_both, row.name, row.latin_name)

    def position(self, rows: Mapping[str, Any], key: str) -> int:
        """Return the position of a key in a list of the document."""
        known = self._positions.get(id(rows))
        if known is None:
            known = self._positions[id(rows)] = {each: at for at, each in enumerate(rows)}
        return known[key]

    def meeting(self, each: ListedMeeting) -> list[Any]:
        """Return a meeting: times, place, firms, their people, interpreter or -1, topic."""
        asks, asked = each.sides
        return [
            f"{each.start:%Y-%m-%dT%H:%M}",
            f"{each.end:%Y-%m-%dT%H:%M}",
            self.position(self.places, each.place),
            *(self.position(self.firms, side.key) for side in (asks, asked)),
            *([self.position(self.people, person.key) for person in side.people] for side in (asks, asked)),
            self.position(self.interpreters, each.interpreter_key) if each.interpreter_key else -1,
            each.topic,
        ]


def _list_earlier_meetings(
    session: Session, actor: Actor, version: ScheduleVersion
) -> Sequence[ListedMeeting]:
    """Return the meetings of the version published before, with those withdrawn since then."""
    earlier = session.scalar(
        select(ScheduleVersion)
        .where(
            ScheduleVersion.event_id == actor.event_id,
            ScheduleVersion.number < version.number,
            ScheduleVersion.state == VersionState.SUPERSEDED,
        )
        .order_by(ScheduleVersion.number.desc())
        .limit(1)
    )
    if earlier is None:
        return ()
    zone = ZoneInfo(session.get_one(Event, actor.event_id).timezone)
    return meeting_list.select_meetings(
        session, zone, PlannedMeeting.version_id == earlier.id, at=earlier.published_at
    )


def _changes(
    index: _Index, earlier: Sequence[ListedMeeting], meetings: Sequence[ListedMeeting]
) -> Iterable[list[Any]]:
    """Yield each change: its kind, the earlier meeting or None, the position of the current one or -1."""
    was = {each.request: each for each in earlier}
    now = {each.request: at for at, each in enumerate(meetings)}
    if not was:
        return
    for request in [*was, *(key for key in now if key not in was)]:
        before = was.get(request)
        after = meetings[now[request]] if request in now else None
        kind = _kind(before, after)
        if kind is not None:
            yield [str(kind), index.meeting(before) if before else None, now.get(request, -1)]


def _kind(was: ListedMeeting | None, now: ListedMeeting | None) -> PrintChange | None:
    if was is None:
        return PrintChange.NEW
    if now is None:
        return PrintChange.CANCELLED
    if (was.start, was.end) != (now.start, now.end):
        return PrintChange.MOVED
    if was.place != now.place:
        return PrintChange.RELOCATED
    return PrintChange.PEOPLE if _people(was) != _people(now) else None


def _people(meeting: ListedMeeting) -> tuple[set[str], str]:
    people = {person.key for side in meeting.sides for person in side.people}
    return people, meeting.interpreter_key


def _day_names(day: date, texts: Iterable[Words]) -> list[str]:
    return [words.day_of(day) for words in texts]


def _texts(words: Words, version: ScheduleVersion, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the page's texts in a language."""

    def moment(at: datetime) -> str:
        local = at.astimezone(zone)
        return words.moment.format(day=words.day_of(local), time=f"{local:%H:%M}")

    published = version.published_at or version.created_at
    stamp = words.sheet["stamp"].format(
        version=version.number, moment=moment(published), zone=words.zone_of(published.astimezone(zone), zone)
    )
    kinds = {str(kind): words.printed[str(kind)] for kind in PrintChange}
    return {
        "name": words.name,
        "direction": words.direction,
        "stamp": stamp,
        "made": words.pack["made"].format(moment=moment(now)),
        "none": words.sheet["none"],
        "contact": words.off["contact"],
        "interpreter": words.interpreter,
        "topic": words.topic,
        "colon": words.colon,
        "comma": words.list_comma,
        "location": words.location,
        **{name: text for name, text in words.pack.items() if name != "made"},
        **kinds,
    }
