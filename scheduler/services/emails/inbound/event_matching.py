"""Event matching of emails to a bare address: the event, and the email they reply to.

An email's own data proves nothing. It only decides in whose inbox the email waits.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.invites.inbound import ParsedEmail as Understood
from scheduler.services.emails.inbound import inbound_addresses
from scheduler.services.outbox import letters
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, InboundEmail, Interpreter, Invitation, OutboxEmail


def match_event(session: Session, mail: InboundEmail, found: Understood, settings: Settings) -> None:
    """Assign the event and the related email to an email to a bare address.

    Match by our email that it replies to or returns, else by the meeting in its calendar, else by its sender
    if that is a participant of exactly one event. Otherwise the email has no event and is for the operators.
    """
    about = find_answered_mail(session, found, settings)
    if about is not None:
        assign_to_mail(session, mail, about)
        return
    invitation = _of_calendar(session, found)
    if invitation is not None:
        mail.event_id, mail.request_id = invitation.event_id, invitation.request_id
        mail.attendee_id, mail.uid = invitation.attendee_id, invitation.uid
        return
    _by_sender(session, mail, found.sender)


def assign_to_mail(session: Session, mail: InboundEmail, about: OutboxEmail) -> None:
    """Relate an email to one of ours, with its event, attendee and meeting."""
    mail.outbox_email_id, mail.attendee_id = about.id, about.attendee_id
    mail.event_id = about.event_id
    if mail.event_id is None and about.attendee_id is not None:
        mail.event_id = session.get_one(Attendee, about.attendee_id).event_id
    invitation = inbound_addresses.find_invitation(session, about)
    if invitation is not None:
        mail.request_id, mail.uid = invitation.request_id, invitation.uid


def find_answered_mail(session: Session, found: Understood, settings: Settings) -> OutboxEmail | None:
    """Return our email that an email replies to or returns in a report."""
    returned = [each.message_id for each in (found.bounce, found.complaint) if each is not None]
    if found.complaint is not None and found.complaint.envelope:
        known = inbound_addresses.parse_address(session, found.complaint.envelope, settings)
        if known is not None and known.about is not None:
            return known.about
    return _sent_as(session, [*returned, *found.references], settings.mail_domain)


def _sent_as(session: Session, message_ids: Sequence[str], mail_domain: str) -> OutboxEmail | None:
    """Return our email with the first known of these Message-IDs."""
    wanted = {each: letters.queued_id(each, mail_domain) for each in message_ids if each}
    if not wanted:
        return None
    ids = {*wanted, *wanted.values()}
    rows = session.scalars(select(OutboxEmail).where(in_chunks(OutboxEmail.message_id, ids)))
    by_id = {row.message_id: row for row in rows}
    found = (by_id.get(sent) or by_id.get(queued) for sent, queued in wanted.items())
    return next((row for row in found if row is not None), None)


def _of_calendar(session: Session, found: Understood) -> Invitation | None:
    """Return the invitation of a participant in the calendar's replies."""
    uids = {answer.uid for answer in found.answers}
    people = {each.email for answer in found.answers for each in answer.participants}
    if len(uids) != 1:
        return None
    return session.scalar(
        select(Invitation)
        .join(Attendee, Attendee.id == Invitation.attendee_id)
        .where(Invitation.uid == uids.pop(), in_chunks(Attendee.email, people))
        .order_by(Invitation.sequence.desc(), Invitation.dtstamp.desc())
        .limit(1)
    )


def _by_sender(session: Session, mail: InboundEmail, sender: str) -> None:
    going_on = Event.archived_at.is_(None)
    attendees = select(Attendee.event_id).join(Event, Event.id == Attendee.event_id)
    interpreters = select(Interpreter.event_id).join(Event, Event.id == Interpreter.event_id)
    events = session.scalars(
        union(
            attendees.where(going_on, Attendee.email == sender, Attendee.withdrawn_at.is_(None)),
            interpreters.where(going_on, Interpreter.email == sender, Interpreter.withdrawn_at.is_(None)),
        ).limit(2)
    ).all()
    if len(events) == 1:
        mail.event_id = events[0]
        mail.attendee_id = session.scalar(
            select(Attendee.id).where(Attendee.event_id == events[0], Attendee.email == sender)
        )
