"""Emails to one attendee between two publications: resent invitations and declined proposals."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxKind
from scheduler.invites.ical import itip, itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.services.delivery import email_texts
from scheduler.services.outbox import outbox
from scheduler.services.replies import attendee_replies
from scheduler.storage.models import Attendee, Event, Invitation, OutboxEmail

PAUSE = timedelta(minutes=10)
DAY = timedelta(days=1)
MOST_A_DAY = 3
"""Emails per meeting and day. Limits mail loops with autoresponders."""


class ResendResult(Enum):
    """Result of a request to send an email again."""

    NOW = "now"
    JUST_BEFORE = "just before"
    """An email was sent within the PAUSE."""
    TOO_OFTEN = "too often"
    """The daily limit is reached."""


def resend_invitation(
    session: Session,
    invitation: Invitation,
    *,
    answered: int | None = None,
    mail_domain: str,
    now: datetime,
) -> ResendResult:
    """Queue the current REQUEST again (RFC 5546 section 3.2.6).

    `answered` is the SEQUENCE to which a late reply referred: for that the invitation is resent once.
    """
    if invitation.method is not Method.REQUEST:
        return ResendResult.TOO_OFTEN
    before = _answered_content(session, invitation, answered)
    message = itip_revisions.resend_invitation(
        calendar_state_after(invitation), now, last=_last_stamp(session, invitation), answered=before
    )
    most = MOST_A_DAY if answered is None else 1
    sent = _queue(session, invitation, message, mail_domain, now, most)
    if sent is ResendResult.NOW:
        invitation.dtstamp = message.dtstamp
        session.flush()
    return sent


def decline_proposal(
    session: Session, invitation: Invitation, *, mail_domain: str, now: datetime
) -> ResendResult:
    """Queue a DECLINECOUNTER."""
    proposals = session.get_one(Event, invitation.event_id).proposals
    message = itip_revisions.decline_counter(
        calendar_state_after(invitation), now, last=_last_stamp(session, invitation), proposals=proposals
    )
    return _queue(session, invitation, message, mail_domain, now, MOST_A_DAY)


def calendar_state_after(invitation: Invitation) -> itip.SentEntry:
    """Return the calendar's state after it received an invitation."""
    return itip.SentEntry(
        uid=invitation.uid,
        attendee_id=invitation.attendee_id,
        sequence=invitation.sequence,
        dtstamp=invitation.dtstamp,
        method=invitation.method,
        content=Content.from_json(invitation.content),
        partstat=invitation.partstat,
    )


def _answered_content(session: Session, invitation: Invitation, sequence: int | None) -> Content | None:
    """Return the content to which the attendee replied, if it is older than the current one."""
    if sequence is None:
        before = attendee_replies.find_last_reply(session, invitation)
        sequence = before.sequence if before else invitation.sequence
    if sequence >= invitation.sequence:
        return None
    told = session.scalar(
        select(Invitation.content).where(
            Invitation.uid == invitation.uid,
            Invitation.attendee_id == invitation.attendee_id,
            Invitation.sequence == sequence,
            Invitation.method == Method.REQUEST,
        )
    )
    return Content.from_json(told) if told else None


def _last_stamp(session: Session, invitation: Invitation) -> datetime:
    """Return the latest DTSTAMP of the UID: of sent invitations, and of queued ones to this attendee."""
    latest = select(func.max(Invitation.dtstamp)).where(Invitation.uid == invitation.uid)
    told = session.scalars(latest).one()
    waiting = session.scalar(
        select(func.max(OutboxEmail.dtstamp)).where(
            OutboxEmail.attendee_id == invitation.attendee_id, OutboxEmail.uid == invitation.uid
        )
    )
    return max(told, waiting or told)


def _queue(
    session: Session,
    invitation: Invitation,
    message: itip.ItipMessage,
    mail_domain: str,
    now: datetime,
    most: int,
) -> ResendResult:
    """Queue a message, unless one was sent just before, or `most` with its method and SEQUENCE within a
    day.
    """
    sent = session.execute(
        select(OutboxEmail.created_at, OutboxEmail.method, OutboxEmail.sequence).where(
            OutboxEmail.kind == OutboxKind.RESEND,
            OutboxEmail.uid == message.uid,
            OutboxEmail.attendee_id == message.attendee_id,
            OutboxEmail.created_at > now - DAY,
        )
    ).all()
    if any(row.created_at > now - PAUSE for row in sent):
        return ResendResult.JUST_BEFORE
    same = [row for row in sent if (row.method, row.sequence) == (message.method, message.sequence)]
    if len(same) >= most:
        return ResendResult.TOO_OFTEN
    attendee = session.get_one(Attendee, message.attendee_id)
    event = session.get_one(Event, invitation.event_id)
    mail = outbox.calendar_mail(
        OutboxKind.RESEND,
        message,
        to=(attendee.email, attendee.name),
        event_id=event.id,
        request_id=invitation.request_id,
        payload=email_texts.build_payload(
            message,
            email_texts.list_event_texts(session, event.id),
            event,
            has_colleagues=bool(email_texts.attendees_with_colleagues(session, [attendee.id])),
        ),
        domain=mail_domain,
        now=now,
        thread_id=invitation.first_message_id,
    )
    outbox.enqueue(session, [mail])
    return ResendResult.NOW
