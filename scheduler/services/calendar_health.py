"""The calendar health board: per person what came of their invitations, and whom to phone before day one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.services import calendar_people, history, versions
from scheduler.services.actors import Actor
from scheduler.services.calendar_people import SEVERITY, WORDS, Person, count
from scheduler.services.calendar_states import Entry, entries
from scheduler.services.facets import FacetValue
from scheduler.services.paging import Page
from scheduler.services.people import find_person
from scheduler.services.texts import one_line
from scheduler.storage.models import Attendee, Event, Firm, ScheduleVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a board shows: hall and day choose meetings, the others people with such a meeting.

    `hall` is a name, `day` a date at the venue, `firm` a key, `country` ISO 3166-1 alpha-2; `calls` leaves
    those who need a call. `sort` is first (meeting), worst (state), name or firm.
    """

    text: str = ""
    state: str = ""
    hall: str = ""
    day: str = ""
    country: str = ""
    firm: str = ""
    calls: bool = False
    sort: str = "first"


@dataclass(frozen=True, slots=True)
class Facets:
    """What to filter by: states and countries with how many people each would leave under all the others.

    `halls` are names, `days` dates at the venue: those of the schedule.
    """

    states: tuple[FacetValue, ...]
    countries: tuple[FacetValue, ...]
    halls: tuple[str, ...]
    days: tuple[date, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class Board:
    """`totals` are meetings by state, of the people who are found; `version` None: nothing is published."""

    version: ScheduleVersion | None
    timezone: str
    totals: Mapping[CalendarState, int]
    people: tuple[Person, ...]
    facets: Facets

    def page(self, *, cursor: str | None = None, limit: int = 30) -> Page[Person]:
        return history.part("calendar-health", self.people, cursor=cursor, limit=limit)


def board(session: Session, actor: Actor, filters: Filters, *, now: datetime) -> Board:
    """The published schedule in everybody's calendars. Nine queries, however many meetings.

    Raises NotAllowed for who is no organiser, InvalidInput for a state or a sorting that there is not.
    """
    actor.require_organiser()
    _check(filters)
    version = versions.published(session, actor.event_id)
    zone = session.get_one(Event, actor.event_id).timezone
    listed = entries(session, actor.event_id, version.id) if version else []
    people = _people(session, actor, _chosen(listed, filters, ZoneInfo(zone)), now)
    tests = _tests(filters)
    found = _passing(people, tests)
    found.sort(key=_SORTS[filters.sort])
    return Board(
        version=version,
        timezone=zone,
        totals=count(entry for person in found for entry in person.meetings),
        people=tuple(found),
        facets=_facets(listed, people, tests, ZoneInfo(zone)),
    )


def person(session: Session, actor: Actor, key: str, *, now: datetime) -> Person:
    """One attendee with all their meetings; raises NotFound, NotAllowed."""
    actor.require_organiser()
    found = find_person(session, actor.event_id, key)
    version = versions.published(session, actor.event_id)
    mine = entries(session, actor.event_id, version.id, attendee_id=found.id) if version else []
    return calendar_people.of(found, session.get_one(Firm, found.firm_id), mine, now)


def _check(filters: Filters) -> None:
    faults = []
    if filters.state and filters.state not in set(CalendarState):
        faults.append(Fault("state", "must be one of " + ", ".join(CalendarState)))
    if filters.sort not in _SORTS:
        faults.append(Fault("sort", "must be one of " + ", ".join(_SORTS)))
    if faults:
        raise InvalidInput(faults)


def _chosen(listed: Iterable[Entry], filters: Filters, zone: ZoneInfo) -> list[Entry]:
    """The meetings in the hall and on the day that are asked for."""
    return [
        entry
        for entry in listed
        if (not filters.hall or entry.hall == filters.hall)
        and (not filters.day or entry.start.astimezone(zone).date().isoformat() == filters.day)
    ]


def _people(session: Session, actor: Actor, listed: Iterable[Entry], now: datetime) -> list[Person]:
    """Whoever has one of these meetings."""
    by_person: dict[int, list[Entry]] = {}
    for entry in listed:
        by_person.setdefault(entry.attendee_id, []).append(entry)
    rows = session.execute(
        select(Attendee, Firm)
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(Attendee.event_id == actor.event_id)
    )
    return [
        calendar_people.of(who, firm, by_person[who.id], now) for who, firm in rows if who.id in by_person
    ]


Test = Callable[[Person], bool]


def _tests(filters: Filters) -> dict[str, Test]:
    """What a person has to be, by the filter that asks for it."""
    tests: dict[str, Test] = {}
    words = one_line(filters.text).casefold().split()
    if words:
        tests["text"] = lambda person: all(word in _searched(person) for word in words)
    if filters.state:
        tests["state"] = lambda person: any(entry.state == filters.state for entry in person.meetings)
    if filters.country:
        tests["country"] = lambda person: person.firm.country == filters.country
    if filters.firm:
        tests["firm"] = lambda person: person.firm.key == filters.firm
    if filters.calls:
        tests["calls"] = lambda person: bool(person.calls)
    return tests


def _searched(person: Person) -> str:
    firm = person.firm
    texts = (person.name, person.latin_name, person.email, firm.name, firm.latin_name)
    return "\n".join(texts).casefold()


def _passing(people: Iterable[Person], tests: Mapping[str, Test], leave: str = "") -> list[Person]:
    """The people who pass every test but the one called `leave`."""
    asked = [test for name, test in tests.items() if name != leave]
    return [person for person in people if all(test(person) for test in asked)]


def _facets(
    listed: Sequence[Entry], people: Sequence[Person], tests: Mapping[str, Test], zone: ZoneInfo
) -> Facets:
    states = Counter(
        s for person in _passing(people, tests, "state") for s in {e.state for e in person.meetings}
    )
    countries = Counter(person.firm.country for person in _passing(people, tests, "country"))
    return Facets(
        states=tuple(FacetValue(state, WORDS[state], states[state]) for state in CalendarState),
        countries=tuple(FacetValue(code, code, number) for code, number in countries.most_common()),
        halls=tuple(sorted({entry.hall for entry in listed})),
        days=tuple(sorted({entry.start.astimezone(zone).date() for entry in listed})),
        calls=sum(bool(person.calls) for person in _passing(people, tests, "calls")),
    )


def _first(person: Person) -> tuple[datetime, int, str]:
    """The first meeting that needs a call, else the first one; of two at one time the worse."""
    entry = (person.calls or person.meetings)[0]
    return entry.start, SEVERITY.index(entry.state), person.key


_SORTS: Mapping[str, Callable[[Person], tuple[object, ...]]] = {
    "first": _first,
    "worst": lambda person: (SEVERITY.index(person.worst or CalendarState.ACCEPTED), *_first(person)),
    "name": lambda person: (person.latin_name.casefold(), person.key),
    "firm": lambda person: (person.firm.latin_name.casefold(), person.latin_name.casefold(), person.key),
}
SORTS = tuple(_SORTS)
