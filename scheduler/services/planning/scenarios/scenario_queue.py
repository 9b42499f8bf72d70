"""What-ifs as workers see them: what waits, is claimed, followed and ended. They go behind all runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Select, Update, case, exists, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RunState
from scheduler.domain.errors import ChainmeetError
from scheduler.domain.solving import Progress, WhatIfKind, WhatIfState
from scheduler.storage.models import Event, Run, WhatIf

HEARTBEAT_TIMEOUT = timedelta(seconds=60)
"""A running what-if whose worker wrote nothing for this time has lost it."""
WORKER_LOST = "The worker was lost in the middle of it. Try again."


class ScenarioGone(ChainmeetError):
    """It is no longer this worker's: it was stopped, changed or deleted."""

    code = "what-if-gone"

    def __init__(self, what_if_id: int) -> None:
        super().__init__(f"The what-if {what_if_id} was stopped, changed or deleted.")


def is_scenario_waiting(session: Session, *, now: datetime) -> bool:
    """Whether one waits for a worker, and no run does. One whose worker is lost fails."""
    lost = update(WhatIf).where(
        WhatIf.state == WhatIfState.RUNNING, WhatIf.heartbeat_at <= now - HEARTBEAT_TIMEOUT
    )
    _updates_row(session, lost.values(state=WhatIfState.FAILED, finished_at=now, error=WORKER_LOST))
    return session.scalar(_next()) is not None


def claim_scenario(session: Session, *, now: datetime) -> WhatIf | None:
    """Claim the next one. While a run of any event is open, none is claimed."""
    while (found := session.scalar(_next())) is not None:
        asked = update(WhatIf).where(WhatIf.id == found, WhatIf.state == WhatIfState.ASKED, ~_is_run_open())
        if _updates_row(session, asked.values(state=WhatIfState.RUNNING, started_at=now, heartbeat_at=now)):
            return session.get_one(WhatIf, found, populate_existing=True)
    return None


def must_stop_scenario(session: Session, what_if_id: int, turn: int) -> bool:
    """Whether it is no longer asked for, or a run waits for its worker."""
    mine = select(WhatIf.id).where(
        WhatIf.id == what_if_id, WhatIf.turn == turn, WhatIf.state == WhatIfState.RUNNING
    )
    return session.scalar(mine) is None or session.scalar(select(_is_run_open())) is True


def store_progress(
    session: Session, what_if_id: int, turn: int, progress: Progress | None, *, now: datetime
) -> None:
    """Store the heartbeat, and how far the search is. Raises WhatIfGone."""
    said = {} if progress is None else {"progress": {**asdict(progress), "terms": dict(progress.terms)}}
    _update_claimed(session, what_if_id, turn, heartbeat_at=now, **said)


def requeue_scenario(session: Session, what_if_id: int, turn: int) -> None:
    """running -> asked, for a run that goes before. Raises WhatIfGone."""
    _update_claimed(session, what_if_id, turn, state=WhatIfState.ASKED, started_at=None, progress={})


def finish_scenario(
    session: Session, what_if_id: int, turn: int, result: Mapping[str, Any], *, now: datetime
) -> None:
    """running -> done. Raises WhatIfGone."""
    _update_claimed(session, what_if_id, turn, state=WhatIfState.DONE, finished_at=now, result=dict(result))


def fail_scenario(session: Session, what_if_id: int, turn: int, error: str, *, now: datetime) -> None:
    """running -> failed, with a sentence. Raises WhatIfGone."""
    _update_claimed(session, what_if_id, turn, state=WhatIfState.FAILED, finished_at=now, error=error)


def _next() -> Select[int]:
    """Dials first, as somebody waits for them at the page; then the one that was asked for first."""
    return (
        select(WhatIf.id)
        .join(Event, Event.id == WhatIf.event_id)
        .where(WhatIf.state == WhatIfState.ASKED, ~_is_run_open(), Event.is_there())
        .order_by(case((WhatIf.kind == WhatIfKind.DIALS, 0), else_=1), WhatIf.asked_at, WhatIf.id)
        .limit(1)
    )


def _is_run_open() -> Any:
    return exists().where(Run.state.in_((RunState.QUEUED, RunState.RUNNING)))


def _update_claimed(session: Session, what_if_id: int, turn: int, **values: Any) -> None:
    mine = update(WhatIf).where(
        WhatIf.id == what_if_id, WhatIf.turn == turn, WhatIf.state == WhatIfState.RUNNING
    )
    if not _updates_row(session, mine.values(values)):
        raise ScenarioGone(what_if_id)


def _updates_row(session: Session, statement: Update) -> bool:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0
