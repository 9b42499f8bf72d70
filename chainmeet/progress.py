"""Progress of runs and emails, read from the database that all processes share."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from chainmeet.terminal import LiveLine, points
from scheduler.config import Settings
from scheduler.domain.entities import RunState
from scheduler.domain.errors import ChainmeetError, NotFound
from scheduler.services.identity import actors
from scheduler.services.outbox import outbox
from scheduler.services.planning.runs import run_control, runs
from scheduler.services.planning.runs.run_control import RunCard
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Event, Run, ScheduleVersion
from workers import dispatch
from workers.celery_app import make_celery

LOOK = 0.5
"""Seconds between two polls."""
PATIENCE = 90.0
"""Seconds after which a run that no worker picks up is reported."""


class NoSolveWorker(ChainmeetError):
    """No solve worker picks up a queued run."""

    code = "no-solve-worker"


def event_of(session: Session, key: str) -> Event:
    """Return the event of a key. Raises NotFound."""
    event = session.scalar(select(Event).where(Event.by_key(key)))
    if event is None:
        raise NotFound("event", key)
    return event


def queue_run(
    database: Database,
    settings: Settings,
    event: str,
    *,
    seconds: int | None = None,
    requested_by: int | None = None,
) -> RunCard:
    """Create a run of an event and send it to the solve workers. Raises NotFound or RunAlreadyOpen."""
    with database.write() as session:
        asker = actors.operator_actor(event_of(session, event), account_id=requested_by)
        run = run_control.start_run(session, asker, seconds=seconds, now=database.now_in(session))
    dispatch.run(database, run.id, app=make_celery(settings))
    return run


def follow_run(
    database: Database, run_id: int, *, line: LiveLine, stopped: Callable[[], bool] = lambda: False
) -> Run:
    """Show a run's progress until it ends or `stopped` returns True. Return the run's latest state."""
    began = time.monotonic()
    while True:
        with database.read() as session:
            run = session.get_one(Run, run_id)
        if run.state not in runs.OPEN_STATES or stopped():
            line.close()
            return run
        if run.state is RunState.QUEUED and time.monotonic() - began > PATIENCE:
            raise NoSolveWorker(
                f"No solve worker picked up run {run.number} within {PATIENCE:.0f} s. Check the worker's log."
            )
        line.show(*_shown(run, database.now()))
        time.sleep(LOOK)


def draft_of(database: Database, run: Run) -> ScheduleVersion | None:
    """Return the version that a run created, or None."""
    with database.read() as session:
        return session.scalar(select(ScheduleVersion).where(versions.made_by_run(run)))


def follow_mails(
    database: Database, event_id: int, *, line: LiveLine, until_sent: int | None, stopped: Callable[[], bool]
) -> outbox.OutboxCounts:
    """Show delivery progress until no email is pending, `until_sent` are sent, or `stopped` returns True."""
    while True:
        with database.read() as session:
            counts = outbox.count_mails(session, event_id)
        waiting = counts.queued + counts.sending
        enough = until_sent is not None and counts.sent >= until_sent
        if not waiting or enough or stopped():
            line.close()
            return counts
        line.show("sending", f"{counts.sent:,} of {counts.sent + waiting:,} emails sent")
        time.sleep(LOOK)


def _shown(run: Run, now: datetime) -> list[str]:
    if run.state is RunState.QUEUED or run.started_at is None:
        return ["Waiting for a worker to pick up the run…"]
    progress = run.progress
    left = run.seconds - (now - run.started_at).total_seconds()
    return [
        str(progress.get("phase", "snapshot")),
        points("score", progress.get("score")),
        points("maximum", progress.get("bound")),
        f"{left:.0f} s left" if left > 0 else "finishing",
    ]


def terminal_line(indent: str = "") -> LiveLine:
    return LiveLine(sys.stderr, indent)
