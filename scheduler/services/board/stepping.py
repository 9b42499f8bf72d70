"""Steps of a draft by hand: taken, undone and done again, the last first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.by_hand import HandMarkKind, HandStepKind, HandStepState
from scheduler.domain.errors import WrongState
from scheduler.saying import say
from scheduler.services.access.actors import Actor
from scheduler.services.board import alterations, drafts
from scheduler.services.board.checking import PlanPart, Wanted
from scheduler.services.board.drafts import HeldDraft
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.services.trail.noted import noted
from scheduler.storage.models import HandStep

_KINDS = {
    HandStepKind.MOVE: noted("trail", "move"),
    HandStepKind.PLACE: noted("trail", "place"),
    HandStepKind.PEOPLE: noted("trail", "people"),
    HandStepKind.SWAP: noted("trail", "swap"),
    HandStepKind.ADD: noted("trail", "add"),
    HandStepKind.CANCEL: noted("trail", "cancel"),
    HandStepKind.LOCK: noted("trail", "lock"),
    HandStepKind.UNLOCK: noted("trail", "unlock"),
    HandStepKind.FORBID: noted("trail", "forbid"),
    HandStepKind.ALLOW: noted("trail", "allow"),
    HandStepKind.REPAIR: noted("trail", "repair"),
}
"""What a step is in the trail."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was done, undone or done again. `gain` is what it did to the score."""

    number: int
    kind: HandStepKind
    revision: int
    gain: float
    requests: tuple[str, ...]


def take(
    session: Session,
    actor: Actor,
    held: HeldDraft,
    kind: HandStepKind,
    part: PlanPart,
    wanted: Wanted,
    marks: Mapping[str, HandMarkKind | None],
    *,
    bans: alterations.Bans | None = None,
    now: datetime,
) -> Taken:
    """Do what was checked, and keep it as a step. Steps that were undone cannot be done again then.

    Raises WrongState if it changes nothing.
    """
    version = held.version
    changes = alterations.make(session, version, part.held, wanted, marks, bans or {})
    if not changes:
        about = next(iter(wanted or marks or bans or ()), "")
        told = say("It is so already. Nothing was done.")
        raise WrongState("meeting", about, "there", "there", told)
    before = {"score": version.score, "terms": dict(version.terms)}
    after = part.rescored(version.terms, part.gain(wanted)) if wanted else before
    session.execute(
        update(HandStep)
        .where(HandStep.version_id == version.id, HandStep.state == HandStepState.UNDONE)
        .values(state=HandStepState.REPLACED)
    )
    last = session.scalar(select(func.max(HandStep.number)).where(HandStep.version_id == version.id)) or 0
    step = HandStep(
        version_id=version.id,
        number=last + 1,
        kind=kind.value,
        changes={key: each.to_json() for key, each in changes.items()},
        score={"before": before, "after": after},
    )
    alterations.write(session, version, changes)
    return _stamp(session, actor, held, step, HandStepState.DONE, now=now)


def undo(session: Session, actor: Actor, number: int, *, seen: int | None, now: datetime) -> Taken:
    """Take the last step back. Raises WrongState if there is none, ChangedMeanwhile, as `drafts.hold`."""
    held = drafts.hold(session, actor, number)
    mine = select(HandStep).where(
        HandStep.version_id == held.version.id, HandStep.state == HandStepState.DONE
    )
    step = session.scalar(mine.order_by(HandStep.number.desc()).limit(1))
    if step is None:
        raise WrongState("draft", number, "as it began", "undone", say("There is no step to undo."))
    drafts.check_seen(session, held, set(step.changes), seen)
    alterations.write(session, held.version, alterations.of_json(step.changes), back=True)
    return _stamp(session, actor, held, step, HandStepState.UNDONE, now=now)


def redo(session: Session, actor: Actor, number: int, *, seen: int | None, now: datetime) -> Taken:
    """Do again what was undone last. Raises WrongState if there is nothing, and as `undo`."""
    held = drafts.hold(session, actor, number)
    mine = select(HandStep).where(
        HandStep.version_id == held.version.id, HandStep.state == HandStepState.UNDONE
    )
    step = session.scalar(mine.order_by(HandStep.number).limit(1))
    if step is None:
        told = say("No step was undone last, so there is none to do again.")
        raise WrongState("draft", number, "without undone steps", "done again", told)
    drafts.check_seen(session, held, set(step.changes), seen)
    alterations.write(session, held.version, alterations.of_json(step.changes))
    return _stamp(session, actor, held, step, HandStepState.DONE, now=now)


def _stamp(
    session: Session, actor: Actor, held: HeldDraft, step: HandStep, state: HandStepState, *, now: datetime
) -> Taken:
    """A new revision of the draft, with the score of before or after the step, noted in the trail."""
    held.draft.revision += 1
    step.state, step.revision = state, held.draft.revision
    step.taken_by, step.taken_at = actor.account_id, now
    old, new = step.score["before"], step.score["after"]
    shown = new if state is HandStepState.DONE else old
    held.version.score, held.version.terms = shown["score"], dict(shown["terms"])
    session.add(step)
    session.flush()
    is_undone = state is HandStepState.UNDONE
    values = {
        "number": held.version.number,
        "step": _KINDS[HandStepKind(step.kind)],
        "requests": ", ".join(step.changes),
    }
    about = (
        noted("trail", "draft %(number)s: %(step)s undone of %(requests)s", **values)
        if is_undone
        else noted("trail", "draft %(number)s: %(step)s of %(requests)s", **values)
    )
    trail.note(session, actor, Act.HAND, about, now=now)
    gain = round((old["score"] - new["score"]) if is_undone else (new["score"] - old["score"]), 6)
    return Taken(step.number, HandStepKind(step.kind), held.draft.revision, gain, tuple(step.changes))
