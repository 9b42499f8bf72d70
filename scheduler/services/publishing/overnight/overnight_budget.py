"""Overnight budget: how much of the published schedule an unattended publication may change.

It has three limits instead of a number of meetings: changing 50 of 60 is an upheaval, 50 of 7,000 is
negligible, and all 50 could concern one person or the next morning. They are checked at publication. A
version that exceeds one remains a draft, and the email says by how much. Cancelled and new meetings, meetings
that cannot stay, and those displaced by a lock do not count, because the run did not choose them. Share and
hours are also constraints of the run (`max_moved` H13, `frozen_until` H10), so that it finds the best plan
that may be published. If no plan satisfies them, the run solves again without, for a draft. The limit per
person is not a constraint: if it is exceeded, the person's other meetings are fixed and the run solves again.
The last time only unavoidable changes are allowed. Defaults: 2 changes a person, 24 hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from scheduler.domain.changes import Change, ChangeKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem, Request
from scheduler.domain.rules.causes import Occupation
from scheduler.domain.rules.resolved import ResolvedMeeting, Schedule, resolve_meeting
from scheduler.domain.rules.stability import is_still_possible, published_changes, same_meeting
from scheduler.i18n import gettext_lazy

MARGIN = timedelta(minutes=15)
"""Margin for the time between a run and its publication, which checks the hours again."""


@dataclass(frozen=True, slots=True)
class OvernightBudget:
    """At most `percent` of the published meetings change, `a_person` per person, and none that starts within
    `hours`.

    A meeting is changed if its time, place or people differ, or if it is dropped. Changes that the run did
    not choose do not count: firms cancelled the meeting, or it cannot stay as published, alone or beside
    locks and unchanged meetings.
    """

    percent: int = 5
    a_person: int = 2
    hours: int = 24

    def most(self, published: int) -> int:
        """Return how many of the published meetings may change."""
        return self.percent * published // 100

    def within(
        self, problem: Problem, *, giving_way: Collection[str], seconds: int, now: datetime
    ) -> Problem:
        """Return the problem in which every feasible plan keeps `percent` and `hours`, by H13 and H10, for a
        run of `seconds`.

        `giving_way` are requests whose published meetings are possible alone but have to change; they are
        allowed on top. `a_person` is not a constraint of the problem: see `sparing`.
        """
        most, limit = self.most(len(problem.published)), problem.policy.max_moved
        most = len(giving_way) + (most if limit is None else min(most, limit))
        problem = replace(problem, policy=replace(problem.policy, max_moved=most))
        until = now + timedelta(seconds=seconds) + MARGIN + timedelta(hours=self.hours)
        if not problem.slots or until <= (problem.frozen_until or problem.slots[0].start):
            return problem
        starts = {slot.id: slot.start for slot in problem.slots}
        lost = find_forced_requests(problem).union(giving_way)
        if any(m.request in lost and starts.get(m.slot, until) < until for m in problem.published):
            return _unchanged_until(problem, lost, until)
        return replace(problem, frozen_until=until.astimezone(problem.slots[0].start.tzinfo))

    def sparing(self, problem: Problem, meetings: Sequence[Meeting]) -> Problem | None:
        """Return the problem with fixed meetings that keep `a_person`, for a plan that exceeds it.

        A person with too many changes keeps the published meetings that can stay: each is scheduled as
        published or not at all. Of the meetings that the plan changes, as many stay free as the person's
        limit allows. Returns None if the plan keeps `a_person`, or nothing is left to fix.
        """
        giving_way = find_displaced_requests(problem, meetings)
        voluntary = frozenset(published_changes(problem, meetings).voluntary) - giving_way
        chosen = [m for m in problem.published if m.request in voluntary]
        counts = Counter(person for m in chosen for person in set(m.attendees))
        kept: dict[str, Meeting] = {}
        for person in sorted(person for person, count in counts.items() if count > self.a_person):
            mine = [m for m in problem.published if person in m.attendees]
            free = [m.request for m in mine if m.request in voluntary][: self.a_person]
            kept |= {
                m.request: m
                for m in mine
                if m.request not in free and m.request not in giving_way and is_still_possible(problem, m)
            }
        rows = {problem.index.requests[id]: find_published_request(problem, m) for id, m in kept.items()}
        requests = tuple(rows.get(r, request) for r, request in enumerate(problem.requests))
        return None if requests == problem.requests else replace(problem, requests=requests)

    def excess(
        self, changes: Iterable[Change], *, published: int, starts: Mapping[str, datetime], now: datetime
    ) -> list[str]:
        """Return a message, with figures, for each exceeded limit. `starts` holds the start of each slot."""
        changes = list(changes)
        return [
            *self._too_many(len(changes), published),
            *self._of_a_person(changes),
            *self._too_soon(changes, starts, now),
        ]

    def _too_many(self, changed: int, published: int) -> Iterable[str]:
        if changed > self.most(published):
            yield gettext_lazy(
                "it changes %(changed)s of %(published)s published meetings, %(share)s, and an "
                "overnight run may change %(most)s",
                changed=f"{changed:,}",
                published=f"{published:,}",
                share=f"{100 * changed / published:.1f}%",
                most=f"{self.percent}%",
            )

    def _of_a_person(self, changes: Sequence[Change]) -> Iterable[str]:
        counts = Counter(person for c in changes if c.before for person in set(c.before.attendees))
        many = [count for count in counts.values() if count > self.a_person]
        if many:
            yield gettext_lazy(
                "people above the limit of changes per person (%(most)s): %(count)s, the highest %(worst)s",
                most=self.a_person,
                count=f"{len(many):,}",
                worst=f"{max(many):,}",
            )

    def _too_soon(
        self, changes: Sequence[Change], starts: Mapping[str, datetime], now: datetime
    ) -> Iterable[str]:
        until = now + timedelta(hours=self.hours)
        soon = sum(any(starts[m.slot] < until for m in (c.before, c.after) if m) for c in changes)
        if soon:
            yield gettext_lazy(
                "changed meetings that start within %(hours)s hours: %(count)s",
                hours=self.hours,
                count=f"{soon:,}",
            )


def find_forced_requests(problem: Problem) -> frozenset[str]:
    """Return the requests whose published meetings cannot stay, whatever else is planned."""
    asked = (m for m in problem.published if m.request in problem.index.requests)
    return frozenset(m.request for m in asked if not is_still_possible(problem, m))


def find_displaced_requests(problem: Problem, meetings: Sequence[Meeting]) -> frozenset[str]:
    """Return the requests whose published meetings are possible alone, but displaced by meetings that a plan
    must keep.

    Those are locked meetings and meetings that stay as published.
    """
    schedule = Schedule.of(problem, meetings)
    taken, as_it_was = Occupation(problem, schedule), {m.request: m for m in problem.published}

    def had_to(other: ResolvedMeeting) -> bool:
        was = as_it_was.get(other.id)
        return other.request.is_must or (was is not None and same_meeting(was, other.meeting))

    def gave_way(meeting: Meeting) -> bool:
        held = resolve_meeting(problem, meeting, [])
        return held is not None and any(map(had_to, taken.in_its_way(held)))

    changed = published_changes(problem, meetings).voluntary
    return frozenset(id for id in changed if gave_way(as_it_was[id]))


def _unchanged_until(problem: Problem, lost: Collection[str], until: datetime) -> Problem:
    """Return the problem in which nothing is changed or added before a time, except `lost` requests.

    Freezing these hours would keep the `lost` meetings too, which is infeasible.
    """
    index = problem.index
    later = [s for s, slot in enumerate(problem.slots) if slot.start >= until]
    kept = {
        m.request: m
        for m in problem.published
        if m.request not in lost and index.slots.get(m.slot, len(problem.slots)) not in later
    }

    def row(request: Request) -> Request:
        if request.id in kept:
            return find_published_request(problem, kept[request.id])
        if request.id in lost or request.fixed is not None:
            return request
        return replace(request, slots=tuple(s for s in later if request.slots is None or s in request.slots))

    return replace(problem, requests=tuple(map(row, problem.requests)))


def find_published_request(problem: Problem, meeting: Meeting) -> Request:
    """Return the request of a published meeting, fixed to its time, place and people, or dropped."""
    index = problem.index
    request = problem.requests[index.requests[meeting.request]]
    people = sorted(index.attendees[person] for person in meeting.attendees)
    return replace(
        request,
        from_attendees=tuple(a for a in people if problem.attendees[a].firm == request.sender),
        to_attendees=tuple(a for a in people if problem.attendees[a].firm == request.receiver),
        fixed=Fixed(
            index.slots[meeting.slot],
            index.places[meeting.place],
            must=request.is_must,
        ),
    )


def count_changes(
    changes: Iterable[Change], accepted: Collection[str], forced: Collection[str] = ()
) -> list[Change]:
    """Return the changes that count against a budget. `accepted` are the requests that both firms still want.

    Changes of `forced` requests, whose published meetings cannot stay, do not count.
    """
    kinds = ChangeKind.MOVED, ChangeKind.RELOCATED, ChangeKind.REASSIGNED
    dropped = ChangeKind.CANCELLED
    chosen = (c for c in changes if c.request not in forced)
    return [c for c in chosen if c.kind in kinds or (c.kind is dropped and c.request in accepted)]
