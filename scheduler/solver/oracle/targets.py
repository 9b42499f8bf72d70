"""Every place and time of a view for one request: free, free once others move, or forbidden and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.held import Violation
from scheduler.solver.instance.columns import factors
from scheduler.solver.instance.stations import places_of
from scheduler.solver.oracle.answers import Repair
from scheduler.solver.oracle.hindrances import Hindrances, Team
from scheduler.solver.oracle.neighbourhood import Rows
from scheduler.solver.oracle.oracle import RepairOracle

MOST_PEOPLE = 6
"""Whose other meetings may change for one target."""


Hall = tuple[int, int | None]
"""A hall, and the place in it if interpreters are tied to that (H14)."""


class SpotStanding(StrEnum):
    """What can be done at a target. LIKE: it is taken, and a place that is as good as it is free then."""

    HERE = "here"
    FREE = "free"
    LIKE = "like"
    MOVES = "moves"
    FORBIDDEN = "no"


@dataclass(frozen=True, slots=True)
class Spot:
    """A start and place for a request.

    Attributes
    ----------
    meeting
        The request as it would be held, of a free target, or at the like place; the interpreter is left open.
    repair
        How others make room, of one that others move for.
    breaches
        The rules that forbid it, with ids and without a sentence.
    gain
        What it does to the score, in points, as far as it is known.
    """

    slot: str
    place: str
    standing: SpotStanding
    meeting: Meeting | None = None
    repair: Repair | None = None
    breaches: tuple[Violation, ...] = ()
    gain: float | None = None


def targets(oracle: RepairOracle, request: str, slots: Sequence[str], places: Sequence[str]) -> list[Spot]:
    """The standing of each of these starts at each of these places.

    Parameters
    ----------
    oracle
        The plan. It is left as it is.
    request
        Its id, held or not. KeyError is raised if it is unknown.
    slots
        Ids of the starts. KeyError is raised for one that is unknown.
    places
        Ids of the places, in the same way.

    Returns
    -------
    list
        A spot for each place and start, place by place.
    """
    return _View(oracle, request, slots, places).spots()


def _at(place: str, breaches: list[Violation]) -> tuple[Violation, ...]:
    """The breaches of people at a place of a hall: those of stations name it."""
    return tuple(replace(each, ids=(*each.ids, place)) if each.rule == "H14" else each for each in breaches)


class _View:
    def __init__(
        self, oracle: RepairOracle, request: str, slots: Sequence[str], places: Sequence[str]
    ) -> None:
        index = oracle.problem.index
        self.oracle, self.problem = oracle, oracle.problem
        self.r = index.requests[request]
        self.slots, self.places = [index.slots[s] for s in slots], [index.places[p] for p in places]
        self.hindrances = Hindrances(oracle.problem, oracle.state, oracle.places, self.r)
        self.stations = places_of(oracle.problem)
        self.was = oracle.around.row_of(self.r)
        self.taken: dict[tuple[int, int], list[int]] = defaultdict(list)
        wanted = set(self.places)
        for other, place in sorted(oracle.places.place_of.items()):
            row = oracle.around.row_of(other)
            if place in wanted and other != self.r and row is not None:
                for slot in range(row[0], row[0] + self.problem.requests[other].length):
                    self.taken[place, slot].append(other)

    def spots(self) -> list[Spot]:
        by_place = {p: self.hindrances.of_place(p) for p in self.places}
        halls = {self._hall(p) for p in self.places if not by_place[p]}
        team = tuple(self.oracle.people_of(self.was)) if self.was is not None else None
        teams = self.hindrances.teams(team)
        people = {(s, hall): self._people(teams, s, *hall) for s in self.slots for hall in halls}
        gains, repairs = self._ways()
        return [
            self._spot(s, p, by_place[p], people, gains, repairs) for p in self.places for s in self.slots
        ]

    def _hall(self, place: int) -> Hall:
        return self.problem.places[place].hall, place if place in self.stations else None

    def _people(
        self, teams: Iterable[Team], start: int, hall: int, station: int | None
    ) -> tuple[Team | None, list[Violation]]:
        """The first choice of people whom nothing hinders, or what hinders the first one."""
        early = self.hindrances.of_time(start)
        if early:
            return None, early
        first: list[Violation] | None = None
        nobody = [Violation("format", "", (self.problem.requests[self.r].id,))]
        for team in teams:
            found = self.hindrances.of_people(team, start, hall, station)
            if not found:
                return team, []
            first = first or found
        return None, first or nobody

    def _spot(
        self,
        s: int,
        p: int,
        barred: list[Violation],
        people: dict[tuple[int, Hall], tuple[Team | None, list[Violation]]],
        gains: dict[tuple[int, int], float],
        repairs: dict[tuple[int, int], Repair],
    ) -> Spot:
        slot, place = self.problem.slots[s].id, self.problem.places[p].id
        if self.was is not None and self.was[0] == s and self.oracle.places.place_of[self.r] == p:
            return Spot(slot, place, SpotStanding.HERE)
        if barred:
            return Spot(slot, place, SpotStanding.FORBIDDEN, breaches=tuple(barred))
        team, breaches = people[s, self._hall(p)]
        group = self.oracle.flat.groups.group_of[p]
        span = range(s, min(s + self.problem.requests[self.r].length, len(self.problem.slots)))
        others = list(dict.fromkeys(r for slot in span for r in self.taken[p, slot]))
        seat = self.hindrances.of_seat(p, s, others)
        if team is not None and not seat:
            meeting = self.problem.meeting(self.r, s, p, team, None)
            gain = gains.get((s, group))
            there = None if gain is None else self._of_place(gain, s, p)
            return Spot(slot, place, SpotStanding.FREE, meeting, gain=there)
        like = self._like(group, p, span) if team is not None and span else None
        if team is not None and like is not None:
            meeting = self.problem.meeting(self.r, s, like, team, None)
            gain = gains.get((s, group))
            there = None if gain is None else self._of_place(gain, s, like)
            return Spot(slot, place, SpotStanding.LIKE, meeting, breaches=tuple(seat), gain=there)
        repair = repairs.get((s, group))
        if repair is not None and repair.meeting.place == place:
            return Spot(slot, place, SpotStanding.MOVES, repair=repair, gain=repair.gain)
        return Spot(slot, place, SpotStanding.FORBIDDEN, breaches=_at(place, breaches or seat))

    def _like(self, group: int, place: int, span: range) -> int | None:
        """Another place of the group that has room all the time, the first."""
        room = self.oracle.places.room
        for other in self.oracle.flat.groups.members[group] if group >= 0 else ():
            if other != place and (room[other, span.start : span.stop] > 0).all():
                return None if self.hindrances.of_place(other) else other
        return None

    def _of_place(self, gain: float, s: int, p: int) -> float:
        """The gain at one place of a group: a published meeting at its start counts at its place alone."""
        oracle = self.oracle
        group = oracle.flat.groups.group_of[p]
        relocated = float(oracle.data.factors[factors.RELOCATED])
        now = (s, group, 0, 0)
        found = gain - relocated * oracle.places.is_off(self.r, now, p)
        if self.was is not None:
            found += relocated * oracle.places.is_off(self.r, self.was, oracle.places.place_of[self.r])
        return round(found, 6)

    def _ways(self) -> tuple[dict[tuple[int, int], float], dict[tuple[int, int], Repair]]:
        """By start and group of places: the gain where nobody moves, and the best repair where others do."""
        groups = {self.oracle.flat.groups.group_of[p] for p in self.places}
        wanted = {(s, group) for s in self.slots for group in groups}

        def accept(before: Rows, after: Rows, gain: float) -> Repair | None:
            found = self.oracle.repair_of(self.r, before, after, gain, MOST_PEOPLE)
            return None if found is None or found.dropped else found

        return self.oracle.around.survey(self.r, wanted, accept)
