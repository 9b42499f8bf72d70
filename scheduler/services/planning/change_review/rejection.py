"""Rejection of a draft's changes.

Rejected moves are locked to the published time, rejected new meetings are held back. The rest is solved
again.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.change_review import locking, review
from scheduler.services.planning.change_review.reviewed_change import ReviewedChange
from scheduler.services.planning.runs import run_control
from scheduler.services.planning.runs.run_control import RunCard
from scheduler.services.requests import locks
from scheduler.services.schedule import versions
from scheduler.storage.models import Run, ScheduleVersion

RERUN_SECONDS = 15
"""Seconds of the run that solves the rest. It starts from the published plan, of which it changes little."""


def reject_change(session: Session, actor: Actor, number: int, key: str, *, now: datetime) -> None:
    """Reject a change: lock the meeting to its published time, or hold back a new one.

    Raises FixNotApplied if the meeting cannot stay there, or if there is no such change.
    """
    actor.require(Right.LOCK_REQUESTS)
    version = _draft(session, actor, number)
    found = review.get_diff(session, actor, version, None)
    change = next(iter(found.read(found.numbers_of({key}))), None) if found is not None else None
    if change is None:
        raise locks.FixNotApplied(gettext_lazy("This draft doesn't change that meeting."))
    if change[0].before is None:
        locks.hold_back_request(session, actor, key, now=now)
        return
    cause = change[1]
    if cause is not None and not cause.by_choice:
        raise locks.FixNotApplied(gettext_lazy("This meeting can't stay as it is."))
    before = change[0].before
    locking.lock_request(session, actor, key, before.slot, place_key=before.place, now=now)


def accept_change(session: Session, actor: Actor, number: int, key: str, *, now: datetime) -> bool:
    """Undo a rejection. Return True if there was one."""
    actor.require(Right.LOCK_REQUESTS)
    version = _draft(session, actor, number)
    if locks.release_request(session, actor, key, now=now):
        return True
    if key not in {each.request for each in _rejected(session, actor, version)}:
        return False
    return locks.unlock_request(session, actor, key, now=now)


def accept_all_changes(session: Session, actor: Actor, number: int, *, now: datetime) -> int:
    """Undo all rejections. Return their number."""
    actor.require(Right.LOCK_REQUESTS)
    version = _draft(session, actor, number)
    keys = [each.request for each in _rejected(session, actor, version)]
    let_in = sum(locks.release_request(session, actor, key, now=now) for key in keys)
    return let_in + sum(locks.unlock_request(session, actor, key, now=now) for key in keys)


def rerun_draft(session: Session, actor: Actor, number: int, *, now: datetime) -> RunCard:
    """Queue a short run with the current locks and the change limit of the draft's own run.

    Raises RunAlreadyOpen. The caller sends the task after the commit.
    """
    actor.require(Right.MANAGE_RUNS)
    draft = _draft(session, actor, number)
    run = session.get(Run, draft.run_id) if draft.run_id is not None else None
    most = run.max_moved if run is not None else 0
    return run_control.start_run(session, actor, seconds=RERUN_SECONDS, max_moved=most, now=now)


def _rejected(session: Session, actor: Actor, version: ScheduleVersion) -> list[ReviewedChange]:
    found = review.get_diff(session, actor, version, None)
    if found is None:
        return []
    return review.list_rejected(session, actor, version, found)


def _draft(session: Session, actor: Actor, number: int) -> ScheduleVersion:
    version = versions.get_version(session, actor.event_id, number)
    if version.state is not VersionState.DRAFT:
        told = gettext_lazy(
            "Version %(number)s is no longer a draft, so nothing can be decided.", number=str(number)
        )
        raise WrongState("schedule version", str(number), version.state.value, "decided", told)
    return version
