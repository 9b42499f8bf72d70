"""Take back each change of a published meeting that brings nothing.

Tables and interpreters are dealt out at the end of a search, so it changed meetings that could stay at no
loss. The last step takes each change back that nobody had to make and that gains nothing: the plan without it
keeps all rules and loses no points. Two meetings that changed places stay so, as neither can come back alone.
A solve takes at most a tenth longer. With `max_moved` 0 a run has a hard limit (H13) instead of prices, so a
new request that only a move would let in is not scheduled. Of 62 changes by choice of a rerun of 620 firms
after 150,000 moves, 9 are taken back, for 126 points, in 1.7 CPU seconds; of 500 that a budget allowed, 3, in
0.9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from scheduler.domain import rules
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.causes import Occupation
from scheduler.domain.rules.resolved import Schedule, resolve_meeting
from scheduler.domain.rules.stability import (
    change_costs,
    compare_to_published,
    count_attendee_changes,
    published_changes,
)
from scheduler.solver.instance.firms import counts_group_gap


def revert_worthless_changes(
    problem: Problem, meetings: Sequence[Meeting], is_over: Callable[[], bool] = lambda: False
) -> tuple[Meeting, ...]:
    """The plan without changes of published meetings that nobody had to make and that bring nothing.

    A change brings nothing if the plan keeps all rules without it, taken back alone, and loses no points.
    They are taken back one by one, in the order of the published plan, until there is none.

    Parameters
    ----------
    problem
        The problem, read and checked before.
    meetings
        A plan that keeps every hard rule.
    is_over
        Is asked before each meeting is looked at. Once it says so, the rest stays as it is.

    Returns
    -------
    tuple[Meeting, ...]
        A plan that keeps every hard rule and scores at least as much. The given one if nothing is taken back.
    """
    published = {meeting.request: meeting for meeting in problem.published}
    todo, done = published_changes(problem, meetings).voluntary, -1
    plan, reverted = _Plan(problem, meetings), set[str]()
    while todo and len(reverted) > done:
        done = len(reverted)
        for id in todo:
            if not is_over() and plan.is_worthless(published[id]):
                plan = plan.with_meeting(published[id])
                reverted.add(id)
        todo = tuple(id for id in todo if id not in reverted)
    return plan.meetings if reverted else tuple(meetings)


class _Plan:
    """A plan, and who and what its meetings take."""

    def __init__(self, problem: Problem, meetings: Sequence[Meeting]) -> None:
        order = problem.index.requests
        self.problem = problem
        self.meetings = tuple(sorted(meetings, key=lambda meeting: order[meeting.request]))
        self.schedule = Schedule.of(problem, self.meetings)
        self.taken = Occupation(problem, self.schedule)
        self.by_request = {meeting.request: meeting for meeting in self.meetings}
        counted = "repeated" in problem.policy.factors
        self.changes = count_attendee_changes(self.schedule) if counted else Counter[str]()

    def with_meeting(self, meeting: Meeting) -> _Plan:
        """The plan in which a request is held so."""
        return _Plan(self.problem, [*(m for m in self.meetings if m.request != meeting.request), meeting])

    def is_worthless(self, published: Meeting) -> bool:
        """Whether the change of a published meeting that could stay brings nothing."""
        held = resolve_meeting(self.problem, published, [])
        if held is None or next(self.taken.in_its_way(held), None) is not None or self._pays(published):
            return False
        return self._may_return(published)

    def _pays(self, published: Meeting) -> bool:
        """Whether it is plain that the change saves its people more than it costs. Never so of a dropped one.

        To know it is only faster than to judge the plan.
        """
        now = self.by_request.get(published.request)
        held = resolve_meeting(self.problem, published, [])
        if now is None or held is None:
            return False
        factors = self.problem.policy.factors
        idle, walks = self.taken.saved(held)
        costs: float = float(change_costs(self.problem.policy)[compare_to_published(published, now)])
        repeats = sum(self._changes_of(person) for person in set(published.attendees))
        costs += float(factors.get("repeated", 0)) * repeats
        return idle * factors["idle"] + walks * factors["hall_change"] > costs

    def _changes_of(self, person: str) -> int:
        """The changes of one person, with those before. None of somebody who is gone."""
        known = self.problem.index.attendees.get(person)
        return 0 if known is None else self.problem.attendees[known].changed_before + self.changes[person]

    def _may_return(self, published: Meeting) -> bool:
        """Whether the plan keeps its rules and its points with a published meeting as it was.

        Judged on the meetings of all whom it concerns: beside them, both plans are the same.
        """
        is_whole = (
            self.problem.policy.max_idle_spread is not None  # H12 compares all people
            or counts_group_gap(self.problem)  # and a gap of groups all firms
        )
        near = self.meetings if is_whole else tuple(self._near(published))
        ids = {meeting.request for meeting in near} | {published.request}
        part = replace(
            self.problem,
            published=tuple(
                m for m in self.problem.published if m.request in ids or self._shares(m, published)
            ),
            policy=replace(self.problem.policy, max_moved=None),
        )
        broken, before = rules.violations_and_score(part, near)
        known = {(each.rule, each.ids) for each in broken}
        others = [meeting for meeting in near if meeting.request != published.request]
        broken, after = rules.violations_and_score(part, [*others, published])
        return after.total >= before.total and all((each.rule, each.ids) in known for each in broken)

    def _shares(self, one: Meeting, two: Meeting) -> bool:
        return not set(one.attendees).isdisjoint(two.attendees)

    def _near(self, published: Meeting) -> Iterator[Meeting]:
        """The meetings that share a person, a firm, the place or an interpreter with it, or an order."""
        problem, now = self.problem, self.by_request.get(published.request)
        both = (published,) if now is None else (published, now)
        people = {person for meeting in both for person in meeting.attendees}
        helpers = {meeting.interpreter for meeting in both} - {None}
        index = problem.index.requests[published.request]
        firms = {problem.requests[index].sender, problem.requests[index].receiver}
        ordered = {r for pair in problem.precedences if index in pair for r in pair}
        for held in self.schedule.held:
            meeting = held.meeting
            if (
                held.index in ordered
                or held.index == index
                or meeting.place == published.place
                or meeting.interpreter in helpers
                or not firms.isdisjoint((held.request.sender, held.request.receiver))
                or not people.isdisjoint(meeting.attendees)
            ):
                yield meeting
