"""The repair oracle of one plan: it is loaded once, and answers in milliseconds, right after every change.

A repair tries every start, place and choice of people by the kernels of the ejection chain, on the state of
the search: the exact model of an event takes seconds to build, and the search moves many meetings for little.
The same question about the same plan has the same answer in any process: draws are seeded by the candidate
that is weighed, scores count from 0 during a question, and budgets are of places that are tried, never of
time. A chain is one step long beyond what is ejected (`budgeted` goes further). A plan takes 2 MB at 620
firms. There, with 9,000 requests, 40 questions took 24 ms at the median and 87 ms at the 95th percentile of
processor time (benchmarks.repair).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.solver.instance.arrays import compulsory_penalty, flatten
from scheduler.solver.instance.columns import factors, requests
from scheduler.solver.instance.published import read_row
from scheduler.solver.repair import closures, evaluation
from scheduler.solver.repair.neighbourhood import DIGITS, Neighbourhood, Region, Rows
from scheduler.solver.repair.place_assignment import PlaceAssignment
from scheduler.solver.repair.repairs import Repair, RequestChange, Row
from scheduler.solver.state.loading import load, loading_order, table_of
from scheduler.solver.state.state import new_state

MAX_PEOPLE = 12
"""Whose other meetings may change, if nothing is said."""


class Repairer:
    """A plan, and the best ways to change it for one request at a time.

    Parameters
    ----------
    problem, meetings
        The problem, and a plan that keeps its hard rules. ValueError is raised if it does not. Of a plan with
        requests that are not kept, give the problem that releases these (`Problem.releasing`).
    """

    def __init__(self, problem: Problem, meetings: Sequence[Meeting]) -> None:
        self._load(problem, meetings)

    def _load(self, problem: Problem, meetings: Sequence[Meeting]) -> None:
        self.problem = problem
        self.flat = flatten(problem)
        self.data = self.flat.data
        self.state = new_state(self.data, 1)
        load(self.data, self.state, table_of(self.flat, meetings), loading_order(self.data))
        if len(problem.requests) - self.state.unscheduled_count != len(meetings):
            raise ValueError("the plan breaks a rule")
        self.kept: frozenset[int] = frozenset()
        self.around = Neighbourhood(self.data, self.state)
        self.places = PlaceAssignment(self.flat)
        for meeting in meetings:
            r = problem.index.requests[meeting.request]
            row = self.around.row_of(r)
            if row is not None:
                self.places.take(r, row, problem.index.places[meeting.place])

    def meetings(self) -> list[Meeting]:
        """The plan as it is now, in the order of the requests."""
        rows = ((r, self.around.row_of(r), place) for r, place in sorted(self.places.place_of.items()))
        return [self.meeting_of(r, row, place) for r, row, place in rows if row is not None]

    def keep(self, requests: Collection[str]) -> None:
        """Let these meetings give way to none from now on, and no others. Unknown ids are left out."""
        index = self.problem.index.requests
        self.kept = frozenset(index[request] for request in requests if request in index)

    # Questions

    def best(
        self,
        request: str,
        count: int = 10,
        max_people: int = MAX_PEOPLE,
        most_dropped: int | None = None,
        allowed: Callable[[Repair], bool] | None = None,
        slots: Collection[str] | None = None,
        places: Collection[str] | None = None,
    ) -> list[Repair]:
        """The best ways to hold a request, best first, each at another start or in another group of places.

        They are exact within their neighbourhood. The request goes to any start, place and people. What is
        in its way goes to its best free place, up to three such meetings to those that are best together.
        One that has none may make up to two others go in turn, at the most promising ways. Which meeting
        of a full group of places or of a full day gives way, and which interpreter comes, is drawn: the
        same of the same plan, in any oracle and after any questions.

        One more is the way that drops nothing and moves the fewest people, if none of these moves as few. It
        comes from a search in depth (`budgeted`), which is exact until it has tried MOST_STEPS places, but
        for interpreters who are all busy.

        Parameters
        ----------
        request
            Its id, held or not. KeyError is raised if it is unknown. The present place of a held one is no
            answer. A frozen meeting has none.
        count
            The most answers. If it is 1, the way of the fewest people is looked for where there is no other.
        most_people
            The most attendees whose other meetings change.
        most_dropped
            The most meetings that are not held any more. None is no limit; with one, more ways are tried
            at which others make room in turn.
        allowed
            Says of a way whether it is an answer. None is yes.
        slots, places
            Where the request may start, and be. None is anywhere. Of places that are alike all count if one
            does. Unknown ids are left out.
        """
        r = self.problem.index.requests[request]
        if self.around.row_of(r) is not None and self.data.requests[r, requests.LOCKED]:
            return []

        def accept(before: Rows, after: Rows, gain: float) -> Repair | None:
            found = self.repair_of(r, before, after, gain, max_people)
            if found is None or (allowed is not None and not allowed(found)):
                return None
            return None if most_dropped is not None and len(found.dropped) > most_dropped else found

        within = self._region(slots, places)
        found = self.around.explore(r, count, accept, most_dropped, within)
        fewest = min((len(each.people) for each in found if not each.dropped), default=max_people + 1)
        fewer = None
        if fewest > 0 and (count > 1 or not found):
            fewer = self.around.fewest(r, fewest - 1, self.kept, accept, within=within)
        if fewer is None:
            return found
        return sorted([*found[: count - 1], fewer], key=lambda each: -each.gain)

    def fewest_there(
        self,
        request: str,
        slot: str,
        place: str,
        *,
        steps: int,
        max_people: int = MAX_PEOPLE,
        allowed: Callable[[Repair], bool] | None = None,
    ) -> Repair | None:
        """The way to hold a request at one time and place that drops nothing and moves the fewest people.

        It may be at another place of those that are alike. None if there is none, or none is found while
        `steps` places are tried. KeyError is raised for what is unknown.
        """
        index = self.problem.index
        r, group = index.requests[request], self.flat.groups.group_of[index.places[place]]
        is_locked = self.around.row_of(r) is not None and self.data.requests[r, requests.LOCKED]
        if is_locked or group < 0:
            return None

        def accept(before: Rows, after: Rows, gain: float) -> Repair | None:
            found = self.repair_of(r, before, after, gain, max_people)
            return None if found is None or found.dropped or (allowed and not allowed(found)) else found

        there = Region([index.slots[slot]], [group])
        return self.around.fewest(r, max_people, self.kept, accept, steps=steps, within=there)

    def way_to(self, request: str, meetings: Sequence[Meeting], max_people: int) -> Repair | None:
        """The way to a plan that holds the request and what is held now, each as one of `meetings` says.

        None if that plan breaks a limit as a whole, or is no way as `repair_of` says.
        """
        r = self.problem.index.requests[request]
        wanted = {self.problem.index.requests[each.request]: each for each in meetings}
        rows = {other: self._row(other, meeting)[0] for other, meeting in wanted.items()}

        def accept(before: Rows, after: Rows, gain: float) -> Repair | None:
            return self.repair_of(r, before, after, gain, max_people)

        return self.around.way_to(r, rows, accept)

    def stays(self, r: int) -> bool:
        """Whether a meeting gives way to none."""
        return r in self.kept or bool(self.data.requests[r, requests.LOCKED])

    # Commands

    def apply(self, repair: Repair) -> None:
        """Swapped the plan. ValueError is raised if it is not the one of which `repair` was asked."""
        self._change([(each.request, each.before, each.after) for each in repair.changes])

    def undo(self, repair: Repair) -> None:
        """Take `repair`, applied last, back."""
        self._change([(each.request, each.after, each.before) for each in repair.changes])

    def drop(self, request: str) -> None:
        """Hold a request no longer."""
        r = self.problem.index.requests[request]
        self._change([(r, self._now(r), None)])

    def become(self, requests: Collection[str], meetings: Sequence[Meeting]) -> None:
        """Have these requests be held as these meetings are, and the others of them not at all.

        They keep the rules. KeyError is raised for an unknown request, ValueError for what is not in the
        problem.
        """
        wanted = {meeting.request: meeting for meeting in meetings}
        changes = []
        for request in requests:
            r = self.problem.index.requests[request]
            meeting = wanted.get(request)
            changes.append((r, self._now(r), None if meeting is None else self._row(r, meeting)))
        self._change(changes)

    def lose_person(self, person: str, slots: Collection[str]) -> list[str]:
        """An attendee or interpreter is out in these slots. KeyError is raised if one is unknown.

        Gives the requests that are not held for it, in the order of the problem: `best` finds each a way.
        """
        problem = closures.without_person(self.problem, person, slots)
        number, gone = closures.person_index(problem, person), [problem.index.slots[slot] for slot in slots]
        lost = sorted({int(r) for r in self.state.at[number, gone] if r >= 0})
        mine = [(r, self._now(r)) for r in closures.person_meetings(self.state, number)]
        self._change([(r, now, None) for r, now in mine])
        closures.mark_person_unavailable(self.data, self.state, number, gone)
        self._change([(r, None, now) for r, now in mine if r not in lost])
        return self._closed(problem, lost)

    def close_place(self, place: str, slots: Collection[str]) -> list[str]:
        """The same for a place that closes in these slots."""
        problem = closures.without_place(self.problem, place, slots)
        number, gone = problem.index.places[place], [problem.index.slots[slot] for slot in slots]
        lost = self.places.at(number, gone, self.state.held)
        self._change([(r, self._now(r), None) for r in lost])
        closures.mark_place_closed(self.flat, self.state, self.places, number, gone)
        return self._closed(problem, lost)

    # Inside

    def _region(self, slots: Collection[str] | None, places: Collection[str] | None) -> Region:
        index, group_of = self.problem.index, self.flat.groups.group_of
        starts = None if slots is None else {index.slots[each] for each in slots if each in index.slots}
        if places is None:
            return Region(starts)
        return Region(starts, {int(group_of[index.places[each]]) for each in places if each in index.places})

    def _closed(self, problem: Problem, lost: Sequence[int]) -> list[str]:
        """The requests that were lost, in the problem as it is now.

        Where changes are counted (H13), those that could stay are no longer the same: all is read again.
        """
        if problem.policy.max_moved is not None:
            self._load(problem, self.meetings())
        self.problem = problem
        return [problem.requests[r].id for r in lost]

    def _change(self, changes: Sequence[tuple[int, tuple[Row, int] | None, tuple[Row, int] | None]]) -> None:
        """Release all, then hold all."""
        if any(self._now(r) != before for r, before, _ in changes):
            raise ValueError("the plan has changed since")
        evaluation.begin_move(self.state)
        for r, before, _ in changes:
            if before is not None:
                self.places.take(r, *before, step=-1)
                evaluation.remove_meeting(self.data, self.state, r)
        for r, _, after in changes:
            if after is not None:
                evaluation.place_at(self.data, self.state, r, *after[0])
                self.places.take(r, *after)
        evaluation.begin_move(self.state)

    def _row(self, r: int, meeting: Meeting) -> tuple[Row, int]:
        row = read_row(self.problem, self.flat.options, self.flat.groups, r, meeting)
        if not row.whole:
            raise ValueError(f"request {meeting.request} cannot be held so")
        place = self.problem.index.places[meeting.place]
        return (row.slot, row.group, row.option, row.interpreter), place

    def _was(self, r: int, row: Row | None) -> tuple[Row, int] | None:
        return None if row is None else (row, self.places.place_of[r])

    def _now(self, r: int) -> tuple[Row, int] | None:
        return self._was(r, self.around.row_of(r))

    def repair_of(self, r: int, before: Rows, after: Rows, gain: float, max_people: int) -> Repair | None:
        """The answer, unless too many people move, a kept meeting does, or a compulsory one is dropped."""
        others = [other for other in after if other != r and after[other] != before[other]]
        if not self.kept.isdisjoint(others):
            return None
        dropped = [other for other in others if after[other] is None]
        people = sorted(
            {a for other in others for rows in (before, after) for a in self.people_of(rows[other])}
        )
        if len(people) > max_people or not self.problem.compulsory.isdisjoint(dropped):
            return None
        leaving = [RequestChange(other, self._was(other, before[other]), None) for other in (r, *others)]
        wanted = [(other, row) for other in (r, *others) if (row := after[other]) is not None]
        seats = self.places.seat(wanted, leaving)
        if seats is None:
            return None
        changes = tuple(
            RequestChange(each.request, each.before, None if row is None else (row, seats[each.request]))
            for each in leaving
            for row in [after[each.request]]
        )
        correction = self.correction(changes, is_new=before[r] is None and r in self.problem.compulsory)
        if correction is None:
            return None
        rows = {each.request: each.after for each in changes if each.after is not None}
        held_at = {each: self.meeting_of(each, *rows[each]) for each in rows}
        return Repair(
            meeting=held_at[r],
            moved=tuple(held_at[other] for other in others if other in held_at),
            dropped=tuple(self.problem.requests[other].id for other in dropped),
            people=tuple(self.problem.attendees[a].id for a in people),
            gain=round(gain + correction, DIGITS),
            changes=changes,
        )

    def correction(self, changes: Sequence[RequestChange], *, is_new: bool) -> float | None:
        """What the search does not know of the score. None where that is more than a relocation.

        It takes a published meeting that is at its start, in its group of places, for unchanged, whichever
        place of the group it has; and it gives a compulsory request an extra gain.
        """
        found = -compulsory_penalty(self.problem) if is_new else 0.0
        policy = self.problem.policy
        counts_changes = policy.max_moved is not None or policy.factors.get("repeated", 0)
        for change in changes:
            for side, sign in ((change.before, 1.0), (change.after, -1.0)):
                if side is not None and self.places.is_off(change.request, *side):
                    if counts_changes:
                        return None
                    found += sign * float(self.data.factors[factors.RELOCATED])
        return found

    def people_of(self, row: Row | None) -> list[int]:
        """The attendees of a row of `State.held`."""
        if row is None:
            return []
        first, last, _ = self.flat.options.table[row[2]]
        return [int(a) for a in self.flat.options.people[first:last]]

    def meeting_of(self, r: int, row: Row, place: int) -> Meeting:
        """A row of `State.held` at a place, by ids."""
        interpreter = None if row[3] < 0 else row[3] - len(self.problem.attendees)
        return self.problem.meeting(r, row[0], place, self.people_of(row), interpreter)
