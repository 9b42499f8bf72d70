"""Failed emails of an event: list, resend and archive.

Emails to an address that bounced are held here, because sending to it harms the sender's reputation. The
calendar counts as notified, or each publication would queue the same emails again. Resending one manually, or
correcting the address, removes the mark. Until then the attendee gets no emails, so the call list shows them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import structlog
from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import EmailFailure, Method, OutboxKind, OutboxState
from scheduler.invites.ical.content import Content
from scheduler.services.delivery import address_reports, email_routes
from scheduler.services.delivery.email_routes import SERVER
from scheduler.services.directory.references import PersonRef, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox, payloads
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Interpreter, OutboxEmail

_NEWEST = Order("dead-letters", (OutboxEmail.id,), (int,), descending=True)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FailedEmail:
    """An email that failed, or that will be retried."""

    id: int
    kind: OutboxKind
    address: str
    person: PersonRef | None
    method: Method | None
    """Of the calendar message; None for an email about several meetings or none."""
    content: Content | None
    """None for an email about several meetings or none."""
    failure: EmailFailure | None
    error: str
    """As reported by the mail server."""
    attempts: int
    last_attempt_at: datetime | None
    """None if it was never handed to the server."""
    next_attempt_at: datetime | None
    """When it will be retried; None if it will not."""


def list_failed_emails(
    session: Session,
    actor: Actor,
    *,
    retrying: bool = False,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 50,
) -> Page[FailedEmail]:
    """Return the event's failed emails, or those that will be retried, newest first.

    Raises NotAllowed if the actor is not an organiser.
    """
    actor.require(Right.READ_CALENDAR_STATUS)
    query = (
        select(OutboxEmail, Attendee)
        .outerjoin(Attendee, Attendee.id == OutboxEmail.attendee_id)
        .where(OutboxEmail.event_id == actor.event_id, _retried() if retrying else outbox.failed_condition())
    )
    page = fetch_page(session, query, _NEWEST, cursor=cursor, number=number, limit=limit)
    return page.of(_letter(row[0], row[1]) for row in page.items)


@dataclass(frozen=True, slots=True)
class FailedEmailCounts:
    """Numbers of failed emails, of those that `resend_all_emails` would resend, and of those being retried.

    `interpreters` counts interpreters with a dead address.
    """

    failed: int
    resendable: int
    retrying: int
    interpreters: int


def count_failed_emails(session: Session, actor: Actor) -> FailedEmailCounts:
    """Return all counts, with one query."""
    actor.require(Right.READ_CALENDAR_STATUS)
    return FailedEmailCounts(*session.execute(_counts(), {"event_id": actor.event_id}).one())


@cache
def _counts() -> Select[int, int, int, int]:
    """Build the query for `FailedEmailCounts`, with the parameter `event_id`."""
    event_id = bindparam("event_id", type_=Integer())
    mails = [
        select(func.count()).select_from(OutboxEmail).where(OutboxEmail.event_id == event_id, which)
        for which in (outbox.failed_condition(), _unheld(), _retried())
    ]
    queries = [*mails, address_reports.marked_interpreters(event_id)]
    return select(*(query.scalar_subquery() for query in queries))


@dataclass(frozen=True, slots=True)
class PausedRoute:
    """A provider that accepts no emails before a time. An empty name is the mail server."""

    name: str
    paused_until: datetime | None


def list_paused_routes(
    session: Session, actor: Actor, *, rates: EmailRates, now: datetime
) -> list[PausedRoute]:
    """Return the paused providers among those of the event's queued emails, and the mail server if paused."""
    actor.require(Right.READ_CALENDAR_STATUS)
    routes = email_routes.load_routes(session, rates)
    paused = routes.paused(now)
    if not paused:
        return []
    waiting = OutboxEmail.event_id == actor.event_id, OutboxEmail.state == OutboxState.QUEUED
    domains = session.scalars(select(OutboxEmail.domain).where(*waiting).distinct()).all()
    here = {rates.routes.get(domain, domain) for domain in domains} | ({SERVER} if domains else set())
    rows = (routes.rows[name] for name in sorted(paused & here))
    return [PausedRoute(row.name, row.paused_until) for row in rows]


def resend_emails(session: Session, actor: Actor, ids: Sequence[int], *, now: datetime) -> int:
    """Requeue failed emails, each as the same message. Return their number.

    Emails that were superseded, archived or sent meanwhile are not changed. Resending a held email confirms
    that its address works, which removes the mark of its bounce.
    """
    return _queue_again(session, actor, in_chunks(OutboxEmail.id, ids), now)


def resend_all_emails(session: Session, actor: Actor, *, now: datetime) -> int:
    """Requeue all failed emails, except those to addresses that bounce. Return their number."""
    return _queue_again(session, actor, _unheld(), now)


def archive_emails(session: Session, actor: Actor, ids: Sequence[int], *, now: datetime) -> int:
    """Archive failed emails without sending them. Return their number."""
    actor.require(Right.REPAIR_DELIVERY)
    done = session.scalars(
        update(OutboxEmail)
        .where(
            OutboxEmail.event_id == actor.event_id, in_chunks(OutboxEmail.id, ids), outbox.failed_condition()
        )
        .values(dropped_at=now)
        .returning(OutboxEmail.id)
        .execution_options(synchronize_session=False)
    ).all()
    log.info("mails put away", mails=sorted(done), by=actor.account_id)
    return len(done)


def _queue_again(session: Session, actor: Actor, which: ColumnElement[bool], now: datetime) -> int:
    actor.require(Right.REPAIR_DELIVERY)
    done = outbox.requeue_failed(session, (OutboxEmail.event_id == actor.event_id) & which, now=now)
    address_reports.mark_many_working(session, Attendee, {row.attendee_id for row in done if row.attendee_id})
    address_reports.mark_many_working(
        session, Interpreter, {row.interpreter_id for row in done if row.interpreter_id}
    )
    log.info("mails queued again", mails=sorted(row.id for row in done), by=actor.account_id)
    return len(done)


def _retried() -> ColumnElement[bool]:
    """Condition: the email is queued and was refused before, by the server or on the way to it."""
    return (OutboxEmail.state == OutboxState.QUEUED) & OutboxEmail.failure.is_not(None)


def _unheld() -> ColumnElement[bool]:
    """Condition: the email has failed and its address is not marked as dead."""
    return outbox.failed_condition() & ~address_reports.held_emails()


def _letter(mail: OutboxEmail, attendee: Attendee | None) -> FailedEmail:
    is_queued, is_held = mail.state is OutboxState.QUEUED, mail.failure == EmailFailure.BOUNCED.value
    return FailedEmail(
        id=mail.id,
        kind=mail.kind,
        address=mail.to_address,
        person=person_ref(attendee) if attendee else None,
        method=mail.method,
        content=payloads.entry_content(mail.payload),
        failure=EmailFailure(mail.failure) if mail.failure else None,
        error=mail.error or "",
        attempts=mail.attempts,
        last_attempt_at=None if is_held else mail.claimed_at,
        next_attempt_at=mail.next_attempt_at if is_queued else None,
    )
