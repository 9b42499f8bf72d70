"""The rules in words: why a change is refused, with names, times and minutes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.held import Held, Schedule, Violation
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Firm, Hall, Interpreter, Place


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called, by their keys. Interpreters are among the people."""

    people: Mapping[str, str]
    firms: Mapping[str, str]
    places: Mapping[str, str]
    halls: Mapping[str, str]


def names_of(session: Session, event_id: int, problem: Problem) -> Names:
    """The names of all that a problem has."""

    def read(table: type[Attendee | Interpreter | Firm], keys: Collection[str]) -> dict[str, str]:
        mine = select(table.key, table.latin_name).where(table.event_id == event_id, among(table.key, keys))
        return {key: name for key, name in session.execute(mine)}  # noqa: C416 -- as in versions

    people = read(Attendee, [row.id for row in problem.attendees])
    people |= read(Interpreter, [row.id for row in problem.interpreters])
    places = session.execute(
        select(Place.key, Place.name).where(
            Place.event_id == event_id, among(Place.key, [row.id for row in problem.places])
        )
    )
    halls = session.execute(select(Hall.key, Hall.name).where(Hall.event_id == event_id))
    return Names(
        people=people,
        firms=read(Firm, [row.id for row in problem.firms]),
        places={key: name for key, name in places},  # noqa: C416 -- as above
        halls={key: name for key, name in halls},  # noqa: C416 -- as above
    )


@dataclass(frozen=True)
class RuleWords:
    """Sentences about breaches of a changed plan. `touched` are the requests that the change is about."""

    problem: Problem
    schedule: Schedule
    names: Names
    touched: Collection[str]

    def all_of(self, breaches: Collection[Violation]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.of(breach) for breach in breaches))

    def of(self, breach: Violation) -> str:
        """One breach as a sentence."""
        say: Callable[[Violation], str] = getattr(self, f"_{breach.rule.lower()}")
        return say(breach)

    # What sentences are made of

    def time(self, slot: int) -> str:
        return f"{self.problem.slots[slot].start:%a %H:%M}"

    def person(self, key: str) -> str:
        return self.names.people.get(key, key)

    def place(self, key: str) -> str:
        return self.names.places.get(key, key)

    def hall(self, number: int) -> str:
        key = self.problem.halls[number]
        return self.names.halls.get(key, key)

    def pair(self, request: str) -> str:
        row = self.problem.requests[self.problem.index.requests[request]]
        firms = [self.problem.firms[firm].id for firm in (row.sender, row.receiver)]
        return " × ".join(self.names.firms.get(key, key) for key in firms)

    def held(self, request: str) -> Held:
        return self.schedule.by_request[self.problem.index.requests[request]]

    def _other_first(self, one: str, two: str) -> tuple[str, str]:
        """Two requests: first the one that the change is not about, if there is one."""
        return (two, one) if one in self.touched and two not in self.touched else (one, two)

    # A rule each

    def _format(self, breach: Violation) -> str:
        row = self.problem.requests[self.problem.index.requests[breach.ids[0]]]
        excluded = {self.problem.attendees[person].id for person in row.excluded}
        away = [self.person(key) for key in breach.ids[1:] if key in excluded]
        if away:
            return f"{', '.join(away)} declined this meeting."
        if row.from_attendees or row.to_attendees:
            named = [self.problem.attendees[p].id for p in (*row.from_attendees, *row.to_attendees)]
            return f"The request names who comes: {', '.join(self.person(key) for key in named)}."
        return f"{self.pair(row.id)} takes one person of each firm."

    def _h1(self, breach: Violation) -> str:
        return f"{self.pair(breach.ids[0])} has to be held: its request is locked, or all have to be."

    def _h2(self, breach: Violation) -> str:
        held = self.held(breach.ids[0])
        if held.request.length > self.problem.room_ahead[held.start]:
            return f"From {self.time(held.start)} there is too little time before the break for this meeting."
        return f"{self.time(held.start)} is no time of this request, or was forbidden to it by hand."

    def _h3(self, breach: Violation) -> str:
        person, *both = breach.ids
        other, _ = self._other_first(both[0], both[1])
        held = self.held(other)
        return f"{self.person(person)} is in {self.pair(other)} then, from {self.time(held.start)}."

    def _h4(self, breach: Violation) -> str:
        who, request = breach.ids
        held = self.held(request)
        if who in self.names.places:
            return f"{self.place(who)} is closed on {self.time(held.start)}."
        return f"{self.person(who)} is away on {self.time(held.start)}."

    def _h5(self, breach: Violation) -> str:
        if breach.ids[0] in self.problem.index.places:
            place, slot, *requests = breach.ids
            others = [self.pair(each) for each in requests if each not in self.touched] or [
                self.pair(requests[0])
            ]
            at = self.time(self.problem.index.slots[slot])
            return f"{self.place(place)} is taken on {at} by {', '.join(others)}."
        held = self.held(breach.ids[0])
        place_row = self.problem.places[held.place]
        if place_row.owners and held.request.receiver not in place_row.owners:
            return f"{self.place(place_row.id)} is another firm's booth."
        if place_row.capacity == 0:
            return f"{self.place(place_row.id)} holds no meetings."
        return f"The request wishes a {held.request.place.value}; {self.place(place_row.id)} is none."

    def _h6(self, breach: Violation) -> str:
        person, first, second = breach.ids
        one, two = self.held(first), self.held(second)
        minutes = self.problem.walking[one.hall][two.hall]
        slots = self.problem.slots
        has = (slots[two.start].start - slots[one.stop - 1].end).total_seconds() / 60
        if second in self.touched and first not in self.touched:
            until = f"{slots[one.stop - 1].end:%H:%M}"
            where = f"is in {self.hall(one.hall)} until {until}"
        else:
            where = f"is in {self.hall(two.hall)} at {slots[two.start].start:%H:%M}"
        return f"{self.person(person)} {where}; the walk takes {minutes:g} minutes, and there are {has:g}."

    def _h7(self, breach: Violation) -> str:
        held = self.held(breach.ids[0])
        if held.meeting.interpreter is None:
            return "The two sides share no language, and no interpreter for them is free then."
        name = self.person(held.meeting.interpreter)
        if held.interpreter is None or "needs no interpreter" in breach.detail:
            return f"The two sides share a language: {name} is not needed."
        return f"{name} does not speak with both sides."

    def _h8(self, breach: Violation) -> str:
        (key,) = breach.ids
        index = self.problem.index
        if key in index.attendees:
            cap, name = self.problem.attendees[index.attendees[key]].max_per_day, self.person(key)
        else:
            cap = self.problem.firms[index.firms[key]].max_per_day
            name = self.names.firms.get(key, key)
        return f"{name} has {cap} meetings that day already, which is the most."

    def _h9(self, breach: Violation) -> str:
        fixed = self.problem.requests[self.problem.index.requests[breach.ids[0]]].fixed
        at = self.time(fixed.slot) if fixed else "its time"
        return f"{self.pair(breach.ids[0])} is locked to {at}. Unlock the request first."

    def _h10(self, breach: Violation) -> str:
        until = self.problem.frozen_until
        at = f"{until:%a %H:%M}" if until else ""
        return f"What starts before {at} is frozen: {self.pair(breach.ids[0])} stays as it is published."

    def _h11(self, breach: Violation) -> str:
        return f"{self.pair(breach.ids[0])} has to end before {self.pair(breach.ids[1])} starts."

    def _h12(self, breach: Violation) -> str:
        both = ", ".join(self.person(key) for key in breach.ids)
        return f"The waiting times of people would be too far apart: {both}."

    def _h13(self, breach: Violation) -> str:
        return f"{len(breach.ids)} published meetings would be changed, which is too many."


def words_of(
    session: Session,
    event_id: int,
    problem: Problem,
    meetings: Collection[Meeting],
    touched: Collection[str],
) -> RuleWords:
    """The words for a problem and a plan of it."""
    return RuleWords(problem, Schedule.of(problem, meetings), names_of(session, event_id, problem), touched)
