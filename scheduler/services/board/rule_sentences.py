"""Rule violations in words, with names, times and minutes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import PlaceKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, Violation
from scheduler.i18n import (
    display_name,
    gettext_lazy,
    join_texts,
    localized_time,
    ngettext_lazy,
    pair_label,
    place_label,
    venue_label,
)
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, Hall, Interpreter, Place

FORBIDDEN = gettext_lazy("This time was forbidden manually.")
OTHERS_FORBIDDEN = gettext_lazy(
    "Other meetings would have to move to times that were forbidden for them manually."
)


@dataclass(frozen=True, slots=True)
class BoardNames:
    """Names by key. `people` includes interpreters."""

    people: Mapping[str, str]
    firms: Mapping[str, str]
    places: Mapping[str, str]
    halls: Mapping[str, str]


def load_names(session: Session, event_id: int, problem: Problem) -> BoardNames:
    """Load the names of everything in a problem."""

    def read(table: type[Attendee | Interpreter | Firm], keys: Collection[str]) -> dict[str, str]:
        mine = select(table.key, table.name, table.latin_name).where(
            table.event_id == event_id, in_chunks(table.key, keys)
        )
        return {key: display_name(name, latin) for key, name, latin in session.execute(mine)}

    people = read(Attendee, [row.id for row in problem.attendees])
    people |= read(Interpreter, [row.id for row in problem.interpreters])
    places = session.execute(
        select(Place.key, Place.name).where(
            Place.event_id == event_id, in_chunks(Place.key, [row.id for row in problem.places])
        )
    )
    halls = session.execute(select(Hall.key, Hall.name, Hall.names).where(Hall.event_id == event_id))
    return BoardNames(
        people=people,
        firms=read(Firm, [row.id for row in problem.firms]),
        places={key: place_label(name) for key, name in places},
        halls={key: venue_label(name, names) for key, name, names in halls},
    )


@dataclass(frozen=True)
class RuleWords:
    """Describes violations of a changed plan. `touched` are the requests that the change is about."""

    problem: Problem
    schedule: Schedule
    names: BoardNames
    touched: Collection[str]

    def all_of(self, breaches: Collection[Violation]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.of(breach) for breach in breaches))

    def of(self, breach: Violation) -> str:
        """Return a violation as a sentence."""
        sentence: Callable[[Violation], str] = getattr(self, f"_{breach.rule.lower()}")
        return sentence(breach)

    # Parts of sentences

    def time(self, slot: int) -> str:
        return localized_time(self.problem.slots[slot].start)

    def person(self, key: str) -> str:
        return self.names.people.get(key, key)

    def place(self, key: str) -> str:
        return self.names.places.get(key, key)

    def hall(self, number: int) -> str:
        key = self.problem.halls[number]
        return self.names.halls.get(key, key)

    def pair(self, request: str) -> str:
        asked = self.problem.requests[self.problem.index.requests[request]]
        firms = [self.problem.firms[firm].id for firm in (asked.sender, asked.receiver)]
        return pair_label(*(self.names.firms.get(key, key) for key in firms))

    def held(self, request: str) -> ResolvedMeeting:
        return self.schedule.by_request[self.problem.index.requests[request]]

    def _other_first(self, one: str, two: str) -> tuple[str, str]:
        """Order two requests so that the one outside `touched` comes first, if there is one."""
        return (two, one) if one in self.touched and two not in self.touched else (one, two)

    def who(self, keys: Iterable[str]) -> str:
        return join_texts(self.person(key) for key in keys)

    # One method per rule

    def _format(self, breach: Violation) -> str:
        asked = self.problem.requests[self.problem.index.requests[breach.ids[0]]]
        excluded = {self.problem.attendees[person].id for person in asked.excluded}
        away = [key for key in breach.ids[1:] if key in excluded]
        if away:
            return gettext_lazy("%(people)s declined this meeting.", people=self.who(away))
        if asked.from_attendees or asked.to_attendees:
            named = [self.problem.attendees[p].id for p in (*asked.from_attendees, *asked.to_attendees)]
            return gettext_lazy("The request names its attendees: %(people)s.", people=self.who(named))
        return gettext_lazy("%(pair)s needs one attendee from each exhibitor.", pair=self.pair(asked.id))

    def _h1(self, breach: Violation) -> str:
        pair = self.pair(breach.ids[0])
        return gettext_lazy(
            "%(pair)s must be scheduled: its request is locked, or all requests are required.", pair=pair
        )

    def _h2(self, breach: Violation) -> str:
        held = self.held(breach.ids[0])
        at = self.time(held.start)
        if held.request.length > self.problem.room_ahead[held.start]:
            return gettext_lazy(
                "From %(time)s, there isn't enough time for this meeting before the break.",
                time=at,
            )
        return gettext_lazy(
            "%(time)s is not a possible time for this request, or was forbidden manually.", time=at
        )

    def _h3(self, breach: Violation) -> str:
        person, *both = breach.ids
        other, _ = self._other_first(both[0], both[1])
        return gettext_lazy(
            "%(person)s is in another meeting: %(pair)s, %(time)s.",
            person=self.person(person),
            pair=self.pair(other),
            time=self.time(self.held(other).start),
        )

    def _h4(self, breach: Violation) -> str:
        who, request = breach.ids
        at = self.time(self.held(request).start)
        if who in self.names.places:
            return gettext_lazy("%(place)s is closed on %(time)s.", place=self.place(who), time=at)
        return gettext_lazy("%(person)s is unavailable on %(time)s.", person=self.person(who), time=at)

    def _h5(self, breach: Violation) -> str:
        if breach.ids[0] in self.problem.index.places:
            place, slot, *requests = breach.ids
            others = [each for each in requests if each not in self.touched] or requests[:1]
            return gettext_lazy(
                "%(place)s is occupied on %(time)s: %(pairs)s.",
                place=self.place(place),
                time=self.time(self.problem.index.slots[slot]),
                pairs=join_texts(map(self.pair, others)),
            )
        held = self.held(breach.ids[0])
        found = self.problem.places[held.place]
        place = self.place(found.id)
        if found.owners and held.request.receiver not in found.owners:
            return gettext_lazy("%(place)s is another exhibitor's booth.", place=place)
        if found.capacity == 0:
            return gettext_lazy("%(place)s is not available for meetings.", place=place)
        if held.request.place.value == "booth":
            return gettext_lazy("The request asks for a booth, but %(place)s is not a booth.", place=place)
        return gettext_lazy("The request asks for a table, but %(place)s is not a table.", place=place)

    def _h6(self, breach: Violation) -> str:
        person, first, second = breach.ids
        one, two = self.held(first), self.held(second)
        slots = self.problem.slots
        has = (slots[two.start].start - slots[one.stop - 1].end).total_seconds() / 60
        values = {
            "person": self.person(person),
            "minutes": f"{self.problem.walking[one.hall][two.hall]:g}",
            "has": f"{has:g}",
        }
        if second in self.touched and first not in self.touched:
            return gettext_lazy(
                "%(person)s is in %(hall)s until %(time)s. The walk takes %(minutes)s minutes, "
                "but there are only %(has)s.",
                hall=self.hall(one.hall),
                time=f"{slots[one.stop - 1].end:%H:%M}",
                **values,
            )
        return gettext_lazy(
            "%(person)s is in %(hall)s at %(time)s. The walk takes %(minutes)s minutes, but"
            " there are only %(has)s.",
            hall=self.hall(two.hall),
            time=f"{slots[two.start].start:%H:%M}",
            **values,
        )

    def _h7(self, breach: Violation) -> str:
        held = self.held(breach.ids[0])
        if held.meeting.interpreter is None:
            return gettext_lazy(
                "The two sides share no language, and no suitable interpreter is available then."
            )
        name = self.person(held.meeting.interpreter)
        if held.interpreter is None or "needs no interpreter" in breach.detail:
            return gettext_lazy(
                "The two sides share a language, so interpreter %(person)s is not needed.", person=name
            )
        return gettext_lazy("%(person)s doesn't speak the languages of both sides.", person=name)

    def _h8(self, breach: Violation) -> str:
        (key,) = breach.ids
        index = self.problem.index
        if key in index.attendees:
            cap, name = self.problem.attendees[index.attendees[key]].max_per_day, self.person(key)
        else:
            cap = self.problem.firms[index.firms[key]].max_per_day
            name = self.names.firms.get(key, key)
        return gettext_lazy(
            "%(name)s has already reached the limit of meetings that day (%(cap)s).", name=name, cap=cap
        )

    def _h9(self, breach: Violation) -> str:
        pair = self.pair(breach.ids[0])
        fixed = self.problem.requests[self.problem.index.requests[breach.ids[0]]].fixed
        if fixed is None:
            return gettext_lazy("%(pair)s is locked to its time. Unlock the request first.", pair=pair)
        at = self.time(fixed.slot)
        return gettext_lazy("%(pair)s is locked to %(time)s. Unlock the request first.", pair=pair, time=at)

    def _h10(self, breach: Violation) -> str:
        until, pair = self.problem.frozen_until, self.pair(breach.ids[0])
        return gettext_lazy(
            "Meetings that start before %(time)s are frozen: %(pair)s stays as published.",
            time=localized_time(until) if until else "",
            pair=pair,
        )

    def _h11(self, breach: Violation) -> str:
        one, two = map(self.pair, breach.ids[:2])
        return gettext_lazy("%(one)s must end before %(two)s starts.", one=one, two=two)

    def _h12(self, breach: Violation) -> str:
        people = self.who(breach.ids)
        return gettext_lazy(
            "The idle times of these people would differ too much: %(people)s.", people=people
        )

    def _h13(self, breach: Violation) -> str:
        return ngettext_lazy(
            "%(num)s published meeting would change, which exceeds the limit.",
            "%(num)s published meetings would change, which exceeds the limit.",
            len(breach.ids),
        )

    def _h14(self, breach: Violation) -> str:
        request, interpreter, place = breach.ids
        return gettext_lazy(
            "Interpreter %(person)s is assigned to a table other than %(place)s on %(time)s.",
            person=self.person(interpreter),
            place=self.place(place),
            time=self.time(self.held(request).start),
        )

    def _h15(self, breach: Violation) -> str:
        one, two, *requests = breach.ids
        limit = self.problem.policy.max_pair_per_day or 0
        return ngettext_lazy(
            "%(people)s would meet more than once that day: %(pairs)s.",
            "%(people)s would meet more than %(num)s times that day: %(pairs)s.",
            limit,
            people=self.who((one, two)),
            pairs=join_texts(map(self.pair, requests)),
        )

    def _h16(self, breach: Violation) -> str:
        key, *requests = breach.ids
        limit = self.problem.most_in_row[self.problem.index.attendees[key]]
        return gettext_lazy(
            "%(person)s would have %(count)s meetings in a row. The limit is %(limit)s.",
            person=self.person(key),
            count=len(requests),
            limit=limit,
        )

    def _h17(self, breach: Violation) -> str:
        key, *days = breach.ids
        limit = self.problem.most_days[self.problem.index.attendees[key]]
        return gettext_lazy(
            "%(person)s would have meetings on %(count)s days. The limit is %(limit)s.",
            person=self.person(key),
            count=len(days),
            limit=limit,
        )


def describe_other_place(kind: PlaceKind, there: str, people: str) -> str:
    """Describe the place that is used instead of the requested one."""
    if kind is PlaceKind.TABLE:
        if people:
            return gettext_lazy(
                "free at another table: %(place)s, with %(people)s", place=there, people=people
            )
        return gettext_lazy("free at another table: %(place)s", place=there)
    if people:
        return gettext_lazy("free at another booth: %(place)s, with %(people)s", place=there, people=people)
    return gettext_lazy("free at another booth: %(place)s", place=there)


def load_words(
    session: Session,
    event_id: int,
    problem: Problem,
    meetings: Collection[Meeting],
    touched: Collection[str],
) -> RuleWords:
    """Load the names that describe violations of a problem and its plan."""
    return RuleWords(problem, Schedule.of(problem, meetings), load_names(session, event_id, problem), touched)
