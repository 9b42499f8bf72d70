"""Steps of a manual draft: done, undone, redone. Each organiser has their own undo order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import WrongState
from scheduler.domain.manual_edits import EditStepKind, EditStepState, LockKind
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.board import alterations, manual_drafts
from scheduler.services.board.manual_drafts import LockedDraft
from scheduler.services.board.rule_checks import PlanPart, WantedMeetings, check_rules, load_part
from scheduler.services.identity.actors import Actor
from scheduler.storage.models import Account, EditStep

_KINDS = {
    EditStepKind.MOVE: pgettext_lazy("audit log", "move"),
    EditStepKind.PLACE: pgettext_lazy("audit log", "change location"),
    EditStepKind.PEOPLE: pgettext_lazy("audit log", "change attendees"),
    EditStepKind.SWAP: pgettext_lazy("audit log", "swap"),
    EditStepKind.ADD: pgettext_lazy("audit log", "add"),
    EditStepKind.CANCEL: pgettext_lazy("audit log", "cancel"),
    EditStepKind.LOCK: pgettext_lazy("audit log", "lock"),
    EditStepKind.UNLOCK: pgettext_lazy("audit log", "unlock"),
    EditStepKind.FORBID: pgettext_lazy("audit log", "forbid time"),
    EditStepKind.ALLOW: pgettext_lazy("audit log", "allow time"),
    EditStepKind.REPAIR: pgettext_lazy("audit log", "move with other meetings"),
}
"""Subjects of steps in the audit log."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """A step that was done, undone or redone."""

    number: int
    kind: EditStepKind
    revision: int
    """Of the draft, after the step."""
    gain: float
    """The change of the score."""
    requests: tuple[str, ...]
    by: str = ""
    """The address of the step's author, if another person undoes it."""


def take_step(
    session: Session,
    actor: Actor,
    held: LockedDraft,
    kind: EditStepKind,
    part: PlanPart,
    wanted: WantedMeetings,
    marks: Mapping[str, LockKind | None],
    *,
    bans: alterations.Bans | None = None,
    now: datetime,
) -> StepResult:
    """Apply a validated change as a step, which clears the actor's redo steps.

    Raises WrongState if it changes nothing.
    """
    version = held.version
    changes = alterations.make_alterations(session, version, part.held, wanted, marks, bans or {})
    if not changes:
        about = next(iter(wanted or marks or bans or ()), "")
        told = gettext_lazy("Nothing was changed: the meeting is already set this way.")
        raise WrongState("meeting", about, "there", "there", told)
    before = {"score": version.score, "terms": dict(version.terms)}
    after = part.rescored(version.terms, part.gain(wanted)) if wanted else before
    session.execute(
        update(EditStep)
        .where(
            EditStep.version_id == version.id,
            EditStep.state == EditStepState.UNDONE,
            EditStep.changed_by.is_not_distinct_from(actor.account_id),
        )
        .values(state=EditStepState.REPLACED)
    )
    last = session.scalar(select(func.max(EditStep.number)).where(EditStep.version_id == version.id)) or 0
    step = EditStep(
        version_id=version.id,
        number=last + 1,
        kind=kind.value,
        changes={key: each.to_json() for key, each in changes.items()},
        score={"before": before, "after": after},
    )
    alterations.write_alterations(session, version, changes)
    return _store_step(session, actor, held, step, EditStepState.DONE, now=now)


def undo_step(
    session: Session, actor: Actor, number: int, *, step: int | None = None, seen: int | None, now: datetime
) -> StepResult:
    """Undo the actor's last step, or step number `step` of any organiser.

    Raises WrongState if there is none or a later step changed the same meeting, BreaksRules if the earlier
    state breaks rules, EditConflict, and the errors of `manual_drafts.lock_draft`.
    """
    held = manual_drafts.lock_draft(session, actor, number)
    found = _latest(session, actor, held, EditStepState.DONE, step)
    if found is None:
        told = gettext_lazy("You have no change to undo.")
        raise WrongState("draft", number, "as it began", "undone", told)
    owner = session.get(Account, found.changed_by) if found.changed_by != actor.account_id else None
    _revert(session, held, found, seen=seen, now=now, back=True)
    taken = _store_step(session, actor, held, found, EditStepState.UNDONE, now=now)
    return replace(taken, by=owner.email if owner is not None and held.names_others else "")


def redo_step(session: Session, actor: Actor, number: int, *, seen: int | None, now: datetime) -> StepResult:
    """Redo the step that the actor undid last.

    Raises WrongState if there is none, and the errors of `undo_step`.
    """
    held = manual_drafts.lock_draft(session, actor, number)
    found = _latest(session, actor, held, EditStepState.UNDONE, None)
    if found is None:
        told = gettext_lazy("You have no undone change to redo.")
        raise WrongState("draft", number, "without undone steps", "done again", told)
    _revert(session, held, found, seen=seen, now=now, back=False)
    return _store_step(session, actor, held, found, EditStepState.DONE, now=now)


def _latest(
    session: Session, actor: Actor, held: LockedDraft, state: EditStepState, number: int | None
) -> EditStep | None:
    """Return the done or undone step with this number, or by default the actor's last one."""
    mine = select(EditStep).where(EditStep.version_id == held.version.id, EditStep.state == state)
    if number is not None:
        return session.scalar(mine.where(EditStep.number == number))
    own = EditStep.changed_by.is_not_distinct_from(actor.account_id)
    return session.scalar(mine.where(own).order_by(EditStep.revision.desc()).limit(1))


def _revert(
    session: Session, held: LockedDraft, step: EditStep, *, seen: int | None, now: datetime, back: bool
) -> None:
    """Revert or reapply a step. Later steps of others stay, and may prevent it."""
    version, changes = held.version, alterations.parse_alterations(step.changes)
    manual_drafts.require_unchanged(session, held, set(changes), seen)
    is_last = not _list_later_steps(session, held, step)
    if not alterations.matches_draft(session, version, changes, back=back):
        _refuse_conflict(session, held, step)
    wanted = {
        key: each.before if back else each.after for key, each in changes.items() if each.before != each.after
    }
    score = {"score": version.score, "terms": dict(version.terms)}
    was, becomes = ("after", "before") if back else ("before", "after")
    if wanted and not (is_last and score == step.score[was]):
        meetings = [meeting for meeting in wanted.values() if meeting is not None]
        part = load_part(
            session,
            version,
            list(wanted),
            places=[meeting.place for meeting in meetings],
            interpreters=[meeting.interpreter for meeting in meetings if meeting.interpreter],
            now=now,
        )
        if not is_last:
            check_rules(session, version, part, wanted)
        step.score = {was: score, becomes: part.rescored(version.terms, part.gain(wanted))}
    elif not wanted:
        step.score = {was: score, becomes: score}
    alterations.write_alterations(session, version, changes, back=back)


def _list_later_steps(
    session: Session, held: LockedDraft, step: EditStep
) -> Sequence[tuple[EditStep, str | None]]:
    """Return later steps that are done, with their authors, newest first."""
    rows = session.execute(
        select(EditStep, Account.email)
        .outerjoin(Account, Account.id == EditStep.changed_by)
        .where(
            EditStep.version_id == held.version.id,
            EditStep.state == EditStepState.DONE,
            EditStep.revision > step.revision,
        )
        .order_by(EditStep.revision.desc())
    )
    return [(each, who) for each, who in rows]


def _refuse_conflict(session: Session, held: LockedDraft, step: EditStep) -> NoReturn:
    """Raise WrongState, naming who changed the same meeting since."""
    changed = (
        who
        for each, who in _list_later_steps(session, held, step)
        if each.changes.keys() & step.changes.keys()
    )
    who = next(changed, None) if held.names_others else None
    told = gettext_lazy(
        "%(who)s changed the same meeting after this change. Undo that change first.",
        who=who or gettext_lazy("Someone"),
    )
    raise WrongState("step", step.number, "changed since", "undone", told)


def _store_step(
    session: Session, actor: Actor, held: LockedDraft, step: EditStep, state: EditStepState, *, now: datetime
) -> StepResult:
    """Store the step as a new revision with its score, and record it in the audit log."""
    held.draft.revision += 1
    step.state, step.revision = state, held.draft.revision
    step.changed_by, step.changed_at = actor.account_id, now
    old, new = step.score["before"], step.score["after"]
    shown = new if state is EditStepState.DONE else old
    held.version.score, held.version.terms = shown["score"], dict(shown["terms"])
    session.add(step)
    session.flush()
    is_undone = state is EditStepState.UNDONE
    values = {
        "number": held.version.number,
        "step": _KINDS[EditStepKind(step.kind)],
        "requests": ", ".join(step.changes),
    }
    about = (
        pgettext_lazy("audit log", "draft %(number)s: %(step)s undone, %(requests)s", **values)
        if is_undone
        else pgettext_lazy("audit log", "draft %(number)s: %(step)s, %(requests)s", **values)
    )
    recording.record_act(session, actor, Act.MANUAL_DRAFT, about, now=now)
    gain = round((old["score"] - new["score"]) if is_undone else (new["score"] - old["score"]), 6)
    return StepResult(step.number, EditStepKind(step.kind), held.draft.revision, gain, tuple(step.changes))
