"""Queue of scenarios for workers: claim, progress, finish. Runs have precedence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Select, Update, case, exists, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RunState
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.solving import Progress, ScenarioKind, ScenarioState
from scheduler.storage.models import Event, Run, Scenario

HEARTBEAT_TIMEOUT = timedelta(seconds=60)
"""A running scenario without a heartbeat for this time has lost its worker."""
WORKER_LOST = "The worker was lost in the middle of it. Try again."


class ScenarioGone(ChainmeetError):
    """Raised if the scenario no longer belongs to this worker: it was stopped, changed or deleted."""

    code = "scenario-gone"

    def __init__(self, scenario_id: int) -> None:
        super().__init__(f"The scenario {scenario_id} was stopped, changed or deleted.")


def is_scenario_waiting(session: Session, *, now: datetime) -> bool:
    """Return True if a scenario waits for a worker and no run does.

    Marks those with a lost worker as failed.
    """
    lost = update(Scenario).where(
        Scenario.state == ScenarioState.RUNNING, Scenario.heartbeat_at <= now - HEARTBEAT_TIMEOUT
    )
    _updates_row(session, lost.values(state=ScenarioState.FAILED, finished_at=now, error=WORKER_LOST))
    return session.scalar(_next()) is not None


def claim_scenario(session: Session, *, now: datetime) -> Scenario | None:
    """Claim the next scenario. Returns None while a run of any event is open."""
    while (found := session.scalar(_next())) is not None:
        asked = update(Scenario).where(
            Scenario.id == found, Scenario.state == ScenarioState.QUEUED, ~_is_run_open()
        )
        if _updates_row(session, asked.values(state=ScenarioState.RUNNING, started_at=now, heartbeat_at=now)):
            return session.get_one(Scenario, found, populate_existing=True)
    return None


def must_stop_scenario(session: Session, scenario_id: int, turn: int) -> bool:
    """Return True if the scenario was withdrawn, or a run waits for its worker."""
    mine = select(Scenario.id).where(
        Scenario.id == scenario_id, Scenario.turn == turn, Scenario.state == ScenarioState.RUNNING
    )
    return session.scalar(mine) is None or session.scalar(select(_is_run_open())) is True


def store_progress(
    session: Session, scenario_id: int, turn: int, progress: Progress | None, *, now: datetime
) -> None:
    """Store a heartbeat and the progress. Raises ScenarioGone."""
    said = {} if progress is None else {"progress": {**asdict(progress), "terms": dict(progress.terms)}}
    _update_claimed(session, scenario_id, turn, heartbeat_at=now, **said)


def requeue_scenario(session: Session, scenario_id: int, turn: int) -> None:
    """Move a running scenario back to requested, because a run goes first. Raises ScenarioGone."""
    _update_claimed(session, scenario_id, turn, state=ScenarioState.QUEUED, started_at=None, progress={})


def finish_scenario(
    session: Session, scenario_id: int, turn: int, result: Mapping[str, Any], *, now: datetime
) -> None:
    """Mark a running scenario as done. Raises ScenarioGone."""
    _update_claimed(
        session, scenario_id, turn, state=ScenarioState.DONE, finished_at=now, result=dict(result)
    )


def fail_scenario(session: Session, scenario_id: int, turn: int, error: str, *, now: datetime) -> None:
    """Mark a running scenario as failed, with a message. Raises ScenarioGone."""
    _update_claimed(session, scenario_id, turn, state=ScenarioState.FAILED, finished_at=now, error=error)


def _next() -> Select[int]:
    """Return the query for the next scenario: first previews of priorities, because a person is waiting; then
    by time of request.
    """
    return (
        select(Scenario.id)
        .join(Event, Event.id == Scenario.event_id)
        .where(Scenario.state == ScenarioState.QUEUED, ~_is_run_open(), Event.is_there())
        .order_by(case((Scenario.kind == ScenarioKind.DIALS, 0), else_=1), Scenario.requested_at, Scenario.id)
        .limit(1)
    )


def _is_run_open() -> Any:
    return exists().where(Run.state.in_((RunState.QUEUED, RunState.RUNNING)))


def _update_claimed(session: Session, scenario_id: int, turn: int, **values: Any) -> None:
    mine = update(Scenario).where(
        Scenario.id == scenario_id, Scenario.turn == turn, Scenario.state == ScenarioState.RUNNING
    )
    if not _updates_row(session, mine.values(values)):
        raise ScenarioGone(scenario_id)


def _updates_row(session: Session, statement: Update) -> bool:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0
