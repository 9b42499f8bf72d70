"""Calendar status board: invitation states per person, and who needs a call before the event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import CalendarState
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.directory.facets import FacetValue
from scheduler.services.directory.references import FirmRef, find_person, firm_columns, load_hall_labels
from scheduler.services.emails.calendar_status import calls
from scheduler.services.emails.calendar_status import people as calendar_people
from scheduler.services.emails.calendar_status.people import (
    SEVERITY,
    WORDS,
    BoardPerson,
    BoardVersion,
    find_published_version,
)
from scheduler.services.emails.calendar_status.seat_counts import SeatCounts, count_chosen_seats, count_seats
from scheduler.services.emails.calendar_status.states import (
    CalendarEntry,
    list_entries,
    list_undelivered_cancellations,
)
from scheduler.services.emails.calendar_status.tallies import MeetingSelection, Tally, count_tallies
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Page, page_of_list
from scheduler.services.schedule import versions
from scheduler.services.text import clean_line
from scheduler.storage.cache.cache_keys import new_digest, rows_text, split_text
from scheduler.storage.cache.memoization import memoize
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, Firm, Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardFilters:
    """Filters of the board. Hall and day select meetings; the others select people with such a meeting.

    `hall` is a name, `day` a date at the venue, `firm` a key, `country` ISO 3166-1 alpha-2. `calls` keeps
    only people who need a call. `whose` keeps those assigned to the reader ("mine") or to nobody ("nobody").
    `sort` is one of `SORTS`.
    """

    text: str = ""
    state: str = ""
    hall: str = ""
    day: str = ""
    country: str = ""
    firm: str = ""
    calls: bool = False
    whose: str = ""
    sort: str = "first"


@dataclass(frozen=True, slots=True)
class BoardFacets:
    """Filter values: states and countries, with the number of people that match all other filters.

    `halls` are names and `days` are dates at the venue, both of the schedule.
    """

    states: tuple[FacetValue, ...]
    countries: tuple[FacetValue, ...]
    halls: tuple[str, ...]
    days: tuple[date, ...]
    calls: int


class BoardEntry(NamedTuple):
    """An attendee in the list, with the fields for filters and sorting."""

    id: int
    key: str
    latin_name: str
    firm: FirmRef
    searched: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Board:
    """The board for a set of filters. `totals` counts the listed people's meetings by state.

    `version` is None if nothing is published.
    """

    version: BoardVersion | None
    timezone: str
    totals: Mapping[CalendarState, int]
    people: tuple[BoardEntry, ...]
    facets: BoardFacets

    def page(
        self,
        session: Session,
        filters: BoardFilters,
        *,
        now: datetime,
        cursor: str | None = None,
        limit: int = 30,
    ) -> Page[BoardPerson]:
        """Return one page of people with their meetings. Only their rows are loaded."""
        found = page_of_list("calendar-health", self.people, cursor=cursor, limit=limit)
        people = list_board_people(session, self, filters, [listed.id for listed in found.items], now=now)
        return found.of(people)


def show_board(session: Session, actor: Actor, filters: BoardFilters, *, now: datetime) -> Board:
    """Return the calendar status of the published schedule.

    Queries and rows grow with the number of people, not of meetings. Raises NotAllowed if the actor is not an
    organiser, and InvalidInput for an unknown state or sort order.
    """
    actor.require(Right.READ_CALENDAR_STATUS)
    _check(filters)
    version = find_published_version(session, actor.event_id)
    zone = session.get_one(Event, actor.event_id).timezone
    slots = _slots(session, actor.event_id)
    found: dict[int, Tally] = {}
    halls, days = set[str](), set[date]()
    if version is not None:
        chosen, every = _chosen(filters, slots, ZoneInfo(zone)), count_seats(session, version)
        people = (
            every.people if chosen == MeetingSelection() else count_chosen_seats(session, version, chosen)
        )
        found = count_tallies(session, version, people, chosen, slots, now=now)
        halls, days = _whole(session, version, every, slots, ZoneInfo(zone))
    tests = _tests(filters)
    tests |= calls.call_filters(session, actor, filters.whose)
    listed = _people(session, actor, found, with_text="text" in tests)
    passing = _passing(listed, tests)
    passing.sort(key=_SORTS[filters.sort])
    return Board(
        version=version,
        timezone=zone,
        totals=_totals(passing),
        people=tuple(passing),
        facets=_facets(listed, tests, halls, days),
    )


def _totals(people: Iterable[BoardEntry]) -> dict[CalendarState, int]:
    """Count these people's meetings by state."""
    totals = dict.fromkeys(CalendarState, 0)
    for listed in people:
        for state, number in listed.tally.counts.items():
            totals[state] += number
    return totals


def list_board_people(
    session: Session, board: Board, filters: BoardFilters, ids: Sequence[int], *, now: datetime
) -> list[BoardPerson]:
    """Return people of a board by id, with those of their meetings that match the filters."""
    if board.version is None or not ids:
        return []
    zone = ZoneInfo(board.timezone)

    def is_chosen(entry: CalendarEntry) -> bool:
        is_there = not filters.hall or entry.hall == filters.hall
        return is_there and filters.day in ("", entry.start.astimezone(zone).date().isoformat())

    return list_version_people(session, board.version, ids, is_chosen, now=now)


def list_version_people(
    session: Session,
    version: BoardVersion,
    ids: Sequence[int],
    is_chosen: Callable[[CalendarEntry], bool] = lambda _: True,
    *,
    now: datetime,
) -> list[BoardPerson]:
    """Return people by id, with those of their meetings in a version that are chosen. Runs seven queries."""
    mine: dict[int, list[CalendarEntry]] = {}
    for entry in list_entries(session, version.event_id, version.id, people=ids):
        if is_chosen(entry):
            mine.setdefault(entry.attendee_id, []).append(entry)
    rows = session.execute(
        select(Attendee, Firm).join(Firm, Firm.id == Attendee.firm_id).where(in_chunks(Attendee.id, ids))
    )
    found = {
        who.id: calendar_people.build_board_person(who, firm, mine.get(who.id, ()), now) for who, firm in rows
    }
    return [found[person_id] for person_id in ids]


def show_person(session: Session, actor: Actor, key: str, *, now: datetime) -> BoardPerson:
    """Return one attendee with all their meetings. Raises NotFound, NotAllowed."""
    actor.require(Right.READ_CALENDAR_STATUS)
    found = find_person(session, actor.event_id, key)
    version = versions.find_published_version(session, actor.event_id)
    mine = list_entries(session, actor.event_id, version.id, people=[found.id]) if version else []
    return calendar_people.build_board_person(found, session.get_one(Firm, found.firm_id), mine, now)


def _check(filters: BoardFilters) -> None:
    faults = []
    if filters.state and filters.state not in set(CalendarState):
        faults.append(Fault("state", gettext_lazy("choose one of %(names)s", names=", ".join(CalendarState))))
    if filters.whose and filters.whose not in calls.WHOSE:
        faults.append(Fault("whose", gettext_lazy("choose one of %(names)s", names=", ".join(calls.WHOSE))))
    if filters.sort not in _SORTS:
        faults.append(Fault("sort", gettext_lazy("choose one of %(names)s", names=", ".join(_SORTS))))
    if faults:
        raise InvalidInput(faults)


def _slots(session: Session, event_id: int) -> dict[int, datetime]:
    """Return the start of each slot, by position."""
    rows = session.execute(select(Slot.position, Slot.start).where(Slot.event_id == event_id))
    return {position: start for position, start in rows}  # noqa: C416 -- dict(rows) loses the types


def _chosen(filters: BoardFilters, slots: Mapping[int, datetime], zone: ZoneInfo) -> MeetingSelection:
    """Select the meetings in the hall and on the day of the filters."""
    if not filters.day:
        return MeetingSelection(filters.hall)
    on_day = [p for p, start in slots.items() if start.astimezone(zone).date().isoformat() == filters.day]
    return MeetingSelection(filters.hall, tuple(on_day))


def _whole(
    session: Session, version: BoardVersion, every: SeatCounts, slots: Mapping[int, datetime], zone: ZoneInfo
) -> tuple[set[str], set[date]]:
    """Return the halls and days of a whole version and of undelivered cancellations."""
    names, gone = (
        load_hall_labels(session, version.event_id),
        list_undelivered_cancellations(session, version.event_id),
    )
    halls: set[str] = {names[hall] for hall, _ in every.where} | {entry.hall for entry in gone}
    starts = {slots[position] for _, position in every.where} | {entry.start for entry in gone}
    return halls, {start.astimezone(zone).date() for start in starts}


def _people(
    session: Session, actor: Actor, found: Mapping[int, Tally], *, with_text: bool
) -> list[BoardEntry]:
    """Return the people with one of these meetings. Text to search is loaded only with `with_text`."""
    sees_emails = actor.may(Right.READ_CONTACTS)
    texts = (Attendee.name, Attendee.email)[: 1 + sees_emails] if with_text else ()
    columns = (Attendee.id, Attendee.firm_id, Attendee.key, Attendee.latin_name, *texts)
    people = rows_text(session, columns, Attendee.event_id == actor.event_id)
    firms = rows_text(session, (Firm.id, *firm_columns(Firm)), Firm.event_id == actor.event_id)
    mark = new_digest(people, firms, repr(with_text))
    known = memoize("calendars", mark, lambda: _known(people, firms))
    pairs = ((each, found.get(each[0])) for each in known)
    return [tuple.__new__(BoardEntry, (*each, tally)) for each, tally in pairs if tally is not None]


def _known(people: str, firms: str) -> list[tuple[int, str, str, FirmRef, str]]:
    """Parse all people of an event: id, key, Latin name, firm, and text to search."""
    refs = {row[0]: FirmRef(*row[1:]) for row in split_text(firms)}
    listed = []
    for who, firm_id, key, latin, *texts in split_text(people):
        firm = refs[firm_id]
        searched = "\n".join((latin, *texts, firm.name, firm.latin_name)).casefold() if texts else ""
        listed.append((int(who), key, latin, firm, searched))
    return listed


Test = Callable[[BoardEntry], bool]


def _tests(filters: BoardFilters) -> dict[str, Test]:
    """Return a predicate on people for each filter that is set."""
    tests: dict[str, Test] = {}
    words = clean_line(filters.text).casefold().split()
    if words:
        tests["text"] = lambda listed: all(word in listed.searched for word in words)
    if filters.state:
        tests["state"] = lambda listed: CalendarState(filters.state) in listed.tally.counts
    if filters.country:
        tests["country"] = lambda listed: listed.firm.country == filters.country
    if filters.firm:
        tests["firm"] = lambda listed: listed.firm.key == filters.firm
    if filters.calls:
        tests["calls"] = lambda listed: bool(listed.tally.calls)
    return tests


def _passing(people: Iterable[BoardEntry], tests: Mapping[str, Test], leave: str = "") -> list[BoardEntry]:
    """Return the people who pass every test, except the test named `leave`."""
    asked = [test for name, test in tests.items() if name != leave]
    if not asked:
        return list(people)
    return [listed for listed in people if all(test(listed) for test in asked)]


def _facets(
    people: Sequence[BoardEntry], tests: Mapping[str, Test], halls: Iterable[str], days: Iterable[date]
) -> BoardFacets:
    kinds = Counter(tuple(listed.tally.counts) for listed in _passing(people, tests, "state"))
    states: Counter[CalendarState] = Counter()
    for kind, number in kinds.items():
        states.update(dict.fromkeys(kind, number))
    countries = Counter([listed.firm.country for listed in _passing(people, tests, "country")])
    return BoardFacets(
        states=tuple(FacetValue(state, WORDS[state], states[state]) for state in CalendarState),
        countries=tuple(FacetValue(code, code, number) for code, number in countries.most_common()),
        halls=tuple(sorted(halls)),
        days=tuple(sorted(days)),
        calls=len([1 for listed in _passing(people, tests, "calls") if listed.tally.calls]),
    )


def _first(listed: BoardEntry) -> tuple[object, ...]:
    """Sort key: the first meeting that needs a call, else the first meeting.

    At equal times, worse states first.
    """
    return listed.tally.first_call or listed.tally.first or (), listed.key


_SORTS: Mapping[str, Callable[[BoardEntry], tuple[object, ...]]] = {
    "first": _first,
    "worst": lambda listed: (SEVERITY.index(listed.tally.worst), _first(listed)),
    "name": lambda listed: (listed.latin_name.casefold(), listed.key),
    "firm": lambda listed: (listed.firm.latin_name.casefold(), listed.latin_name.casefold(), listed.key),
}
SORTS = tuple(_SORTS)
