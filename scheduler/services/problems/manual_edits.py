"""Manual edits: a run keeps the meetings that an organiser placed or removed.

Every run keeps the manual edits of the published version. An open manual draft is kept only by a run that a
person starts with it; otherwise an overnight run would publish unapproved edits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import rules
from scheduler.domain.entities import RequestState, VersionState
from scheduler.domain.errors import NotFound, WrongState
from scheduler.domain.manual_edits import EditStepState, LockKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Fixed, Problem, Request
from scheduler.domain.rules.stability import is_frozen
from scheduler.i18n import gettext_lazy
from scheduler.services.schedule import versions
from scheduler.storage.database import once_per_session
from scheduler.storage.models import (
    Account,
    BlockedSlot,
    EditStep,
    ManualDraft,
    MeetingLock,
    MeetingRequest,
    Run,
    ScheduleVersion,
    Slot,
)


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """A manual draft with edit steps. `base` is the number of the version it was copied from."""

    number: int
    base: int
    steps: int
    by: str


def fix_manual_meetings(session: Session, event_id: int, problem: Problem, number: int | None) -> Problem:
    """Return the problem with a version's manual edits applied.

    Placed meetings are fixed to their time, place and people; removed ones and blocked slots are left out.
    `number` is the version's, by default that of the effective draft. An edit that now breaks a rule, for
    example because a person is absent, is not fixed, so that no run fails because of it.
    """
    kept = (
        find_effective_draft(session, event_id)
        if number is None
        else versions.get_version(session, event_id, number)
    )
    draft = kept.id if kept is not None else None
    marks = list_draft_edits(session, draft) if draft is not None else {}
    problem = _without_rejected(session, event_id, problem, marks)
    if draft is None:
        return problem
    problem = without_bans(problem, list_bans(session, draft))
    if not marks:
        return problem
    out = {key for key, kind in marks.items() if kind is LockKind.LEFT_OUT}
    put = [
        meeting
        for meeting in versions.list_meetings(session, draft)
        if marks.get(meeting.request) is LockKind.LOCKED
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


def find_previously_rejected(session: Session, event_id: int) -> list[str]:
    """Return keys of the accepted requests whose new meetings an organiser rejected."""
    mine = select(MeetingRequest.key).where(
        MeetingRequest.event_id == event_id,
        MeetingRequest.is_excluded,
        MeetingRequest.state == RequestState.ACCEPTED,
    )
    query = mine.order_by(MeetingRequest.id)
    return once_per_session(session, f"held back {event_id}", lambda: list(session.scalars(query)))


def _without_rejected(
    session: Session, event_id: int, problem: Problem, marks: Mapping[str, LockKind]
) -> Problem:
    """Return the problem without held-back requests, except those that are published or were placed manually
    since.
    """
    out = set(find_previously_rejected(session, event_id)) - {
        meeting.request for meeting in problem.published
    }
    out -= {key for key, kind in marks.items() if kind is LockKind.LOCKED}
    return replace(problem, requests=tuple(row for row in problem.requests if row.id not in out))


def without_bans(problem: Problem, bans: Mapping[str, Collection[str]]) -> Problem:
    """Return the problem in which requests cannot use the slots that are blocked for them, by keys.

    Fixed and frozen requests keep their times.
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


def list_bans(session: Session, version_id: int) -> dict[str, set[str]]:
    """Return the slots that a draft blocks, by request key."""
    rows = session.execute(
        select(MeetingRequest.key, Slot.key)
        .select_from(BlockedSlot)
        .join(MeetingRequest, MeetingRequest.id == BlockedSlot.request_id)
        .join(Slot, Slot.id == BlockedSlot.slot_id)
        .where(BlockedSlot.version_id == version_id)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for request, slot in rows:
        found[request].add(slot)
    return found


def find_effective_draft(session: Session, event_id: int) -> ScheduleVersion | None:
    """Return the manual draft whose edits the published version keeps, if any."""
    published = versions.find_published_version(session, event_id)
    return find_source_version(session, published) if published is not None else None


def find_source_version(session: Session, version: ScheduleVersion) -> ScheduleVersion | None:
    """Return the manual draft whose edits a version keeps: itself, the one it was copied from, or its run's
    `manual_draft`.
    """
    while session.get(ManualDraft, version.id) is None:
        if version.copy_of_id is not None:
            version = session.get_one(ScheduleVersion, version.copy_of_id)
            continue
        run = session.get(Run, version.run_id) if version.run_id is not None else None
        if run is None or run.manual_draft is None:
            return None
        version = versions.get_version(session, version.event_id, run.manual_draft)
    return version


def list_open_drafts(session: Session, event_id: int) -> tuple[OpenDraft, ...]:
    """Return manual drafts with edits that are neither published nor discarded, newest first."""
    base = aliased(ScheduleVersion)
    who = func.coalesce(func.nullif(Account.name, ""), Account.email, "")
    rows = session.execute(
        select(ScheduleVersion.number, base.number, func.count(), func.max(who))
        .join(ManualDraft, ManualDraft.version_id == ScheduleVersion.id)
        .join(base, base.id == ManualDraft.base_id)
        .join(EditStep, (EditStep.version_id == ScheduleVersion.id) & (EditStep.state == EditStepState.DONE))
        .outerjoin(Account, Account.id == ManualDraft.started_by)
        .where(ScheduleVersion.event_id == event_id, ScheduleVersion.state == VersionState.DRAFT)
        .group_by(ScheduleVersion.number, base.number)
        .order_by(ScheduleVersion.number.desc())
    )
    return tuple(OpenDraft(*row) for row in rows)


def check_draft_usable(session: Session, event_id: int, number: int) -> None:
    """Raises NotFound if the version is not a manual draft, and WrongState if it is discarded."""
    version = versions.get_version(session, event_id, number)
    if session.get(ManualDraft, version.id) is None:
        raise NotFound("draft by hand", number)
    if version.state is VersionState.DISCARDED:
        told = gettext_lazy(
            "Manual draft %(number)s was discarded, so no run can keep it.", number=str(version.number)
        )
        raise WrongState("schedule version", str(version.number), version.state.value, "kept", told)


def list_draft_edits(session: Session, version_id: int) -> dict[str, LockKind]:
    """Return the edits of a draft by request key."""
    rows = session.execute(
        select(MeetingRequest.key, MeetingLock.kind)
        .join(MeetingRequest, MeetingRequest.id == MeetingLock.request_id)
        .where(MeetingLock.version_id == version_id)
    )
    return {key: kind for key, kind in rows}  # noqa: C416 -- dict(rows) loses the types


def _possible(problem: Problem, put: Sequence[Meeting]) -> list[Meeting]:
    """Return the placed meetings that break no rule, together with each other and the frozen meetings."""
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
