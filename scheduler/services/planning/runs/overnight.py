"""Overnight runs: start times, and queueing of due runs.

A late run once started and published at noon without notice. An overnight run that starts too late (60
minutes, unless the event sets another limit) therefore makes a draft, reports it, and an organiser publishes.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun
from scheduler.domain.errors import RunAlreadyOpen
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.operations import run_alerts, site_pause
from scheduler.services.planning.runs import runs
from scheduler.services.publishing.overnight.overnight_budget import OvernightBudget
from scheduler.storage.models import Event, Run, RunSchedule, Slot

MAX_DELAY = timedelta(hours=2)
"""An overnight run that could not start within this time (an outage) is skipped."""
EVERY_DAY = "1234567"


def next_run_at(at: time, weekdays: str, zone: ZoneInfo, *, after: datetime) -> datetime:
    """Return the first time after `after`, in UTC, at local time `at` on one of the weekdays.

    `weekdays` are digits, 1 Monday to 7 Sunday, at least one. As in RFC 5545 section 3.3.5, a time skipped by
    a clock change uses the offset before the gap, and an ambiguous time is the first of the two.
    """
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, at, zone).astimezone(UTC)
        if moment > after and str(day.isoweekday()) in weekdays:
            return moment
        day += timedelta(days=1)


def overnight_budget(event: Event) -> OvernightBudget:
    """Return the publishing budget of the event's overnight runs."""
    return OvernightBudget(
        event.overnight_percent, event.overnight_per_person, event.overnight_protected_hours
    )


def queue_due_runs(session: Session, *, now: datetime) -> list[int]:
    """Queue due overnight runs. Return the ids of the runs to send.

    A conditional UPDATE of the next start claims each, so that concurrent callers queue one run. A start is
    skipped, and organisers are notified, if the event has an open run or the start is more than two hours
    late. A finished event has no next start. While the site is paused, no start is claimed.
    """
    if site_pause.is_paused(session):
        return []
    queued = []
    due = (
        select(RunSchedule, Event)
        .join(Event, Event.id == RunSchedule.event_id)
        .where(RunSchedule.next_at <= now, Event.archived_at.is_(None))
        .order_by(RunSchedule.next_at, RunSchedule.id)
    )
    for night, event in session.execute(due).all():
        was_due = night.next_at
        if was_due is None or not _schedule_next(session, night, event, now=now):
            continue
        if now - was_due > MAX_DELAY:
            why = (
                gettext_lazy("this site was paused.")
                if site_pause.was_paused_since(session, was_due)
                else gettext_lazy("the scheduled-task service was not running.")
            )
            run_alerts.alert_missed(session, event, was_due, why, now=now)
            continue
        try:
            run = _queue(session, night, event, was_due, now=now)
        except RunAlreadyOpen as other:
            why = gettext_lazy("run %(number)s was still open.", number=str(other.run))
            run_alerts.alert_missed(session, event, was_due, why, now=now)
            continue
        after = {"then": run.then.value, "seconds": run.seconds, "may change": run.change_budget}
        by = NamedDoer(event_id=event.id, name=recording.NIGHT)
        about = pgettext_lazy("audit log", "run %(number)s started", number=run.number)
        recording.record_act(session, by, Act.RUN, about, after=after, now=now)
        queued.append(run.id)
    return queued


def _queue(session: Session, night: RunSchedule, event: Event, was_due: datetime, *, now: datetime) -> Run:
    return runs.queue_run(
        session,
        event.id,
        requested_by=None,
        then=night.then,
        change_budget=asdict(overnight_budget(event)) if night.then is AfterRun.PUBLISH else None,
        start_by=was_due + timedelta(minutes=event.overnight_late_minutes),
        now=now,
    )


def _schedule_next(session: Session, night: RunSchedule, event: Event, *, now: datetime) -> bool:
    """Set the next start. Return True if this caller claimed the current one and the event is not over."""
    last_end = session.scalar(select(func.max(Slot.end)).where(Slot.of(event.id)))
    goes_on = last_end is not None and last_end > now
    following = next_run_at(night.at, night.weekdays, ZoneInfo(event.timezone), after=now)
    claimed = session.scalar(
        update(RunSchedule)
        .where(RunSchedule.id == night.id, RunSchedule.next_at == night.next_at)
        .values(next_at=following if goes_on else None)
        .returning(RunSchedule.id)
    )
    return claimed is not None and goes_on
