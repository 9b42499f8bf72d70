"""Board commands on a manual draft. Each is one step and is validated first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice, product

from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound, WrongState
from scheduler.domain.manual_edits import EditStepKind, LockKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.i18n import gettext_lazy
from scheduler.services.board import alterations, manual_drafts, steps
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.board.manual_drafts import LockedDraft
from scheduler.services.board.rule_checks import PlanPart, WantedMeetings, check_rules, load_part
from scheduler.services.board.steps import StepResult
from scheduler.services.identity.actors import Actor
from scheduler.services.problems import manual_edits

MAX_STAFFINGS = 60
"""Maximum combinations of people and interpreter tried for one meeting."""
MAX_MEETINGS = 20
"""Maximum number of meetings that one command may change."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A request's time, place and people. Without people, the current or any possible ones."""

    request: str
    slot: str
    place: str
    people: tuple[str, ...] = ()
    interpreter: str | None = None


def place_request(
    session: Session,
    actor: Actor,
    number: int,
    target: Placement,
    *,
    seen: int | None,
    now: datetime,
) -> StepResult:
    """Place a request at a time and place: add or move it, or change its place or people.

    A placed meeting is locked: the next run keeps it. `seen` is the revision that the caller saw. Raises
    BreaksRules, EditConflict, and the errors of `manual_drafts.lock_draft`.
    """
    return arrange_requests(session, actor, number, [target], (), seen=seen, now=now)


def arrange_requests(
    session: Session,
    actor: Actor,
    number: int,
    targets: Sequence[Placement],
    dropped: Sequence[str],
    *,
    seen: int | None,
    now: datetime,
) -> StepResult:
    """Place the first request, move others and drop some, in one step.

    Raises the same errors as `place_request`.
    """
    held = manual_drafts.lock_draft(session, actor, number)
    keys = [*(target.request for target in targets), *dropped]
    if len(set(keys)) != len(keys) or not 0 < len(keys) <= MAX_MEETINGS:
        told = gettext_lazy("This change affects no meetings, or too many at once. Nothing was saved.")
        raise WrongState("step", len(keys), "no change of some meetings", "done", told)
    manual_drafts.require_unchanged(session, held, set(keys), seen)
    part = load_part(
        session,
        held.version,
        keys,
        places=[target.place for target in targets],
        interpreters=[target.interpreter for target in targets if target.interpreter],
        slot=targets[0].slot if len(targets) == 1 else None,
        now=now,
    )
    for target in targets:
        if target.slot not in part.problem.index.slots:
            raise NotFound("meeting time", target.slot)
    first = part.held.get(keys[0])
    others: dict[str, Meeting | None] = dict.fromkeys(dropped)
    others |= {target.request: next(_staffings(part, target)) for target in targets[1:]}
    wanted = _first_allowed(
        session,
        held,
        part,
        ({target.request: m, **others} for target in targets[:1] for m in _staffings(part, target)),
    )
    marks: dict[str, LockKind | None] = {target.request: LockKind.LOCKED for target in targets}
    marks |= dict.fromkeys(dropped, LockKind.LEFT_OUT)
    return steps.take_step(
        session, actor, held, _kind(first, wanted[keys[0]], keys), part, wanted, marks, now=now
    )


def swap_meetings(
    session: Session, actor: Actor, number: int, one: str, other: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Swap the times of two meetings, and their places if possible.

    Raises the same errors as `place_request`.
    """
    held = manual_drafts.lock_draft(session, actor, number)
    manual_drafts.require_unchanged(session, held, {one, other}, seen)
    both = load_part(session, held.version, [one, other], now=now).held
    first, second = _find_meeting(both, one), _find_meeting(both, other)
    part = load_part(session, held.version, [one, other], places=[first.place, second.place], now=now)
    ways: list[WantedMeetings] = [
        {
            one: replace(first, slot=second.slot, place=second.place),
            other: replace(second, slot=first.slot, place=first.place),
        },
        {one: replace(first, slot=second.slot), other: replace(second, slot=first.slot)},
    ]
    wanted = _first_allowed(session, held, part, ways)
    marks = dict.fromkeys((one, other), LockKind.LOCKED)
    return steps.take_step(session, actor, held, EditStepKind.SWAP, part, wanted, marks, now=now)


def cancel_meeting(
    session: Session, actor: Actor, number: int, request: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Cancel a meeting of the draft. The next run leaves it unscheduled.

    Raises the same errors as `place_request`, and WrongState if the request is unscheduled.
    """
    held = manual_drafts.lock_draft(session, actor, number)
    manual_drafts.require_unchanged(session, held, {request}, seen)
    part = load_part(session, held.version, [request], now=now)
    _find_meeting(part.held, request)
    wanted = _first_allowed(session, held, part, [{request: None}])
    marks = {request: LockKind.LEFT_OUT}
    return steps.take_step(session, actor, held, EditStepKind.CANCEL, part, wanted, marks, now=now)


def lock_meeting(
    session: Session, actor: Actor, number: int, request: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Lock a meeting for the next run. Raises WrongState if it is unscheduled or already locked."""
    return _mark_request(session, actor, number, request, LockKind.LOCKED, seen=seen, now=now)


def unlock_request(
    session: Session, actor: Actor, number: int, request: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Remove a request's lock or cancellation. Raises WrongState if it has none."""
    return _mark_request(session, actor, number, request, None, seen=seen, now=now)


def forbid_slot(
    session: Session, actor: Actor, number: int, request: str, slot: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Forbid a slot for a request, in this draft and in the next run.

    Raises the same errors as `place_request`, and BreaksRules if the request is scheduled at that time.
    """
    held, part, banned = _load_slot_ban(session, actor, number, request, slot, seen=seen, now=now)
    meeting, index = part.held.get(request), part.problem.index
    length = part.problem.requests[index.requests[request]].length
    if meeting is not None and 0 <= index.slots[slot] - index.slots[meeting.slot] < length:
        raise BreaksRules(
            [gettext_lazy("The meeting is scheduled at this time. Move it first, then forbid the time.")]
        )
    bans = {request: banned | {slot}}
    return steps.take_step(session, actor, held, EditStepKind.FORBID, part, {}, {}, bans=bans, now=now)


def allow_slot(
    session: Session, actor: Actor, number: int, request: str, slot: str, *, seen: int | None, now: datetime
) -> StepResult:
    """Allow a forbidden slot again.

    Raises the same errors as `place_request`, and WrongState if it is not forbidden.
    """
    held, part, banned = _load_slot_ban(session, actor, number, request, slot, seen=seen, now=now)
    bans = {request: banned - {slot}}
    return steps.take_step(session, actor, held, EditStepKind.ALLOW, part, {}, {}, bans=bans, now=now)


def _load_slot_ban(
    session: Session, actor: Actor, number: int, request: str, slot: str, *, seen: int | None, now: datetime
) -> tuple[LockedDraft, PlanPart, frozenset[str]]:
    """Return the locked draft, the part around a request, and its forbidden slots."""
    held = manual_drafts.lock_draft(session, actor, number)
    manual_drafts.require_unchanged(session, held, {request}, seen)
    part = load_part(session, held.version, [request], now=now)
    if slot not in part.problem.index.slots:
        raise NotFound("meeting time", slot)
    return held, part, frozenset(manual_edits.list_bans(session, held.version.id).get(request, ()))


def _mark_request(
    session: Session,
    actor: Actor,
    number: int,
    request: str,
    kind: LockKind | None,
    *,
    seen: int | None,
    now: datetime,
) -> StepResult:
    held = manual_drafts.lock_draft(session, actor, number)
    manual_drafts.require_unchanged(session, held, {request}, seen)
    part = load_part(session, held.version, [request], now=now)
    if kind is LockKind.LOCKED:
        _find_meeting(part.held, request)
    if alterations.get_marks(session, held.version.id, [request]).get(request) is kind:
        state = "unlocked" if kind is None else "locked"
        told = (
            gettext_lazy("The meeting is already unlocked.")
            if kind is None
            else gettext_lazy("The meeting is already locked.")
        )
        raise WrongState("meeting", request, state, state, told)
    step = EditStepKind.UNLOCK if kind is None else EditStepKind.LOCK
    return steps.take_step(session, actor, held, step, part, {}, {request: kind}, now=now)


def _find_meeting(held: Mapping[str, Meeting], request: str) -> Meeting:
    if request not in held:
        told = gettext_lazy("This draft no longer includes the meeting. Nothing was saved.")
        raise WrongState("meeting request", request, "not held", "changed", told)
    return held[request]


def _kind(before: Meeting | None, after: Meeting | None, keys: Sequence[str]) -> EditStepKind:
    if before is None or after is None:
        return EditStepKind.ADD if before is None else EditStepKind.CANCEL
    if len(keys) > 1:
        return EditStepKind.REPAIR
    if before.slot != after.slot:
        return EditStepKind.MOVE
    return EditStepKind.PLACE if before.place != after.place else EditStepKind.PEOPLE


def _first_allowed(
    session: Session, held: LockedDraft, part: PlanPart, ways: Iterable[WantedMeetings]
) -> WantedMeetings:
    """Return the first option that breaks no rule.

    Raises BreaksRules with the violations of the first one.
    """
    first: WantedMeetings | None = None
    for wanted in ways:
        if not part.breaches(wanted):
            return wanted
        first = first or wanted
    if first is None:
        raise BreaksRules(
            [gettext_lazy("No one can attend this meeting: one of the exhibitors has no attendees.")]
        )
    check_rules(session, held.version, part, first)
    return first


def _staffings(part: PlanPart, target: Placement) -> Iterator[Meeting]:
    """Yield the meeting with each choice of people and interpreter, the current ones first."""
    return islice(_all_staffings(part, target), MAX_STAFFINGS)


def _all_staffings(part: PlanPart, target: Placement) -> Iterator[Meeting]:
    problem, now = part.problem, part.held.get(target.request)
    row = problem.requests[problem.index.requests[target.request]]
    if target.people or now is not None:
        chosen = target.people or (now.attendees if now is not None else ())
        teams: Iterable[tuple[str, ...]] = [tuple(chosen)]
    else:
        teams = (
            tuple(problem.attendees[person].id for side in both for person in side)
            for both in product(*problem.sides(row))
        )
    for team in teams:
        for interpreter in _interpreters(problem, target, now, team):
            yield Meeting(target.request, target.slot, target.place, team, interpreter)


def _interpreters(
    problem: Problem, target: Placement, now: Meeting | None, team: Sequence[str]
) -> Iterator[str | None]:
    """Yield None if the sides share a language, else possible interpreters.

    The named interpreter is the only choice if given. Otherwise the current one comes first.
    """
    row = problem.requests[problem.index.requests[target.request]]
    known = [problem.attendees[problem.index.attendees[p]] for p in team if p in problem.index.attendees]
    one: frozenset[str] = frozenset().union(*(p.languages for p in known if p.firm == row.sender))
    two: frozenset[str] = frozenset().union(*(p.languages for p in known if p.firm == row.receiver))
    if one & two:
        yield None
        return
    if target.interpreter:
        yield target.interpreter
        return
    able = [each.id for each in problem.interpreters if each.languages & one and each.languages & two]
    liked = [now.interpreter] if now is not None and now.interpreter is not None else []
    found = list(dict.fromkeys([*liked, *able]))
    yield from found or (None,)
