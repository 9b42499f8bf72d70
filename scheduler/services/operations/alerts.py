"""Alerts: failures reported once by email, and shown until they end."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, OutboxKind
from scheduler.i18n import to_json
from scheduler.services.identity import actors, preferences
from scheduler.services.outbox import outbox
from scheduler.services.outbox.letters import LATER_DOMAIN
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.text import clean_line
from scheduler.storage.models import Account, Alert, Event

QUIET = timedelta(hours=1)
"""A failure that recurs within this time after it ended is shown again, but not emailed again."""

_ABOUT, _REASON, _PATH = 120, 1000, 400


def raise_alert(
    session: Session,
    kind: AlertKind,
    *,
    event_id: int | None,
    about: str,
    reason: str,
    path: str,
    now: datetime,
) -> bool:
    """Alert the event's organisers and the operators to a failure. Return True if the alert is new.

    There is one open alert for each (kind, event, `about`). While it is open, further calls update `reason`
    and send no email. `about` names what failed ("run 12"), `reason` is a sentence for people, and `path` is
    the page of the site with details. Without an event, only the operators get the email.
    """
    about, said, reason = about[:_ABOUT], reason, clean_line(reason)[:_REASON]
    key = _key(kind, event_id, about)
    found = session.scalar(select(Alert).where(Alert.open_key == key))
    if found is not None:
        if found.reason != reason:
            found.reason = reason
            session.flush()
        return False
    came_back = session.scalar(
        select(Alert.id)
        .where(_is(kind, event_id), Alert.about == about, Alert.resolved_at > now - QUIET)
        .limit(1)
    )
    alert = Alert(
        event_id=event_id,
        kind=kind,
        about=about,
        reason=reason,
        path=path[:_PATH],
        opened_at=now,
        open_key=key,
    )
    try:
        with session.begin_nested():  # the unique key rejects a concurrent second one
            session.add(alert)
    except IntegrityError:
        return False
    if came_back is None:
        _queue_mails(session, alert, said, now)
    return True


def end_alert(
    session: Session, kind: AlertKind, *, event_id: int | None, about: str | None = None, now: datetime
) -> bool:
    """End the open alert of that kind and event, or all if `about` is None. Return True if any was open."""
    which = [Alert.open_key.is_not(None), _is(kind, event_id)]
    if about is not None:
        which.append(Alert.about == about[:_ABOUT])
    ended = update(Alert).where(*which).values(resolved_at=now, open_key=None).returning(Alert.id)
    return bool(session.scalars(ended, execution_options={"synchronize_session": "fetch"}).all())


def list_open_alerts(session: Session, event_id: int | None) -> Sequence[Alert]:
    """Return the open alerts of the installation, and of an event if given, newest first."""
    of_event = Alert.event_id == event_id if event_id is not None else Alert.event_id.is_(None)
    return session.scalars(
        select(Alert)
        .where(Alert.open_key.is_not(None), or_(Alert.event_id.is_(None), of_event))
        .order_by(Alert.opened_at.desc(), Alert.id.desc())
    ).all()


def list_all_open_alerts(session: Session) -> Sequence[Alert]:
    """Return the open alerts of the installation and of all events, oldest first."""
    return session.scalars(select(Alert).where(Alert.open_key.is_not(None)).order_by(Alert.id)).all()


def list_latest_alerts(
    session: Session, event_id: int, kinds: Collection[AlertKind], *, limit: int
) -> Sequence[Alert]:
    """Return the newest alerts of an event of these kinds, open or ended, newest first."""
    which = Alert.event_id == event_id, Alert.kind.in_(kinds)
    return session.scalars(select(Alert).where(*which).order_by(Alert.id.desc()).limit(limit)).all()


def _key(kind: AlertKind, event_id: int | None, about: str) -> str:
    return f"{kind.value}:{event_id or ''}:{about}"


def _is(kind: AlertKind, event_id: int | None) -> ColumnElement[bool]:
    of_event = Alert.event_id.is_(None) if event_id is None else Alert.event_id == event_id
    return (Alert.kind == kind) & of_event


def _queue_mails(session: Session, alert: Alert, reason: str, now: datetime) -> None:
    """Queue an email to each reader. A `reason` of messages is translated when the email is rendered."""
    event = session.get(Event, alert.event_id) if alert.event_id is not None else None
    mails = []
    for account in _readers(session, alert.event_id, now):
        language = preferences.account_language(
            session, account.id, default=event.language if event else "en"
        )
        said = {
            "kind": alert.kind.value,
            "event": event.name if event else "",
            "reason": to_json(reason) if len(reason) <= _REASON else alert.reason,
            "path": alert.path,
            "language": language,
        }
        mail = NewMail(
            kind=OutboxKind.ALERT,
            to_address=account.email,
            to_name=account.name,
            payload=said,
            message_id=f"<{uuid.uuid4()}{LATER_DOMAIN}>",
            created_at=now,
            next_attempt_at=now,
        )
        mails.append(mail)
    outbox.enqueue(session, mails)


def _readers(session: Session, event_id: int | None, now: datetime) -> Sequence[Account]:
    """Return the recipients: the event's organisers and the operators.

    Without an event: the operators, or organisers if there are none.
    """
    if (
        event_id is None
        and session.scalar(select(Account.id).where(Account.is_operator).limit(1)) is not None
    ):
        return session.scalars(select(Account).where(Account.is_operator).order_by(Account.id)).all()
    told = or_(Account.is_operator, Account.id.in_(actors.leading_accounts(now, event_id)))
    return session.scalars(select(Account).where(told).order_by(Account.id)).all()
