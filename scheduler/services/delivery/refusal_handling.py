"""Refusals by mail servers, immediate or in a delivery status notification: retries, pauses and alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import EmailRates
from scheduler.domain.entities import AlertKind, EmailFailure, OutboxKind, OutboxState, Refusal
from scheduler.i18n import gettext_lazy
from scheduler.services import links
from scheduler.services.delivery import address_reports, email_routes
from scheduler.services.delivery.address_reports import Reader
from scheduler.services.delivery.email_routes import SERVER, TOLD_AFTER, Routes
from scheduler.services.operations import alerts
from scheduler.storage.models import Alert, EmailRoute, Event, OutboxEmail

BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
"""Delays between attempts. After the last one the email has failed."""

HELD_FOR = tuple(timedelta(minutes=m) for m in (15, 60, 240, 720, 1440, 1440))
"""Delays for held emails. They are sent at once when their route is open again after a pause."""

ABOUT = "mails"
"""Subject of the alert. All refusals of an event's emails share one alert, whatever route they take."""


def record_refusal(
    session: Session,
    routes: Routes,
    mail: OutboxEmail,
    refusal: Refusal,
    said: str,
    *,
    is_of_server: bool = True,
    now: datetime,
) -> set[str]:
    """Record that a claimed or sent email was refused, with the server's text.

    Return the routes that are paused as a result. The email is retried later, held, or marked as failed. A
    single refusal marks no address as dead. `is_of_server` is False if the refusal says nothing about the
    mail server as a whole.
    """
    readers = address_reports.find_readers(session, mail) if refusal is Refusal.DEAD else ()
    if readers:
        _doubt(session, mail, readers, said, now)
    elif refusal is Refusal.HOLD:
        hold_email(session, mail, said, now=now)
    else:
        mark_failed(session, mail, said, permanent=refusal is Refusal.DEAD, now=now)
    names = (routes.rates.route(mail.to_address), *((SERVER,) if is_of_server else ()))
    pausing = email_routes.record_refused(session, routes, names, mail, refusal, said, now=now)
    if mail.kind is OutboxKind.ALERT:  # an alert about a refused alert would be refused too
        return pausing
    for name in names:
        row = routes.rows[name]
        if (refusal is Refusal.HOLD and name != SERVER) or _is_to_be_told(row):
            _tell(session, row, mail.event_id, now)
    return pausing


def record_locked_out(session: Session, routes: Routes, said: str, *, now: datetime) -> None:
    """Record that the mail server requires authentication or rejects ours."""
    email_routes.record_locked_out(session, routes, said, now=now)
    _tell(session, routes.rows[SERVER], None, now)


def release_held(session: Session, routes: Routes, names: Collection[str], *, now: datetime) -> int:
    """Make held emails of reopened routes due at once. Return their number."""
    held = (OutboxEmail.state == OutboxState.QUEUED) & (OutboxEmail.failure == EmailFailure.DEFERRED.value)
    released = session.scalars(
        update(OutboxEmail)
        .where(routes.of(names), held, OutboxEmail.next_attempt_at > now)
        .values(next_attempt_at=now)
        .returning(OutboxEmail.id)
        .execution_options(synchronize_session=False)
    )
    return len(released.all())


def end_route_alerts(session: Session, rates: EmailRates, *, now: datetime) -> int:
    """End alerts about routes that are open and hold no emails. Return the number of those routes."""
    told = session.scalars(select(EmailRoute).where(EmailRoute.has_open_alert)).all()
    routes = Routes(rates, {row.name: row for row in told})
    over = [row for row in told if row.paused_until is None and not _holds(session, routes, row.name)]
    for row in over:
        row.has_open_alert = False
    if told and len(over) == len(told):
        _end_alerts(session, now)
    email_routes.delete_idle_routes(session, now=now)
    return len(over)


def mark_failed(session: Session, mail: OutboxEmail, said: str, *, permanent: bool, now: datetime) -> None:
    """Schedule a retry, or mark the email as failed if `permanent` or after the last delay."""
    at = None if permanent or mail.attempts > len(BACKOFF) else now + BACKOFF[mail.attempts - 1]
    _put_back(session, mail, said, EmailFailure.PERMANENT if permanent else EmailFailure.TEMPORARY, at)


def hold_email(session: Session, mail: OutboxEmail, said: str, *, now: datetime) -> None:
    """Hold an email that was refused for a reason unrelated to its address. It is retried many times."""
    is_over = mail.attempts > len(HELD_FOR)
    at = None if is_over else now + HELD_FOR[mail.attempts - 1]
    _put_back(session, mail, said, EmailFailure.PERMANENT if is_over else EmailFailure.DEFERRED, at)


def _doubt(session: Session, mail: OutboxEmail, readers: Sequence[Reader], said: str, now: datetime) -> None:
    """Handle a reply that the address does not exist.

    The email is sent once more to make sure, unless this is the second such reply or the address was
    corrected since. Sign-in emails are not sent again: their link would have expired, and the recipient can
    request a new one.
    """
    waits = [
        address_reports.record_report(session, each, said, now=now)
        for each in readers
        if each.email == mail.to_address
    ]
    if mail.sign_in_link_id is not None or not waits or None in waits:
        return _put_back(session, mail, said, EmailFailure.PERMANENT, None)
    once_more = max(wait for wait in waits if wait is not None)
    return _put_back(session, mail, said, EmailFailure.TEMPORARY, now + once_more)


def _put_back(
    session: Session, mail: OutboxEmail, said: str, failure: EmailFailure, at: datetime | None
) -> None:
    """Requeue an email for `at`, or mark it as failed if `at` is None.

    An email that was swept or claimed again meanwhile is not changed.
    """
    values: dict[str, Any] = {"error": said, "failure": failure.value, "claimed_by": None}
    values |= {"state": OutboxState.FAILED if at is None else OutboxState.QUEUED}
    values |= {"next_attempt_at": at} if at is not None else {}
    session.execute(
        update(OutboxEmail)
        .where(OutboxEmail.id == mail.id, OutboxEmail.state == mail.state, _claimed_by(mail.claimed_by))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _claimed_by(worker: str | None) -> ColumnElement[bool]:
    return OutboxEmail.claimed_by.is_(None) if worker is None else OutboxEmail.claimed_by == worker


def _is_to_be_told(row: EmailRoute) -> bool:
    """Return True if the pause needs an alert: by its cause, or because there were many in a row."""
    if row.paused_until is None:
        return False
    return row.refusal in (Refusal.HOLD, Refusal.DEAD) or row.pauses >= TOLD_AFTER


def _tell(session: Session, row: EmailRoute, event_id: int | None, now: datetime) -> None:
    who = row.name or gettext_lazy("The email server")
    if row.paused_until is None:
        reason = gettext_lazy("%(who)s refuses emails. Its reply: %(reply)s", who=who, reply=row.last_reply)
    else:
        reason = gettext_lazy(
            "%(who)s refuses emails, so they wait. Its reply: %(reply)s", who=who, reply=row.last_reply
        )
    key = session.scalar(select(Event.key).where(Event.id == event_id)) if event_id is not None else None
    alerts.raise_alert(
        session,
        AlertKind.MAILS_REFUSED,
        event_id=event_id,
        about=ABOUT,
        reason=reason,
        path=links.retried_mails(key) if key else "/",
        now=now,
    )
    row.has_open_alert = True
    session.flush()


def _end_alerts(session: Session, now: datetime) -> None:
    events = session.scalars(
        select(Alert.event_id)
        .where(Alert.kind == AlertKind.MAILS_REFUSED, Alert.open_key.is_not(None), Alert.about == ABOUT)
        .distinct()
    ).all()
    for event_id in events:
        alerts.end_alert(session, AlertKind.MAILS_REFUSED, event_id=event_id, about=ABOUT, now=now)


def _holds(session: Session, routes: Routes, name: str) -> bool:
    """Return True if emails are held for this route; for the server, if any are held."""
    held = (OutboxEmail.failure == EmailFailure.DEFERRED.value) & OutboxEmail.state.in_(
        [OutboxState.QUEUED, OutboxState.SENDING]
    )
    return session.scalar(select(OutboxEmail.id).where(held, routes.of([name])).limit(1)) is not None
