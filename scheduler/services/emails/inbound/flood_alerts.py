"""Flood alerts: an invitation's address received more emails in a day than its limit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, MailBox
from scheduler.i18n import gettext_lazy
from scheduler.services.emails.inbound import intake
from scheduler.services.operations import alerts
from scheduler.storage.models import Alert, Attendee, Event, InboundEmail


def update_flood_alerts(session: Session, *, now: datetime) -> None:
    """Raise an alert for each attendee whose invitation reached the limit, and end those that are over."""
    many = (
        select(Event.id, Event.key, Attendee.key, Attendee.name)
        .select_from(InboundEmail)
        .join(Event, Event.id == InboundEmail.event_id)
        .join(Attendee, Attendee.id == InboundEmail.attendee_id)
        .where(InboundEmail.received_at > now - intake.DAY, InboundEmail.box != MailBox.BARE)
        .group_by(InboundEmail.token_hash, Event.id, Event.key, Attendee.key, Attendee.name)
        .having(func.count() >= intake.MAX_A_DAY)
    )
    flooded = set()
    for event_id, key, person, name in session.execute(many).all():
        flooded.add((event_id, person))
        reason = gettext_lazy(
            "An invitation of %(name)s received %(most)s emails within a day. Further emails are "
            "deferred. Replies that look like the attendee's own are still accepted. Ask the attendee "
            "whether they will attend.",
            name=name,
            most=intake.MAX_A_DAY,
        )
        alerts.raise_alert(
            session, AlertKind.MAIL_FLOOD, event_id=event_id, about=person, reason=reason,
            path=f"/events/{key}/inbox/", now=now,
        )  # fmt: skip
    is_open = Alert.kind == AlertKind.MAIL_FLOOD, Alert.open_key.is_not(None)
    for told in session.execute(select(Alert.event_id, Alert.about).where(*is_open)).all():
        if tuple(told) not in flooded:
            alerts.end_alert(session, AlertKind.MAIL_FLOOD, event_id=told[0], about=told[1], now=now)
