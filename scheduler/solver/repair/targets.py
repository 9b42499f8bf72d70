"""Every place and time of a view for one request: free, free once others move, or forbidden and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.resolved import Violation
from scheduler.solver.instance.stations import places_of
from scheduler.solver.repair.conflicts import MAX_TEAMS, PlacementConflicts, Team
from scheduler.solver.repair.neighbourhood import DIGITS, PlacementSurvey, Rows
from scheduler.solver.repair.repairer import Repairer
from scheduler.solver.repair.repairs import Repair, RequestChange

MAX_PEOPLE = 6
"""Whose other meetings may change for one target."""


Hall = tuple[int, int | None]
"""A hall, and the place in it if interpreters are tied to that (H14)."""


class TargetStatus(StrEnum):
    """What can be done at a target.

    LIKE: it is taken, and a place that is as good as it is free then. BLOCKED: several others may have to
    move, which was not tried. FORBIDDEN: it cannot be there, however other meetings move.
    """

    HERE = "here"
    FREE = "free"
    LIKE = "like"
    MOVES = "moves"
    BLOCKED = "blocked"
    FORBIDDEN = "no"


@dataclass(frozen=True, slots=True)
class Target:
    """A start and place for a request.

    Attributes
    ----------
    meeting
        The request as it would be held, of a free target, or at the like place.
    repair
        How others make room, of one that others move for. Where the request is now: the best way with other
        people, if there is one.
    breaches
        The rules that it breaks as the plan is, with ids and without a sentence.
    gain
        What it does to the score, in points, once it is held as `meeting` or `repair` says. None if it is
        not known.
    """

    slot: str
    place: str
    standing: TargetStatus
    meeting: Meeting | None = None
    repair: Repair | None = None
    breaches: tuple[Violation, ...] = ()
    gain: float | None = None


def evaluate_targets(
    repairer: Repairer, request: str, slots: Sequence[str], places: Sequence[str]
) -> list[Target]:
    """The standing of each of these starts at each of these places.

    Parameters
    ----------
    repairer
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
    return _View(repairer, request, slots, places).spots()


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who can meet at a time in a hall, or what hinders them, and whether that lasts however others move."""

    team: Team | None
    breaches: list[Violation]
    is_lasting: bool


def _at(place: str, breaches: list[Violation]) -> tuple[Violation, ...]:
    """The breaches of people at a place of a hall: those of stations name it."""
    return tuple(replace(each, ids=(*each.ids, place)) if each.rule == "H14" else each for each in breaches)


class _View:
    def __init__(self, repairer: Repairer, request: str, slots: Sequence[str], places: Sequence[str]) -> None:
        index = repairer.problem.index
        self.repairer, self.problem = repairer, repairer.problem
        self.r = index.requests[request]
        self.slots, self.places = [index.slots[s] for s in slots], [index.places[p] for p in places]
        self.conflicts = PlacementConflicts(
            repairer.problem, repairer.state, repairer.places, self.r, repairer.stays
        )
        self.stations = places_of(repairer.problem)
        self.was = repairer.around.row_of(self.r)
        self.taken: dict[tuple[int, int], list[int]] = defaultdict(list)
        wanted = set(self.places)
        for other, place in sorted(repairer.places.place_of.items()):
            row = repairer.around.row_of(other)
            if place in wanted and other != self.r and row is not None:
                for slot in range(row[0], row[0] + self.problem.requests[other].length):
                    self.taken[place, slot].append(other)

    def spots(self) -> list[Target]:
        by_place = {p: self.conflicts.of_place(p) for p in self.places}
        halls = {self._hall(p) for p in self.places if not by_place[p]}
        team = tuple(self.repairer.people_of(self.was)) if self.was is not None else None
        teams = self.conflicts.teams(team)
        people = {(s, hall): self._people(teams, s, *hall) for s in self.slots for hall in halls}
        ways = self._ways()
        return [self._spot(s, p, by_place[p], people, ways) for p in self.places for s in self.slots]

    def _hall(self, place: int) -> Hall:
        return self.problem.places[place].hall, place if place in self.stations else None

    def _people(self, teams: Sequence[Team], start: int, hall: int, station: int | None) -> Attendance:
        """The first choice of people whom nothing hinders, or what hinders the first one."""
        conflicts = self.conflicts
        early = conflicts.of_time(start)
        if any(map(conflicts.is_lasting, early)):
            return Attendance(None, early, is_lasting=True)
        first: list[Violation] | None = None
        are_lasting = len(teams) < MAX_TEAMS
        for team in teams:
            found = conflicts.of_people(team, start, hall, station)
            if not found and not early:
                return Attendance(team, [], is_lasting=False)
            first = first or found
            are_lasting = are_lasting and any(map(conflicts.is_lasting, found))
        nobody = [Violation("format", "", (self.problem.requests[self.r].id,))]
        return Attendance(None, early or first or nobody, is_lasting=are_lasting)

    def _spot(
        self,
        s: int,
        p: int,
        barred: list[Violation],
        people: Mapping[tuple[int, Hall], Attendance],
        ways: PlacementSurvey,
    ) -> Target:
        slot, place = self.problem.slots[s].id, self.problem.places[p].id
        if self.was is not None and self.was[0] == s and self.repairer.places.place_of[self.r] == p:
            gain = None if ways.others is None else ways.others.gain
            return Target(slot, place, TargetStatus.HERE, repair=ways.others, gain=gain)
        if barred:
            return Target(slot, place, TargetStatus.FORBIDDEN, breaches=tuple(barred))
        present = people[s, self._hall(p)]
        group = self.repairer.flat.groups.group_of[p]
        span = range(s, min(s + self.problem.requests[self.r].length, len(self.problem.slots)))
        others = list(dict.fromkeys(r for slot in span for r in self.taken[p, slot]))
        seat = self.conflicts.of_seat(p, s, others)
        if present.team is not None:
            there = p if not seat else self._like(group, p, span) if span else None
            if there is not None:
                return self._alone(s, p, there, present.team, tuple(seat), ways)
        repair = ways.moving.get((s, group))
        if repair is not None and repair.meeting.place == place:
            return Target(slot, place, TargetStatus.MOVES, repair=repair, gain=repair.gain)
        is_lasting = present.is_lasting or any(map(self.conflicts.is_lasting, seat))
        standing = TargetStatus.FORBIDDEN if is_lasting else TargetStatus.BLOCKED
        return Target(slot, place, standing, breaches=_at(place, present.breaches or seat))

    def _alone(
        self, s: int, p: int, there: int, team: Team, seat: tuple[Violation, ...], ways: PlacementSurvey
    ) -> Target:
        """A spot at which nobody else moves: at its place, or at another one that is like it.

        Those meet who are best, and what is said to be gained is what they gain.
        """
        r, repairer = self.r, self.repairer
        meeting, gain = self.problem.meeting(r, s, there, team, None), None
        found = ways.alone.get((s, repairer.flat.groups.group_of[there]))
        if found is not None:
            points, row = found
            was = None if self.was is None else (self.was, repairer.places.place_of[r])
            is_new = was is None and r in self.problem.compulsory
            change = RequestChange(r, was, (row, there))
            correction = repairer.correction([change], is_new=is_new)
            if correction is not None:
                meeting, gain = repairer.meeting_of(r, row, there), round(points + correction, DIGITS)
        standing = TargetStatus.FREE if there == p else TargetStatus.LIKE
        slot, place = self.problem.slots[s].id, self.problem.places[p].id
        return Target(slot, place, standing, meeting, breaches=seat, gain=gain)

    def _like(self, group: int, place: int, span: range) -> int | None:
        """Another place of the group that has room all the time, the first."""
        room = self.repairer.places.room
        for other in self.repairer.flat.groups.members[group] if group >= 0 else ():
            if other != place and (room[other, span.start : span.stop] > 0).all():
                return None if self.conflicts.of_place(other) else other
        return None

    def _ways(self) -> PlacementSurvey:
        """What can be done at each start and group of places of the view."""
        groups = {self.repairer.flat.groups.group_of[p] for p in self.places}
        wanted = {(s, group) for s in self.slots for group in groups}

        def accept(before: Rows, after: Rows, gain: float) -> Repair | None:
            found = self.repairer.repair_of(self.r, before, after, gain, MAX_PEOPLE)
            return None if found is None or found.dropped else found

        return self.repairer.around.survey(self.r, wanted, accept)
