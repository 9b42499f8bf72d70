"""Occupancy: who and what the meetings of a plan take, on slot masks, and what one more would do."""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem, Request, round_up_share
from scheduler.domain.rules.idle import person_idle_figure
from scheduler.domain.rules.people import has_time_to_walk
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule
from scheduler.domain.rules.score import hall_changes
from scheduler.domain.rules.spacing import meetings_in_row
from scheduler.domain.rules.stability import compare_to_published, count_attendee_changes
from scheduler.solver.instance.choices import Choices, Person, mask_slots, meeting_people, run_starts
from scheduler.solver.instance.firms import counts_group_gap

T = TypeVar("T")


def sort_by_time(held: ResolvedMeeting) -> tuple[int, int]:
    return held.start, held.index


def slot_mask(held: ResolvedMeeting) -> int:
    return ((1 << (held.stop - held.start)) - 1) << held.start


class Occupancy:
    """The meetings of a plan by person, place and day. Meetings can be taken out and put back."""

    def __init__(self, problem: Problem, choices: Choices, schedule: Schedule) -> None:
        self.problem, self.choices = problem, choices
        self.held: dict[int, ResolvedMeeting] = {}
        self.busy: dict[Person, int] = defaultdict(int)
        self.agenda: dict[Person, list[ResolvedMeeting]] = defaultdict(list)
        self.load: Counter[tuple[int, int]] = Counter()
        self.space = list(choices.place_free)
        self.on_day: Counter[tuple[Person, int]] = Counter()
        self.of_firm: Counter[int] = Counter()
        self._known: dict[Person | None, dict[Hashable, Any]] = {}
        self.withdrawn: Request | None = None
        """A request that counts as withdrawn, so that shares of groups are of the others. It is not held."""
        for held in schedule.by_request.values():
            self.add(held)

    def add(self, held: ResolvedMeeting) -> None:
        self.held[held.index] = held
        for person in meeting_people(held.attendees, held.interpreter):
            self.busy[person] |= slot_mask(held)
            insort(self.agenda[person], held, key=sort_by_time)
            self._known.pop(person, None)
        self._count(held, 1)

    def remove(self, held: ResolvedMeeting) -> None:
        del self.held[held.index]
        for person in meeting_people(held.attendees, held.interpreter):
            self.agenda[person].remove(held)
            self.busy[person] = 0
            for other in self.agenda[person]:
                self.busy[person] |= slot_mask(other)
            self._known.pop(person, None)
        self._count(held, -1)

    def _count(self, held: ResolvedMeeting, change: int) -> None:
        day, request = self.problem.days[held.start], held.request
        for slot in held.slots():
            self.load[held.place, slot] += change
            full = self.load[held.place, slot] >= self.problem.places[held.place].capacity
            space = self.space[held.place] & ~(1 << slot)
            self.space[held.place] = (
                space if full else space | self.choices.place_free[held.place] & 1 << slot
            )
        for a in held.attendees:
            self.on_day[("attendee", a), day] += change
        for firm in (request.sender, request.receiver):
            self.on_day[("firm", firm), day] += change
            self.of_firm[firm] += change
        self._known.pop(None, None)

    @cached_property
    def precedences(self) -> dict[int, list[tuple[int, int]]]:
        """The precedences that name a request."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for pair in self.problem.precedences:
            for r in pair:
                found[r].append(pair)
        return found

    @cached_property
    def fewer(self) -> list[int]:
        """By firm: how much lower its floor and fair shares are taken than they are."""
        return [0] * len(self.problem.firms)

    def remember(self, person: Person | None, key: Hashable, find: Callable[[], T]) -> T:
        """What follows from one person's meetings, or from those of all (None): found once until they change.

        A person is in the way of many requests, so the same is asked again and again.
        """
        known = self._known.setdefault(person, {})
        if key not in known:
            known[key] = find()
        found: T = known[key]
        return found

    def held_at(self, attendee: int) -> Mapping[int, ResolvedMeeting]:
        """The meeting of an attendee in each slot that has one."""
        person = "attendee", attendee
        return self.remember(
            person, "slots", lambda: {slot: held for held in self.agenda[person] for slot in held.slots()}
        )

    def room_in(self, places: Iterable[int], length: int) -> int:
        """The starts at which one of these places has room for a meeting of this length."""
        mask = 0
        for place in places:
            mask |= self.choices.starts(self.space[place], length)
        return mask

    def room_at_tables(self, length: int) -> int:
        return self.remember(None, ("tables", length), lambda: self.room_in(self.choices.tables, length))

    def days_below(self, person: Person, cap: int | None) -> int:
        """The slots of the days on which an attendee or a firm may have one more meeting."""
        if cap is None:
            return self.choices.all_slots
        mask = 0
        for day, slots in enumerate(self.choices.day_masks):
            if self.on_day[person, day] < cap:
                mask |= slots
        return mask

    def days_within(self, attendee: int) -> int:
        """The slots of the days on which an attendee may have a meeting by their most days (H17)."""
        most = self.problem.most_days[attendee]
        if most is None:
            return self.choices.all_slots
        mask = count = 0
        for day, slots in enumerate(self.choices.day_masks):
            if self.on_day[("attendee", attendee), day]:
                mask |= slots
                count += 1
        return mask if count >= most else self.choices.all_slots

    def days_of_pair(self, one: int, two: int, most: int) -> int:
        """The slots of the days on which two attendees may have one more meeting with each other."""
        days = self.problem.days
        met = Counter(days[held.start] for held in self.agenda["attendee", one] if two in held.attendees)
        mask = 0
        for day, slots in enumerate(self.choices.day_masks):
            if met[day] < most:
                mask |= slots
        return mask

    def starts_in_short_rows(self, attendee: int, length: int) -> int:
        """The starts of a meeting that gives an attendee few enough in a row, or overlaps one of theirs."""
        mask, everything = self.choices.all_slots, self.choices.all_slots
        most = self.problem.most_in_row[attendee]
        if most is None or len(self.agenda["attendee", attendee]) < most:
            return everything
        free = run_starts(everything & ~self.busy["attendee", attendee], length)
        for start, count in self.rows_with(attendee, length, free):
            if count > most:
                mask &= ~(1 << start)
        return mask

    def rows_with(self, attendee: int, length: int, starts: int) -> Iterator[tuple[int, int]]:
        """Each of these starts, with how many meetings an attendee has in a row by one more in it."""
        problem = self.problem
        rows = list(meetings_in_row(problem, self.agenda["attendee", attendee]))
        before = {row[-1].stop: len(row) for row in rows}
        after = {row[0].start: len(row) for row in rows}
        for start in mask_slots(starts):
            end = start + length - 1
            ahead = before.get(start, 0) if start and problem.is_followed(start - 1) else 0
            behind = after.get(end + 1, 0) if problem.is_followed(end) else 0
            yield start, ahead + 1 + behind

    def can_walk(self, person: Person, start: int, stop: int, hall: int) -> bool:
        """Whether a meeting in this hall leaves the walks to and from the ones before and after it (H6)."""
        before = after = None
        for held in self.agenda[person]:
            if held.stop <= start:
                before = held
            elif held.start >= stop:
                after = held
                break
        ahead = before is None or self._walks(before.hall, before.stop, hall, start)
        return ahead and (after is None or self._walks(hall, stop, after.hall, after.start))

    def walks_whole(self, person: Person) -> bool:
        """Whether all of a person's walks are long enough, as after one of their meetings was taken out."""
        mine = self.agenda[person]
        return all(self._walks(a.hall, a.stop, b.hall, b.start) for a, b in pairwise(mine))

    def _walks(self, hall: int, stop: int, other: int, start: int) -> bool:
        return has_time_to_walk(self.problem, hall, stop, other, start)

    def keeps_spread(self, held: ResolvedMeeting) -> bool:
        """Whether the idle figures stay close enough to each other with one more meeting (H12)."""
        limit = self.problem.policy.max_idle_spread
        if limit is None:
            return True
        figures: list[int] = []
        for a, row in enumerate(self.problem.attendees):
            mine = self.agenda.get(("attendee", a), [])
            more = sorted([*mine, held], key=sort_by_time) if a in held.attendees else mine
            figures.append(person_idle_figure(self.problem, row, more))
        return max(figures) - min(figures) <= limit

    def gain(self, held: ResolvedMeeting) -> Fraction:
        """What the score gains by one more meeting, in all terms."""
        factors, request = self.problem.policy.factors, held.request
        total = Fraction(str(factors["served"])) * request.weight
        for firm in (request.sender, request.receiver):
            total += self._worth(firm)
        for a in held.attendees:
            mine = self.agenda["attendee", a]
            more = sorted([*mine, held], key=sort_by_time)
            row = self.problem.attendees[a]
            idle = person_idle_figure(self.problem, row, more) - person_idle_figure(self.problem, row, mine)
            walks = hall_changes(self.problem, more) - hall_changes(self.problem, mine)
            total -= Fraction(str(factors["idle"])) * idle + Fraction(str(factors["hall_change"])) * walks
        if counts_group_gap(self.problem):
            total += self._group_cost() - self._group_cost(request)
        return total + self._change(held)

    def _group_cost(self, added: Request | None = None) -> Fraction:
        """What the gaps of groups of firms cost, maybe with the meeting of a request that is not held."""
        problem, total = self.problem, len(self.problem.requests) - (self.withdrawn is not None)
        meetings, lacking = len(self.held) + (added is not None), 0
        for g, count in enumerate(problem.group_request_counts):
            size = count - self._in_group(g, self.withdrawn)
            mine = sum(self.of_firm[firm] for firm in problem.firm_groups[g].firms)
            target = -(-size * meetings // total) if total else 0
            lacking += max(0, target - mine - self._in_group(g, added))
        return Fraction(str(problem.policy.factors["group_gap"])) * lacking

    def _in_group(self, group: int, request: Request | None) -> int:
        """How many firms of a request are in a group."""
        of = self.problem.groups_of_firm
        return 0 if request is None else sum(group in of[f] for f in (request.sender, request.receiver))

    def _worth(self, firm: int) -> Fraction:
        """What one more meeting of a firm is worth by its floor and the fair shares."""
        factors, has = self.problem.policy.factors, self.of_firm[firm] + self.fewer[firm]
        worth = Fraction(str(factors["shortfall"])) * (has < self.problem.floors[firm])
        lacks = sum(price for level, price in self.problem.fair_levels[firm] if has < level)
        return worth + Fraction(str(factors.get("unfair", 0))) * lacks

    def loss(self, held: ResolvedMeeting) -> Fraction:
        """What the score loses at most if the request of a meeting that is held is withdrawn.

        What its change of the published plan costs is not counted: that is saved.
        """
        request = held.request
        firms = (request.sender, request.receiver)
        floors = sum((self._withdrawing(firm) for firm in firms), Fraction(0))
        is_grouped = counts_group_gap(self.problem)
        groups = -self._group_cost() if is_grouped else Fraction(0)
        self.remove(held)
        try:
            rest = self.gain(held) - sum(map(self._worth, firms)) - self._change(held)
            if is_grouped:
                rest -= self._group_cost() - self._group_cost(request)
                self.withdrawn = request
                groups += self._group_cost()
        finally:
            self.withdrawn = None
            self.add(held)
        return rest + floors + groups

    def _withdrawing(self, firm: int) -> Fraction:
        """What a firm with a request and its meeting less lacks more, by its floor and the fair shares."""
        problem, factors = self.problem, self.problem.policy.factors
        has, asked = self.of_firm[firm], problem.request_counts[firm]
        lack = max(0, problem.floor_of(firm, asked - 1) - has + 1) - max(0, problem.floors[firm] - has)
        unfair = sum(
            row.price * (max(0, round_up_share(row.share, asked - 1) - has + 1) - max(0, level - has))
            for row, (level, _) in zip(problem.policy.fair_shares, problem.fair_levels[firm], strict=True)
        )
        return Fraction(str(factors["shortfall"])) * lack + Fraction(str(factors.get("unfair", 0))) * unfair

    def _change(self, held: ResolvedMeeting) -> Fraction:
        """What a published meeting, not held so far, gains by being held like this instead of dropped."""
        published = self.choices.published.get(held.index)
        if published is None:
            return Fraction(0)
        factors, same = self.problem.policy.factors, compare_to_published(held.meeting, published)
        gain = Fraction(str(factors["dropped"])) - self.choices.change_costs[same]
        if same.is_whole:
            gain += Fraction(str(factors.get("repeated", 0))) * self._repeated(published)
        return gain

    def _repeated(self, published: Meeting) -> int:
        """How many other changes its people have, with those before, counted a person."""
        changes = count_attendee_changes(Schedule(self.problem, tuple(self.held.values())))
        people, index = self.problem.attendees, self.problem.index.attendees
        return sum(
            people[index[person]].changed_before + changes[person] - 1
            for person in set(published.attendees)
            if person in changes
        )
