"""First steps of an organiser with an event, each done by the stored data."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AlertKind, OutboxState, VersionState
from scheduler.services.identity import onboarding
from scheduler.services.identity.actors import ORGANISERS_ONLY, Actor
from scheduler.services.identity.onboarding import FirstSteps
from scheduler.services.identity.rights import Right
from scheduler.services.participants.event_invitations import invitation_emails
from scheduler.storage.models import (
    Alert,
    Attendee,
    Event,
    Firm,
    OutboxEmail,
    Place,
    RunSchedule,
    ScheduleVersion,
    Slot,
)

EMAIL_ALERTS = (AlertKind.MAIL_CHECK, AlertKind.MAILS_REFUSED, AlertKind.MAILS_WAIT)
"""Alerts that emails do not go out, or do not arrive."""
ORDER = ("venue", "contact", "exhibitors", "email", "live", "invite", "run", "publish", "overnight")
"""Names of the steps, as they are done one after the other."""


def list_organiser_steps(session: Session, actor: Actor) -> FirstSteps:
    """Return the first steps of the actor's event. Runs three queries. Raises NotAllowed for others.

    A step is open again once what was done is undone: the tables are removed, or exhibitors are added who are
    not invited yet.
    """
    actor.require(Right.CHANGE_SETTINGS, sentence=ORGANISERS_ONLY)
    event_id = actor.event_id
    is_hidden, _ = onboarding.find_state(session, actor)
    has_contacts = (
        exists()
        .where(
            Attendee.event_id == event_id,
            Attendee.firm_id == Firm.id,
            Attendee.is_exhibitor,
            Attendee.withdrawn_at.is_(None),
            Firm.withdrawn_at.is_(None),
        )
        .correlate(None)
    )
    found = session.execute(
        select(
            and_(
                exists().where(Slot.of(event_id)),
                exists().where(Place.event_id == event_id, Place.is_retired.is_(False)),
            ).label("venue"),
            (func.length(Event.contact) > 0).label("contact"),
            has_contacts.label("exhibitors"),
            and_(_has_sent_email(event_id), ~_has_email_alert(event_id)).label("email"),
            Event.live_at.is_not(None).label("live"),
            exists().where(ScheduleVersion.event_id == event_id).label("run"),
            exists()
            .where(ScheduleVersion.event_id == event_id, ScheduleVersion.state == VersionState.PUBLISHED)
            .label("publish"),
            exists().where(RunSchedule.event_id == event_id).label("overnight"),
        ).where(Event.id == event_id)
    ).one()
    invited = found.exhibitors and not invitation_emails.count_uninvited(session, event_id)
    done = found._asdict() | {"invite": invited}
    return FirstSteps({name: bool(done[name]) for name in ORDER}, is_hidden)


def _has_sent_email(event_id: int) -> ColumnElement[bool]:
    """Condition: an email about the event went out. Those that a rehearsal kept back did not."""
    sent = OutboxEmail.state == OutboxState.SENT, OutboxEmail.rehearsed_as.is_(None)
    return or_(
        exists().where(OutboxEmail.event_id == event_id, *sent),
        exists().where(OutboxEmail.about_event_id == event_id, *sent),
    )


def _has_email_alert(event_id: int) -> ColumnElement[bool]:
    return exists().where(
        Alert.open_key.is_not(None),
        Alert.kind.in_(EMAIL_ALERTS),
        or_(Alert.event_id.is_(None), Alert.event_id == event_id),
    )
