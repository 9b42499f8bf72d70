"""Delivery estimates: when queued emails will have been sent, by the rates of the event and the providers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import EmailRates, email_domain
from scheduler.domain.entities import OutboxState
from scheduler.services.delivery import email_routes
from scheduler.services.delivery.email_routes import SERVER, Routes
from scheduler.storage.cache.cache_keys import new_digest, rows_text, split_text
from scheduler.storage.cache.cached_statistics import cached_statistic
from scheduler.storage.models import (
    Attendee,
    Event,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    ScheduleVersion,
)


@dataclass(frozen=True, slots=True)
class DeliveryEstimate:
    """Estimate of when the last of some emails is sent, if nothing is refused.

    `slowest` is the provider that takes longest, or empty if the event's own rate does. `paused` are the
    providers that accept nothing now. An empty name among them is the mail server.
    """

    mails: int
    duration: timedelta
    slowest: str
    paused: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """The duration in minutes, at least one."""
        return max(1, round(self.duration / timedelta(minutes=1)))


def estimate_publishing(
    session: Session, event: Event, version_id: int, mails: int, *, rates: EmailRates, now: datetime
) -> DeliveryEstimate:
    """Estimate when `mails` emails about a version would be sent, behind those already queued.

    They are assumed to be distributed over providers like the participants of the version's meetings.
    """
    version = session.get_one(ScheduleVersion, version_id)
    emails = rows_text(session, (Attendee.id, Attendee.email), Attendee.event_id == event.id)

    def work_out() -> dict[str, int]:
        return _by_domain(session, version_id, {int(person): email for person, email in split_text(emails)})

    share: Counter[str] = Counter()
    for domain, meetings in cached_statistic(
        session, version, "domains", [new_digest(emails)], work_out
    ).items():
        share[rates.routes.get(domain, domain)] += meetings
    whole = share.total()
    waiting = _waiting(session, event.id, rates)
    waiting += Counter({name: -(-mails * part // whole) for name, part in share.items()})
    return _arrival(event, waiting, mails, email_routes.load_routes(session, rates), now)


def _by_domain(session: Session, version_id: int, email_of: Mapping[int, str]) -> dict[str, int]:
    """Count the version's participations in meetings by email domain."""
    rows = session.execute(
        select(PlannedAttendee.attendee_id, func.count())
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .where(PlannedMeeting.version_id == version_id)
        .group_by(PlannedAttendee.attendee_id)
    )
    found: Counter[str] = Counter()
    for person, meetings in rows.all():
        found[email_domain(email_of[person])] += meetings
    return found


def estimate_queue(session: Session, event: Event, *, rates: EmailRates, now: datetime) -> DeliveryEstimate:
    """Estimate when the event's queued emails will have been sent."""
    waiting = _waiting(session, event.id, rates)
    return _arrival(event, waiting, waiting.total(), email_routes.load_routes(session, rates), now)


def _waiting(session: Session, event_id: int, rates: EmailRates) -> Counter[str]:
    """Count the event's queued emails by route."""
    queued = (
        OutboxEmail.event_id == event_id,
        OutboxEmail.state == OutboxState.QUEUED,
        OutboxEmail.stopped_at.is_(None),
    )
    found: Counter[str] = Counter()
    for domain, count in session.execute(
        select(OutboxEmail.domain, func.count()).where(*queued).group_by(OutboxEmail.domain)
    ):
        found[rates.routes.get(domain, domain)] += count
    return found


def _arrival(
    event: Event, waiting: Mapping[str, int], mails: int, routes: Routes, now: datetime
) -> DeliveryEstimate:
    minute = timedelta(minutes=1)
    takes = {SERVER: sum(waiting.values()) / event.mail_per_minute * minute}
    for name, count in waiting.items():
        rate, row = routes.rate(name, now), routes.rows.get(name)
        pause = row.paused_until - now if row is not None and row.paused_until else timedelta()
        if count and (rate is not None or pause > timedelta()):
            takes[name] = max(pause, timedelta()) + count / (rate or event.mail_per_minute) * minute
    slowest = max(takes, key=lambda name: takes[name])
    paused = sorted(routes.paused(now) & {*waiting, SERVER})
    return DeliveryEstimate(mails, takes[slowest], slowest, tuple(paused))
