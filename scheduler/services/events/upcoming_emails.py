"""Upcoming emails of an event: those in its queue, and the digests that fall due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import OutboxKind, OutboxState
from scheduler.services.delivery import delivery_estimates
from scheduler.services.delivery.delivery_estimates import DeliveryEstimate
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox
from scheduler.services.requests.digests import due
from scheduler.storage.models import Event, OutboxEmail

HORIZON = timedelta(hours=24)


class EmailGroup(StrEnum):
    """What emails are about."""

    MEETINGS = "meetings"
    """Calendar messages: invitations, updates and cancellations."""
    CHANGES = "changes"
    """One email per person about all changes of a publication."""
    REQUESTS = "requests"
    """Digests of requests, with reminders to respond."""
    INTERPRETERS = "interpreters"
    OTHER = "other"


_GROUPS = {
    OutboxKind.INVITATION: EmailGroup.MEETINGS,
    OutboxKind.RESEND: EmailGroup.MEETINGS,
    OutboxKind.SUMMARY: EmailGroup.CHANGES,
    OutboxKind.DIGEST: EmailGroup.REQUESTS,
    OutboxKind.BRIEFING: EmailGroup.INTERPRETERS,
}


@dataclass(frozen=True, slots=True)
class EmailBatch:
    """The emails of a group. The first is sent at `first`, or as soon as possible if that has passed."""

    group: EmailGroup
    emails: int
    first: datetime


@dataclass(frozen=True, slots=True)
class UpcomingEmails:
    """The emails that are due within HORIZON if nothing changes, by group, and their distinct recipients.

    A long queue takes longer at a low sending rate: see `find_slow_sending`. Each recipient of a digest
    counts once. `is_paused` is True while an organiser holds them all.
    """

    batches: tuple[EmailBatch, ...] = ()
    people: int = 0
    is_paused: bool = False

    @property
    def emails(self) -> int:
        return sum(batch.emails for batch in self.batches)


def forecast_emails(session: Session, event_id: int, *, now: datetime) -> UpcomingEmails:
    """Return the upcoming emails of an event. Runs five queries."""
    until = now + HORIZON
    digests = due.forecast_digests(session, event_id, now=now, until=until)
    found = dict(_queued_batches(session, event_id, until))
    if digests:
        queued = found.get(EmailGroup.REQUESTS, EmailBatch(EmailGroup.REQUESTS, 0, until))
        first = min(queued.first, *digests.values())
        found[EmailGroup.REQUESTS] = EmailBatch(EmailGroup.REQUESTS, queued.emails + len(digests), first)
    attendees, others = _queued_recipients(session, event_id, until)
    return UpcomingEmails(
        tuple(found[group] for group in EmailGroup if group in found),
        len(attendees | digests.keys()) + others,
        outbox.is_event_paused(session, event_id),
    )


def find_slow_sending(
    session: Session, actor: Actor, *, rates: EmailRates, now: datetime
) -> DeliveryEstimate | None:
    """Return the estimate for the emails that are queued now if sending them takes longer than HORIZON."""
    actor.require(Right.READ_VERSIONS)
    event = session.get_one(Event, actor.event_id)
    found = delivery_estimates.estimate_queue(session, event, rates=rates, now=now)
    return found if found.duration > HORIZON else None


def _queued_batches(
    session: Session, event_id: int, until: datetime
) -> Iterator[tuple[EmailGroup, EmailBatch]]:
    rows = session.execute(
        select(OutboxEmail.kind, func.count(), func.min(OutboxEmail.next_attempt_at))
        .where(*_queued(event_id, until))
        .group_by(OutboxEmail.kind)
    )
    found: dict[EmailGroup, EmailBatch] = {}
    for kind, count, first in rows:
        group = _GROUPS.get(kind, EmailGroup.OTHER)
        known = found.get(group, EmailBatch(group, 0, first))
        found[group] = EmailBatch(group, known.emails + count, min(known.first, first))
    yield from found.items()


def _queued_recipients(session: Session, event_id: int, until: datetime) -> tuple[set[int], int]:
    """Return the attendees with queued emails, and the number of other addresses."""
    queued = _queued(event_id, until)
    attendee = OutboxEmail.attendee_id
    people = session.scalars(select(attendee).where(*queued, attendee.is_not(None)).distinct())
    others = select(func.count(distinct(OutboxEmail.to_address))).where(*queued, attendee.is_(None))
    return {person for person in people if person is not None}, session.scalars(others).one()


def _queued(event_id: int, until: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxEmail.event_id == event_id,
        OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.SENDING)),
        OutboxEmail.stopped_at.is_(None),
        OutboxEmail.next_attempt_at <= until,
    )
