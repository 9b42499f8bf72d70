"""Runs: queue, claim, progress, stop and finish. `recovery` handles dead workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Update, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, undefer

from scheduler.domain import fields
from scheduler.domain.entities import AfterRun, RunState
from scheduler.domain.errors import (
    ChainmeetError,
    NotFound,
    RunAlreadyOpen,
    WrongState,
)
from scheduler.domain.planning_inputs import Difference
from scheduler.domain.solving import Progress
from scheduler.services.operations import run_alerts, site_pause
from scheduler.services.planning.runs.watchdog import Stop
from scheduler.services.problems import manual_edits
from scheduler.services.problems.stored_problems import compress_document, decompress_document
from scheduler.storage.models import Event, Run

OPEN_STATES = (RunState.QUEUED, RunState.RUNNING)
CURVE_POINTS = 400
CALL_TIMEOUT = 60.0
"""Seconds after which a call for help that no worker took is lost."""


class RunLost(ChainmeetError):
    """Raised if the run no longer belongs to this worker: another one has it, or it has ended."""

    code = "run-lost"

    def __init__(self, run_id: int, worker: str) -> None:
        self.run_id, self.worker = run_id, worker
        super().__init__(f"Run {run_id} is no longer with worker {worker}.")


def queue_run(
    session: Session,
    event_id: int,
    *,
    requested_by: int | None,
    seconds: int | None = None,
    then: AfterRun | None = None,
    budget: int | None = None,
    max_moved: int | None = None,
    manual_draft: int | None = None,
    note: str = "",
    start_by: datetime | None = None,
    change_budget: dict[str, int] | None = None,
    now: datetime,
) -> Run:
    """Queue a run of the event. Raises RunAlreadyOpen if one is queued or running. The caller sends the task
    after the commit.

    `seconds` is the solve's wall time (None: the event's setting). `budget` is how many published meetings a
    following publication may change. `max_moved` is how many the run may change to improve the plan (None: by
    the event's priorities). `manual_draft` is the number of a manual draft that the run keeps. `note` is the
    run's purpose. `start_by` is for overnight runs: a run that starts later only makes a draft.
    `change_budget` is an OvernightBudget as a dict, for overnight runs that publish.
    """
    event = session.get(Event, event_id)
    if event is None:
        raise NotFound("event", event_id)
    seconds = event.solve_seconds if seconds is None else seconds
    fields.require_valid("seconds", seconds, fields.RunSeconds)
    if max_moved is not None:
        fields.require_valid("max_moved", max_moved, fields.MaxMoved)
    fields.require_valid("note", note, fields.RunNote)
    run = Run(
        event_id=event_id,
        number=_next_number(session, event_id),
        state=RunState.QUEUED,
        requested_by=requested_by,
        then=then or AfterRun.DRAFT,
        budget=budget,
        max_moved=max_moved,
        manual_draft=manual_draft,
        note=note,
        seconds=seconds,
        start_by=start_by,
        change_budget=change_budget,
        created_at=now,
        send_at=now,
    )
    try:
        with session.begin_nested():  # concurrent calls: the partial unique index admits one
            session.add(run)
    except IntegrityError:
        other = find_open_run(session, event_id)
        if other is None:  # it has ended meanwhile
            session.add(run)
            session.flush()
            return run
        raise RunAlreadyOpen(event.key, other.number) from None
    return run


def find_open_run(session: Session, event_id: int) -> Run | None:
    """Return the event's queued or running run, or None."""
    return session.scalar(select(Run).where(Run.event_id == event_id, Run.state.in_(OPEN_STATES)))


def get_run(session: Session, event_id: int, number: int) -> Run:
    """Return a run by its number in the event. Raises NotFound."""
    run = session.scalar(select(Run).where(Run.event_id == event_id, Run.number == number))
    if run is None:
        raise NotFound("run", number)
    return run


def find_searching_run(session: Session, run_id: int) -> Run | None:
    """Return a run if a worker searches for its plan, so that others can help, or else None."""
    run = session.get(Run, run_id)
    return run if run is not None and run.state is RunState.RUNNING and run.fingerprint else None


def claim_run(session: Session, run_id: int, worker: str, *, now: datetime) -> Run | None:
    """Claim a queued run. Return None if it is no longer queued, or an overnight run of a paused site."""
    startable = site_pause.startable_condition()
    taken = update(Run).where(Run.id == run_id, Run.state == RunState.QUEUED, startable)
    values = {
        "started_at": now,
        "heartbeat_at": now,
        "attempts": Run.attempts + 1,
        "progress": {},
        "curve": [],
    }
    if not _update_row(session, taken, state=RunState.RUNNING, worker=worker, **values):
        return None
    run = session.get_one(Run, run_id, populate_existing=True)
    if run.manual_draft is None:
        kept = manual_edits.find_effective_draft(session, run.event_id)
        run.manual_draft = kept.number if kept is not None else None
    run_alerts.end_waiting_alert(session, run, now=now)
    if run.then is AfterRun.PUBLISH and run.start_by is not None and now > run.start_by:
        run.then, run.error = AfterRun.DRAFT, run_alerts.late_sentence(session, run)
        session.flush()
        run_alerts.alert_late(session, run, now=now)
    return run


def store_problem(
    session: Session,
    run_id: int,
    *,
    worker: str,
    fingerprint: str,
    problem: dict[str, Any],
    basis: dict[str, Any],
    changed: Sequence[Difference] | None = None,
) -> None:
    """Store the run's problem, for helpers, and the basis from which it was made.

    Raises RunLost.
    """
    _update_claimed(
        session,
        run_id,
        worker,
        fingerprint=fingerprint,
        problem=compress_document(problem),
        basis=compress_document(basis),
        changed=None if changed is None else [each.to_json() for each in changed],
    )


def store_progress(session: Session, run_id: int, progress: Progress, *, worker: str, now: datetime) -> None:
    """Store the solver's progress and a heartbeat. Raises RunLost."""
    run = session.scalar(
        select(Run).where(_is_claimed_by(run_id, worker)).execution_options(populate_existing=True)
    )
    if run is None:
        raise RunLost(run_id, worker)
    point = {**asdict(progress), "terms": dict(progress.terms)}
    run.curve = _thin_curve([*run.curve, point])
    run.progress = point
    run.heartbeat_at = now
    session.flush()


def store_heartbeat(session: Session, run_id: int, *, worker: str, now: datetime) -> None:
    """Store a heartbeat. Raises RunLost."""
    _update_claimed(session, run_id, worker, heartbeat_at=now)


def store_plan(session: Session, run_id: int, *, worker: str, plan: dict[str, Any]) -> None:
    """Store the plan before anything is derived from it, so that another attempt resumes there.

    Raises RunLost.
    """
    _update_claimed(session, run_id, worker, plan=compress_document(plan))


def reclaim_run(session: Session, run_id: int, *, worker: str, attempt: int, now: datetime) -> bool:
    """Reclaim a run that was considered lost while its worker could not reach the database.

    Return True on success, False if another worker has claimed it since.
    """
    waits = update(Run).where(Run.id == run_id, Run.state == RunState.QUEUED, Run.attempts == attempt)
    return _update_row(session, waits, state=RunState.RUNNING, worker=worker, heartbeat_at=now)


def find_stop_request(session: Session, run_id: int) -> Stop | None:
    """Return what a person requested of a running run, if anything: to cancel it, or to stop and keep the
    best plan.
    """
    cancel, stop = session.execute(
        select(Run.cancel_requested, Run.stop_requested).where(Run.id == run_id)
    ).one()
    return Stop.CANCEL if cancel else Stop.KEEP if stop else None


def stop_run(session: Session, event_id: int, number: int) -> Run:
    """Stop the search of a running run within a second; the best plan is kept.

    Raises NotFound, and WrongState if it is not running.
    """
    run = get_run(session, event_id, number)
    is_running = update(Run).where(Run.id == run.id, Run.state == RunState.RUNNING)
    done = _update_row(session, is_running, stop_requested=True)
    session.refresh(run)
    if not done:
        raise WrongState("run", number, run.state, "stopped")
    return run


def cancel_run(session: Session, event_id: int, number: int, *, now: datetime) -> Run:
    """Cancel a run: a queued one at once, a running one within a second.

    Raises NotFound, and WrongState if it has ended.
    """
    run = get_run(session, event_id, number)
    is_queued = update(Run).where(Run.id == run.id, Run.state == RunState.QUEUED)
    is_running = update(Run).where(Run.id == run.id, Run.state == RunState.RUNNING)
    done = _update_row(
        session, is_queued, state=RunState.CANCELLED, cancel_requested=True, finished_at=now
    ) or _update_row(session, is_running, cancel_requested=True)
    session.refresh(run)
    run_alerts.end_waiting_alert(session, run, now=now)
    if not done:
        raise WrongState("run", number, run.state, "cancelled")
    return run


def finish_run(
    session: Session,
    run_id: int,
    *,
    worker: str,
    plan: dict[str, Any],
    note: str | None = None,
    remark: str | None = None,
    now: datetime,
) -> None:
    """Finish a running run with its plan. Raises RunLost.

    `note` says why there is no draft, `remark` what the draft unavoidably lacks.
    """
    lacking = {name: plan.get(name, []) for name in ("not_kept", "clashes")}
    _update_claimed(
        session,
        run_id,
        worker,
        state=RunState.FINISHED,
        plan=compress_document(plan),
        not_kept=lacking if lacking["not_kept"] else None,
        error=note or remark or Run.error,
        finished_at=now,
    )
    if note is None:
        run_alerts.end_failed_alert(session, session.get_one(Run, run_id), now=now)
    else:
        run_alerts.alert_failed(session, run_id, note, now=now)


def fail_run(session: Session, run_id: int, *, worker: str, error: str, now: datetime) -> None:
    """Mark a running run as failed, with a message for organisers. Raises RunLost."""
    _update_claimed(session, run_id, worker, state=RunState.FAILED, error=error, finished_at=now)
    run_alerts.alert_failed(session, run_id, error, now=now)


def finish_cancelled_run(session: Session, run_id: int, *, worker: str, now: datetime) -> None:
    """Mark a running run as cancelled. Raises RunLost."""
    _update_claimed(session, run_id, worker, state=RunState.CANCELLED, finished_at=now)


def requeue_run(session: Session, run_id: int, *, worker: str, now: datetime) -> None:
    """Move a running run back to queued when the worker shuts down.

    The attempt does not count. Raises RunLost.
    """
    _update_claimed(
        session,
        run_id,
        worker,
        state=RunState.QUEUED,
        worker=None,
        heartbeat_at=now,
        send_at=now,
        sends=0,
        attempts=Run.attempts - 1,
    )


def get_plan_file(session: Session, run_id: int) -> dict[str, Any] | None:
    """Return the plan that a run found, or None before its end."""
    run = session.get_one(Run, run_id, options=[undefer(Run.plan)])
    return decompress_document(run.plan) if run.plan else None


def _next_number(session: Session, event_id: int) -> int:
    session.execute(select(Event.id).where(Event.id == event_id).with_for_update(key_share=True))
    last = session.scalar(select(func.max(Run.number)).where(Run.event_id == event_id))
    return (last or 0) + 1


def _is_claimed_by(run_id: int, worker: str) -> ColumnElement[bool]:
    return (Run.id == run_id) & (Run.state == RunState.RUNNING) & (Run.worker == worker)


def _update_claimed(session: Session, run_id: int, held_by: str, /, **values: Any) -> None:
    if not _update_row(session, update(Run).where(_is_claimed_by(run_id, held_by)), **values):
        raise RunLost(run_id, held_by)


def _update_row(session: Session, statement: Update, **values: Any) -> bool:
    """Execute a conditional UPDATE. Return True if it changed a row."""
    done = session.execute(statement.values(values), execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0


def _thin_curve(curve: list[Any]) -> list[Any]:
    """Return the points, or every second one if there are too many. The last point is always kept."""
    return curve if len(curve) <= CURVE_POINTS else [*curve[:-1:2], curve[-1]]
