"""Alerts about overnight runs: raised once, and ended when a run succeeds."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, RunState
from scheduler.i18n import gettext_lazy
from scheduler.services import links
from scheduler.services.operations import alerts, site_pause
from scheduler.storage.models import Event, Run

WAITING = timedelta(minutes=15)
"""A run that no worker claimed within this time raises an alert."""


def alert_failed(session: Session, run_id: int, reason: str, *, now: datetime) -> None:
    """Raise an alert for an overnight run that ended without a plan. Manual runs show it on their page."""
    run = session.get_one(Run, run_id)
    if run.start_by is not None:
        _raise(
            session,
            AlertKind.RUN_FAILED,
            run,
            gettext_lazy("The overnight run failed: %(why)s", why=reason),
            now,
        )


def alert_late(session: Session, run: Run, *, now: datetime) -> None:
    """Raise an alert for an overnight run that started too late to publish."""
    _raise(session, AlertKind.NOT_PUBLISHED, run, late_sentence(session, run), now)


def late_sentence(session: Session, run: Run) -> str:
    """Return the reason why an overnight run that was to publish only creates a draft."""
    event = session.get_one(Event, run.event_id)
    return gettext_lazy(
        "The overnight run started at %(time)s, more than %(minutes)s minutes late, so "
        "it only makes a draft. Review the draft and publish it yourself.",
        time=_clock(run.started_at, event),
        minutes=event.overnight_late_minutes,
    )


def alert_missed(session: Session, event: Event, was_due: datetime, why: str, *, now: datetime) -> None:
    """Raise an alert for an overnight run that did not take place."""
    alerts.raise_alert(
        session,
        AlertKind.RUN_MISSED,
        event_id=event.id,
        about="",
        reason=gettext_lazy(
            "The overnight run at %(time)s did not take place: %(why)s", time=_clock(was_due, event), why=why
        ),
        path=links.schedule(event.key),
        now=now,
    )


def alert_waiting(session: Session, *, now: datetime) -> None:
    """Raise alerts for runs of all events that have waited too long."""
    since = func.coalesce(Run.heartbeat_at, Run.created_at)
    waits = Run.state == RunState.QUEUED, since <= now - WAITING, site_pause.startable_condition()
    for run in session.scalars(select(Run).where(*waits)):
        event = session.get_one(Event, run.event_id)
        waited = _clock(run.heartbeat_at or run.created_at, event)
        reason = gettext_lazy(
            "Run %(number)s has been waiting since %(time)s. No solve worker is available, or all are busy.",
            number=str(run.number),
            time=waited,
        )
        _raise(session, AlertKind.RUN_WAITS, run, reason, now)


def end_waiting_alert(session: Session, run: Run, *, now: datetime) -> None:
    """End the alert, because a worker claimed the run or it was cancelled."""
    alerts.end_alert(session, AlertKind.RUN_WAITS, event_id=run.event_id, about=_about(run), now=now)


def end_failed_alert(session: Session, run: Run, *, now: datetime) -> None:
    """End the alerts about failed and missed runs, because a run of the event succeeded."""
    for kind in (AlertKind.RUN_FAILED, AlertKind.RUN_MISSED):
        alerts.end_alert(session, kind, event_id=run.event_id, now=now)


def _raise(session: Session, kind: AlertKind, run: Run, reason: str, now: datetime) -> None:
    event = session.get_one(Event, run.event_id)
    path = links.run(event.key, run.number)
    alerts.raise_alert(session, kind, event_id=event.id, about=_about(run), reason=reason, path=path, now=now)


def _about(run: Run) -> str:
    return f"run {run.number}"


def _clock(moment: datetime | None, event: Event) -> str:
    """Return a time in the venue's time zone."""
    return f"{moment.astimezone(ZoneInfo(event.timezone)):%H:%M}" if moment else "an unknown time"
