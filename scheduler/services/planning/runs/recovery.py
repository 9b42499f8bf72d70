"""Recovery of runs whose worker is gone, and of tasks that no worker took.

A run stores its worker's host, process id and start time, because process ids are reused. When a pool process
of a solve worker starts, it reclaims at once the runs of dead processes on its host. Other workers wait for a
minute without a heartbeat. A container with a new name counts as another host.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import RunState
from scheduler.i18n import gettext_lazy
from scheduler.services.operations import run_alerts, site_pause
from scheduler.storage.models import Run

HEARTBEAT_TIMEOUT = timedelta(seconds=60)
"""A running run without a heartbeat for this time has lost its worker."""
MAX_ATTEMPTS = 2
LOST_TOO_OFTEN = gettext_lazy(
    "The worker stopped unexpectedly %(times)s times during the search.", times=MAX_ATTEMPTS
)
RESEND_AFTER = timedelta(seconds=60)
"""A task that no worker took for this time may be lost. The wait doubles, as queues may be long."""
MAX_RESEND_WAIT = timedelta(hours=1)

_NO_SYNC = {"synchronize_session": False}


def recover_runs(session: Session, *, now: datetime) -> list[int]:
    """Recover runs that no worker is working on. Return the ids of the tasks to send.

    A running run without a heartbeat for HEARTBEAT_TIMEOUT is cancelled if requested, otherwise queued again,
    and fails after MAX_ATTEMPTS. Tasks of queued runs are sent again if they were never sent, or long ago;
    delivering a task twice is harmless. The sender calls `mark_sent`.
    """
    heard = func.coalesce(Run.heartbeat_at, Run.created_at)
    _requeue_runs(session, heard <= now - HEARTBEAT_TIMEOUT, now)
    run_alerts.alert_waiting(session, now=now)
    due = (Run.state == RunState.QUEUED) & (func.coalesce(Run.send_at, Run.created_at) <= now)
    due &= site_pause.startable_condition()
    return list(session.scalars(select(Run.id).where(due).order_by(Run.id)))


def reclaim_orphaned_runs(session: Session, is_gone: Callable[[str], bool], *, now: datetime) -> list[int]:
    """Recover running runs whose worker is known to be gone. Return the ids of the tasks to send."""
    running = session.execute(select(Run.id, Run.worker).where(Run.state == RunState.RUNNING)).all()
    lost = [run_id for run_id, worker in running if worker is not None and is_gone(worker)]
    return _requeue_runs(session, Run.id.in_(lost), now) if lost else []


def mark_sent(session: Session, run_id: int, *, now: datetime) -> None:
    """Record that the run's task was sent.

    It is sent again after one, two, four minutes if no worker takes it.
    """
    run = session.scalar(
        select(Run).where(Run.id == run_id, Run.state == RunState.QUEUED).with_for_update(key_share=True)
    )
    if run is None:
        return
    run.send_at = now + min(RESEND_AFTER * 2 ** min(run.sends, 10), MAX_RESEND_WAIT)
    run.sends += 1
    session.flush()


def _requeue_runs(session: Session, which: ColumnElement[bool], now: datetime) -> list[int]:
    lost = update(Run).where(Run.state == RunState.RUNNING, which)
    cancelled = lost.where(Run.cancel_requested).values(state=RunState.CANCELLED, finished_at=now)
    session.execute(cancelled, execution_options=_NO_SYNC)
    too_often = lost.where(Run.attempts >= MAX_ATTEMPTS).values(
        state=RunState.FAILED, error=LOST_TOO_OFTEN, finished_at=now
    )
    for run_id in session.scalars(too_often.returning(Run.id), execution_options=_NO_SYNC).all():
        run_alerts.alert_failed(session, run_id, LOST_TOO_OFTEN, now=now)
    again = lost.values(state=RunState.QUEUED, worker=None, heartbeat_at=now, send_at=now, sends=0)
    return sorted(session.scalars(again.returning(Run.id), execution_options=_NO_SYNC))
