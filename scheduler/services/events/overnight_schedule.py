"""Overnight schedule settings: start times in the venue's time zone, and the publishing budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import AfterRun
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import ChangesAPerson, LateMinutes, Percent, QuietHours
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.runs import overnight
from scheduler.services.planning.runs.overnight import EVERY_DAY
from scheduler.services.schedule import versions
from scheduler.storage.models import Event, PlannedMeeting, RunSchedule, Slot

MAX_TIMES = 10
"""Maximum number of overnight start times of an event."""


@dataclass(frozen=True, slots=True)
class OvernightTime:
    """A start time in the venue's time zone, its weekdays (1 is Monday), and the action after the run.

    `next_at` is the next start, or None in a form and after the event.
    """

    at: time
    weekdays: str = EVERY_DAY
    then: AfterRun = AfterRun.DRAFT
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OvernightSettings:
    """Overnight start times, and the budget of runs that publish (see `OvernightBudget`).

    A run that starts more than `overnight_late_minutes` minutes late only creates a draft.
    """

    times: tuple[OvernightTime, ...] = ()
    overnight_percent: Percent = 5
    overnight_per_person: ChangesAPerson = 2
    overnight_protected_hours: QuietHours = 24
    overnight_late_minutes: LateMinutes = 60

    @property
    def coming(self) -> OvernightTime | None:
        """The next overnight run, or None."""
        known = [(night.next_at, i) for i, night in enumerate(self.times) if night.next_at is not None]
        return self.times[min(known)[1]] if known else None


_NUMBERS = (
    "overnight_percent",
    "overnight_per_person",
    "overnight_protected_hours",
    "overnight_late_minutes",
)


def add_default_time(session: Session, event: Event, *, now: datetime) -> None:
    """Add the default of a new event: 02:00 every day, creating a draft."""
    _add(session, event, OvernightTime(time(2)), now)


def get_overnight_settings(session: Session, actor: Actor) -> OvernightSettings:
    """Return the overnight settings of the actor's event, by time of day."""
    actor.require(Right.READ_RUNS)
    event = session.get_one(Event, actor.event_id)
    rows = session.scalars(
        select(RunSchedule).where(RunSchedule.event_id == event.id).order_by(RunSchedule.at, RunSchedule.id)
    )
    times = tuple(OvernightTime(row.at, row.weekdays, row.then, row.next_at) for row in rows)
    return OvernightSettings(times, **{name: getattr(event, name) for name in _NUMBERS})


@dataclass(frozen=True, slots=True)
class AllowedChanges:
    """How many of the `meetings` of the published `version` an overnight run may change, by its limit in %.

    `version` is None before the first publication.
    """

    version: int | None
    meetings: int
    most: int


def count_allowed_changes(session: Session, actor: Actor) -> AllowedChanges:
    """Return the effect of the limit on the published version. Runs at most three queries."""
    actor.require(Right.READ_RUNS)
    published = versions.find_published_version(session, actor.event_id)
    if published is None:
        return AllowedChanges(None, 0, 0)
    query = select(func.count()).where(PlannedMeeting.version_id == published.id)
    meetings = session.scalars(query).one()
    budget = overnight.overnight_budget(session.get_one(Event, actor.event_id))
    return AllowedChanges(published.number, meetings, budget.most(meetings))


def change_overnight_settings(
    session: Session, actor: Actor, form: OvernightSettings, *, now: datetime
) -> OvernightSettings:
    """Replace the overnight settings, effective at once.

    Raises InvalidInput with every fault by field, such as `times[0].weekdays`.
    """
    actor.require(Right.CHANGE_SETTINGS)
    if found := list(_faults(form)):
        raise InvalidInput(found)
    before = get_overnight_settings(session, actor)
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    session.execute(delete(RunSchedule).where(RunSchedule.event_id == event.id))
    for name in _NUMBERS:
        setattr(event, name, getattr(form, name))
    for night in form.times:
        _add(session, event, night, now)
    session.flush()
    after = get_overnight_settings(session, actor)
    about = pgettext_lazy("audit log", "overnight runs")
    recording.record_act(
        session, actor, Act.SETTINGS, about, before=_audit_values(before), after=_audit_values(after), now=now
    )
    return after


def _add(session: Session, event: Event, night: OvernightTime, now: datetime) -> None:
    following = overnight.next_run_at(night.at, night.weekdays, ZoneInfo(event.timezone), after=now)
    last_end = session.scalar(select(func.max(Slot.end)).where(Slot.of(event.id)))
    is_over = last_end is not None and last_end <= now
    session.add(
        RunSchedule(
            event_id=event.id,
            at=night.at,
            weekdays=night.weekdays,
            then=night.then,
            next_at=None if is_over else following,
        )
    )


def _faults(form: OvernightSettings) -> Iterator[Fault]:
    yield from fields.check_form(form)
    if len(form.times) > MAX_TIMES:
        yield Fault("times", gettext_lazy("add at most %(most)s", most=MAX_TIMES))
    for i, night in enumerate(form.times):
        days = set(night.weekdays)
        if not days or "".join(sorted(days)) != night.weekdays or days - set(EVERY_DAY):
            yield Fault(f"times[{i}].weekdays", gettext_lazy("choose at least one day"))
        if night.at.tzinfo is not None:
            yield Fault(f"times[{i}].at", gettext_lazy("enter a time in the venue's time zone, like 02:00"))


def _audit_values(of: OvernightSettings) -> dict[str, object]:
    nights = [f"{night.at:%H:%M} on days {night.weekdays}, then {night.then.value}" for night in of.times]
    return {**{name: value for name, value in asdict(of).items() if name != "times"}, "times": nights}
