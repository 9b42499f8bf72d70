"""The overnight rerun: when an event's next one is, and queueing those that are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.errors import RunAlreadyOpen
from scheduler.services.operations import run_alerts
from scheduler.services.runs import runs
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.services.trail.trail import Somebody
from scheduler.storage.models import Event, Slot

LATE = timedelta(hours=2)
"""A rerun that could not start within this time (everything was down) waits for the next night."""


def next_rerun_at(event: Event, after: datetime) -> datetime | None:
    """The first `rerun_time` in the event's rerun zone later than `after`, in UTC, or None if switched off.

    As in RFC 5545 3.3.5, a time that a change of clocks skips is read with the offset before the gap. A time
    that comes twice is the first of the two.
    """
    if not event.rerun_enabled:
        return None
    zone = ZoneInfo(event.rerun_timezone)
    day = after.astimezone(zone).date()
    while True:
        moment = datetime.combine(day, event.rerun_time, zone).astimezone(UTC)
        if moment > after:
            return moment
        day += timedelta(days=1)


def claim_due(session: Session, *, now: datetime) -> list[int]:
    """Queue a run for each event whose rerun is due. Returns the ids of the runs to send.

    Claimed by a conditional UPDATE of the event's next time, so that two callers queue one run. An event
    whose run is open, or whose time passed more than two hours ago, waits for the next night, and the
    organisers are told. An event that is over has no next night.
    """
    queued = []
    due = select(Event).where(Event.rerun_enabled, Event.next_rerun_at <= now).order_by(Event.id)
    for event in session.scalars(due).all():
        was_due = event.next_rerun_at
        if not _move_on(session, event, now=now) or was_due is None:
            continue
        if now - was_due > LATE:
            run_alerts.tell_missed(session, event, was_due, "the clock was not running.", now=now)
            continue
        try:
            run = runs.queue(
                session,
                event.id,
                asked_by=None,
                then=event.rerun_then,
                budget=event.rerun_budget,
                begin_by=was_due + timedelta(minutes=event.rerun_late),
                now=now,
            )
        except RunAlreadyOpen as other:
            why = f"run {other.run} was still open."
            run_alerts.tell_missed(session, event, was_due, why, now=now)
            continue
        after = {"then": run.then.value, "seconds": run.seconds, "max_moved": run.max_moved}
        night = Somebody(event_id=event.id, name="the night")
        trail.note(session, night, Act.RUN, f"run {run.number} started", after=after, now=now)
        queued.append(run.id)
    return queued


def _move_on(session: Session, event: Event, *, now: datetime) -> bool:
    """Set the event's next time. Returns whether this caller was the first and the event still goes on."""
    last_end = session.scalar(select(func.max(Slot.end)).where(Slot.of(event.id)))
    goes_on = last_end is not None and last_end > now
    claimed = session.scalar(
        update(Event)
        .where(Event.id == event.id, Event.next_rerun_at == event.next_rerun_at)
        .values(next_rerun_at=next_rerun_at(event, now) if goes_on else None)
        .returning(Event.id)
    )
    return claimed is not None and goes_on
