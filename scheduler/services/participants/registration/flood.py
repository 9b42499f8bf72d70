"""Alerts for registration floods: more registrations within an hour than an event plausibly gets."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind
from scheduler.i18n import gettext_lazy
from scheduler.services.operations import alerts
from scheduler.storage.models import Alert, Event, FirmRegistration

WINDOW = timedelta(hours=1)
MAX_PER_HOUR = 300
"""Registrations of an event within an hour, confirmed or not. Each sends an email."""


def update_flood_alerts(session: Session, *, now: datetime) -> None:
    """Raise an alert for each event above the limit, and resolve those below it."""
    many = (
        select(Event.id, Event.key, func.count())
        .join(FirmRegistration, FirmRegistration.event_id == Event.id)
        .where(FirmRegistration.created_at > now - WINDOW, Event.is_there())
        .group_by(Event.id, Event.key)
        .having(func.count() >= MAX_PER_HOUR)
    )
    flooded = set()
    for event_id, key, count in session.execute(many).all():
        flooded.add(event_id)
        reason = gettext_lazy(
            "%(count)s companies registered within an hour, and each got an email with a link. If you didn't "
            "expect this, close registration in Settings.",
            count=count,
        )
        path = f"/events/{key}/registrations/"
        alerts.raise_alert(
            session, AlertKind.REGISTRATIONS, event_id=event_id, about="", reason=reason, path=path, now=now
        )
    is_open = Alert.kind == AlertKind.REGISTRATIONS, Alert.open_key.is_not(None)
    for told in session.scalars(select(Alert.event_id).where(*is_open)).all():
        if told not in flooded:
            alerts.end_alert(session, AlertKind.REGISTRATIONS, event_id=told, now=now)
