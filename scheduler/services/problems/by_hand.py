"""What was put by hand: the next run holds it where it was put, or leaves it out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.by_hand import HandMarkKind
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem, Request
from scheduler.domain.rules.stability import is_frozen
from scheduler.services.schedule import versions
from scheduler.storage.database import once
from scheduler.storage.models import HandBan, HandDraft, HandMark, MeetingRequest, ScheduleVersion, Slot


def fix(session: Session, event_id: int, problem: Problem) -> Problem:
    """The problem with what was put by hand fixed to its time, place and people, without forbidden times.

    What no longer keeps the rules, as somebody is away since, is not fixed. So no run fails of it.
    """
    draft = newest(session, event_id)
    marks = of_draft(session, draft) if draft is not None else {}
    problem = _without_held_back(session, event_id, problem, marks)
    if draft is None:
        return problem
    problem = without_bans(problem, bans_of(session, draft))
    if not marks:
        return problem
    out = {key for key, kind in marks.items() if kind is HandMarkKind.LEFT_OUT}
    put = [
        meeting
        for meeting in versions.meetings(session, draft)
        if marks.get(meeting.request) is HandMarkKind.LOCKED
    ]
    fixed = {meeting.request: meeting for meeting in _possible(problem, put)}
    frozen = {meeting.request for meeting in problem.published if is_frozen(problem, meeting)}
    return replace(
        problem,
        requests=tuple(
            _fixed(problem, row, fixed[row.id]) if row.id in fixed else row
            for row in problem.requests
            if row.id not in out or row.id in frozen
        ),
    )


def held_back(session: Session, event_id: int) -> list[str]:
    """The requests whose new meetings an organiser rejected."""
    mine = select(MeetingRequest.key).where(
        MeetingRequest.event_id == event_id,
        MeetingRequest.is_held_back,
        MeetingRequest.state == RequestState.ACCEPTED,
    )
    query = mine.order_by(MeetingRequest.id)
    return once(session, f"held back {event_id}", lambda: list(session.scalars(query)))


def _without_held_back(
    session: Session, event_id: int, problem: Problem, marks: Mapping[str, HandMarkKind]
) -> Problem:
    """Without what was held back, but for what is published all the same, or was put by hand since."""
    out = set(held_back(session, event_id)) - {meeting.request for meeting in problem.published}
    out -= {key for key, kind in marks.items() if kind is HandMarkKind.LOCKED}
    return replace(problem, requests=tuple(row for row in problem.requests if row.id not in out))


def without_bans(problem: Problem, bans: Mapping[str, Collection[str]]) -> Problem:
    """The problem in which requests do not take the slots that are forbidden to them, by keys.

    One that is fixed or frozen keeps its times.
    """
    index = problem.index
    frozen = {meeting.request for meeting in problem.published if is_frozen(problem, meeting)}

    def without(row: Request) -> Request:
        if row.id not in bans or row.fixed is not None or row.id in frozen:
            return row
        banned = {index.slots[slot] for slot in bans[row.id] if slot in index.slots}
        starts = range(len(problem.slots)) if row.slots is None else row.slots
        kept = tuple(s for s in starts if banned.isdisjoint(range(s, s + row.length)))
        return replace(row, slots=kept)

    return replace(problem, requests=tuple(map(without, problem.requests))) if bans else problem


def bans_of(session: Session, version_id: int) -> dict[str, set[str]]:
    """The slots that a draft forbids to requests, by their keys."""
    rows = session.execute(
        select(MeetingRequest.key, Slot.key)
        .select_from(HandBan)
        .join(MeetingRequest, MeetingRequest.id == HandBan.request_id)
        .join(Slot, Slot.id == HandBan.slot_id)
        .where(HandBan.version_id == version_id)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for request, slot in rows:
        found[request].add(slot)
    return found


def newest(session: Session, event_id: int) -> int | None:
    """The id of the newest version by hand that is a draft or published."""
    return session.scalar(
        select(HandDraft.version_id)
        .join(ScheduleVersion, ScheduleVersion.id == HandDraft.version_id)
        .where(
            ScheduleVersion.event_id == event_id,
            ScheduleVersion.state.in_((VersionState.DRAFT, VersionState.PUBLISHED)),
        )
        .order_by(ScheduleVersion.number.desc())
        .limit(1)
    )


def of_draft(session: Session, version_id: int) -> dict[str, HandMarkKind]:
    """The marks of a draft by the keys of its requests."""
    rows = session.execute(
        select(MeetingRequest.key, HandMark.kind)
        .join(MeetingRequest, MeetingRequest.id == HandMark.request_id)
        .where(HandMark.version_id == version_id)
    )
    return {key: kind for key, kind in rows}  # noqa: C416 -- dict(rows) loses the types


def _possible(problem: Problem, put: Sequence[Meeting]) -> list[Meeting]:
    """Those that break no rule, beside each other and beside what is frozen."""
    rows = problem.requests
    asked = problem.index.requests
    mine = [m for m in put if m.request in asked and rows[asked[m.request]].fixed is None]
    names = {meeting.request for meeting in mine}
    frozen = [m for m in problem.published if is_frozen(problem, m) and m.request not in names]
    broken = {
        name
        for breach in rules.violations(problem, [*mine, *frozen])
        if breach.rule not in ("H1", "H12", "H13")
        for name in breach.ids
    }
    return [meeting for meeting in mine if meeting.request not in broken]


def _fixed(problem: Problem, row: Request, meeting: Meeting) -> Request:
    index = problem.index
    people = [index.attendees[person] for person in meeting.attendees]
    firm = [problem.attendees[person].firm for person in people]
    return replace(
        row,
        fixed=Fixed(index.slots[meeting.slot], index.places[meeting.place], must=True),
        from_attendees=tuple(p for p, f in zip(people, firm, strict=True) if f == row.sender),
        to_attendees=tuple(p for p, f in zip(people, firm, strict=True) if f == row.receiver),
    )
