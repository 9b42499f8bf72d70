"""Inbox actions of organisers: read emails, apply one as a reply, or ignore it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox, MailKind, MailOutcome, Partstat, ReplySource
from scheduler.domain.errors import NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical.content import Content
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import PersonRef, person_ref
from scheduler.services.emails.inbound import aliases, bounces, delegation_replies, judgement
from scheduler.services.emails.inbound.incoming_emails import IncomingEmail, show_email
from scheduler.services.emails.inbound.intake import record_verdict
from scheduler.services.emails.inbound.verdicts import Verdict
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.replies import attendee_replies, resend, substitutes
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.schedule import meeting_ends
from scheduler.storage.models import InboundEmail, MeetingRequest

_ANSWERS = {
    Partstat.NEEDS_ACTION: pgettext_lazy("audit log", "no reply"),
    Partstat.ACCEPTED: pgettext_lazy("audit log", "accepted"),
    Partstat.TENTATIVE: pgettext_lazy("audit log", "tentative"),
    Partstat.DECLINED: pgettext_lazy("audit log", "declined"),
}


@dataclass(frozen=True, slots=True)
class InvitedMeeting:
    """The meeting of an invitation: the key of its request, its title in the invitation, and its start."""

    request_key: str
    summary: str
    start: datetime


_NEWEST = Order("inbox", (InboundEmail.id,), (int,), descending=True)


def list_emails(
    session: Session,
    actor: Actor,
    *,
    outcome: MailOutcome | None = None,
    noted: bool = False,
    cursor: str | None = None,
    number: int = 1,
    limit: int = 50,
) -> Page[IncomingEmail]:
    """Return the event's emails, newest first. With `noted`, only those whose replies have a note.

    Raises NotAllowed if the actor is not an organiser.
    """
    actor.require(Right.READ_INBOX)
    query = select(InboundEmail).where(InboundEmail.event_id == actor.event_id)
    if outcome is not None:
        query = query.where(InboundEmail.outcome == outcome)
    if noted:
        query = query.where(InboundEmail.note != "")
    page = fetch_page(session, query, _NEWEST, cursor=cursor, number=number, limit=limit)
    return page.of(show_email(session, row[0]) for row in page.items)


def count_outcomes(session: Session, actor: Actor) -> dict[MailOutcome, int]:
    """Count the event's emails by outcome."""
    actor.require(Right.READ_INBOX)
    rows = session.execute(
        select(InboundEmail.outcome, func.count())
        .where(InboundEmail.event_id == actor.event_id)
        .group_by(InboundEmail.outcome)
    )
    found = {outcome: count for outcome, count in rows}  # noqa: C416 -- dict(rows) loses the types
    return {outcome: found.get(outcome, 0) for outcome in MailOutcome}


def count_complaints(session: Session, actor: Actor) -> Mapping[str, int]:
    """Count the event's spam complaints by the recipient's domain, most first."""
    actor.require(Right.READ_INBOX)
    domain = InboundEmail.bounce["domain"].as_string()
    of_event = InboundEmail.event_id == actor.event_id, InboundEmail.kind == MailKind.COMPLAINT
    rows = session.execute(
        select(domain, func.count()).where(*of_event, domain.is_not(None)).group_by(domain)
    ).all()
    return dict(sorted(((str(name), count) for name, count in rows), key=lambda row: (-row[1], row[0])))


def count_notes(session: Session, actor: Actor) -> int:
    """Count the event's emails with a note in the reply."""
    actor.require(Right.READ_INBOX)
    of_event = InboundEmail.event_id == actor.event_id, InboundEmail.note != ""
    return session.scalars(select(func.count()).select_from(InboundEmail).where(*of_event)).one()


def accepts_reply(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> bool:
    """Return True if an email can be applied as a reply, because it is about a meeting that has not ended."""
    mail = _mail(session, actor, mail_id)
    if mail.uid is None or mail.attendee_id is None:
        return False
    return not meeting_ends.is_invitation_over(
        session, attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id), now=now
    )


def find_invited_meeting(session: Session, actor: Actor, mail_id: int) -> InvitedMeeting | None:
    """Return the meeting that a reply is about, as last invited, or None for other emails."""
    mail = _mail(session, actor, mail_id)
    if mail.uid is None or mail.attendee_id is None:
        return None
    invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
    content = Content.from_json(invitation.content)
    request = session.get_one(MeetingRequest, invitation.request_id)
    return InvitedMeeting(request.key, content.summary, content.start)


def get_email(session: Session, actor: Actor, mail_id: int) -> IncomingEmail:
    """Return an email of the event. Raises NotFound, or NotAllowed if the actor is not an organiser."""
    return show_email(session, _mail(session, actor, mail_id))


def get_raw_email(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> bytes:
    """Return the raw octets of an email, which is audit-logged.

    Raises like `get_email`, and RecentSignInRequired.
    """
    found = _mail(session, actor, mail_id)
    actor.require_fresh(gettext_lazy("view the original email"))
    about = pgettext_lazy("audit log", "original email %(number)s", number=mail_id)
    recording.record_act(session, actor, Act.EXPORT, about, now=now)
    return found.raw


def claimable_address(session: Session, actor: Actor, mail_id: int) -> str | None:
    """Return the address of a waiting reply that may become an alias, or None. Raises like `get_email`."""
    return aliases.claimable_address(session, _mail(session, actor, mail_id))


def find_substitute(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> PersonRef | None:
    """Return the colleague who would go instead of the attendee, as a waiting email suggests."""
    colleague = delegation_replies.find_offered_colleague(session, _mail(session, actor, mail_id), now=now)
    return None if colleague is None else person_ref(colleague)


def accept_delegation(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> IncomingEmail:
    """Accept a waiting email as a delegation to a colleague. Raises WrongState."""
    mail = _waiting(session, actor, mail_id, "recorded as a colleague's reply")
    colleague = delegation_replies.find_offered_colleague(session, mail, now=now)
    if colleague is None or mail.uid is None or mail.attendee_id is None:
        raise WrongState("email", mail_id, "of no colleague who could go", "recorded as a colleague's reply")
    invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
    given = Reply(
        partstat=Partstat.DECLINED,
        sequence=invitation.sequence,
        source=ReplySource.ORGANISER,
        dtstamp=now,
        comment=mail.text[:1000],
    )
    done = substitutes.send_substitute(session, invitation, colleague.key, given, now=now)
    verdict = Verdict(
        MailOutcome.APPLIED, gettext_lazy("An organiser recorded this email as a reply. %(done)s", done=done)
    )
    record_verdict(mail, verdict, now, by=actor.account_id)
    about = pgettext_lazy(
        "audit log", "email %(number)s applied: a colleague attends instead", number=mail_id
    )
    recording.record_act(session, actor, Act.INBOX, about, now=now)
    return show_email(session, mail)


def reported_address(session: Session, actor: Actor, mail_id: int) -> str | None:
    """Return the address that a waiting email reports as dead, if there is one. Raises like `get_email`."""
    return bounces.reported_address(session, _mail(session, actor, mail_id))


def _mail(session: Session, actor: Actor, mail_id: int) -> InboundEmail:
    actor.require(Right.READ_INBOX)
    mail = session.get(InboundEmail, mail_id)
    if mail is None or mail.event_id != actor.event_id:
        raise NotFound("mail", mail_id)
    return mail


def apply_as_reply(
    session: Session, actor: Actor, mail_id: int, partstat: Partstat, *, now: datetime
) -> IncomingEmail:
    """Apply a waiting email as its attendee's reply to the latest invitation.

    Raises WrongState, also if the meeting has ended.
    """
    mail = _waiting(session, actor, mail_id, "applied")
    if mail.uid is None or mail.attendee_id is None:
        raise WrongState("email", mail_id, "about no invitation", "recorded as a reply")
    invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
    given = Reply(
        partstat=partstat,
        sequence=invitation.sequence,
        source=ReplySource.ORGANISER,
        dtstamp=now,
        comment=(mail.note or mail.text)[:1000],
    )
    done = attendee_replies.submit_reply(session, invitation, given, now=now)
    record_verdict(
        mail,
        Verdict(
            MailOutcome.APPLIED,
            gettext_lazy("An organiser recorded this email as a reply. %(done)s", done=done),
        ),
        now,
        by=actor.account_id,
    )
    about = pgettext_lazy(
        "audit log",
        "email %(number)s recorded as a reply: %(answer)s",
        number=mail_id,
        answer=_ANSWERS[partstat],
    )
    recording.record_act(session, actor, Act.INBOX, about, now=now)
    return show_email(session, mail)


def ignore_email(
    session: Session, actor: Actor, mail_id: int, *, mail_domain: str, now: datetime
) -> IncomingEmail:
    """Ignore a waiting email. A counter-proposal is declined by email. Raises WrongState."""
    mail = _waiting(session, actor, mail_id, "set aside")
    is_counter = mail.kind is MailKind.COUNTER and mail.uid is not None and mail.attendee_id is not None
    if is_counter and accepts_reply(session, actor, mail_id, now=now):
        invitation = attendee_replies.find_latest_invitation(
            session, str(mail.uid), int(mail.attendee_id or 0)
        )
        resend.decline_proposal(session, invitation, mail_domain=mail_domain, now=now)
    record_verdict(
        mail,
        Verdict(MailOutcome.IGNORED, gettext_lazy("An organiser ignored this email.")),
        now,
        by=actor.account_id,
    )
    about = pgettext_lazy("audit log", "email %(number)s ignored", number=mail_id)
    recording.record_act(session, actor, Act.INBOX, about, now=now)
    return show_email(session, mail)


def accept_alias(
    session: Session, actor: Actor, mail_id: int, *, settings: Settings, now: datetime
) -> IncomingEmail:
    """Accept the sender of a waiting reply as an alias of its attendee, and apply the reply.

    Later replies from that address count. The person's other waiting replies from it are judged again. Raises
    WrongState, and InvalidInput if `aliases.claimable_address` offers none.
    """
    mail = _waiting(session, actor, mail_id, "recorded as the same person's reply")
    address = aliases.add_alias(session, actor, mail, now=now)
    waiting = select(InboundEmail).where(
        InboundEmail.attendee_id == mail.attendee_id,
        InboundEmail.box == MailBox.ANSWERS,
        InboundEmail.kind.in_(aliases.ANSWERS),
        InboundEmail.outcome == MailOutcome.WAITING,
    )
    in_order = waiting.order_by(InboundEmail.received_at, InboundEmail.id).with_for_update(key_share=True)
    for each in session.scalars(in_order).all():
        if address in aliases.sender_addresses(each):
            verdict = judgement.judge_reply(session, each, settings=settings, now=now)
            record_verdict(each, verdict, now, by=actor.account_id)
    about = pgettext_lazy(
        "audit log", "email %(number)s confirmed to be from the same person", number=mail_id
    )
    recording.record_act(session, actor, Act.INBOX, about, now=now)
    return show_email(session, mail)


def confirm_bounce(session: Session, actor: Actor, mail_id: int, *, now: datetime) -> IncomingEmail:
    """Confirm a waiting report. Emails to its address are held from now on.

    Raises WrongState, also if the email does not report its recipient's address.
    """
    mail = _waiting(session, actor, mail_id, "confirmed")
    address = bounces.mark_address_dead(session, mail, now=now)
    reason = gettext_lazy(
        "An organiser confirmed that the address %(email)s does not accept emails.", email=address
    )
    record_verdict(mail, Verdict(MailOutcome.APPLIED, reason), now, by=actor.account_id)
    about = pgettext_lazy(
        "audit log", "email %(number)s confirmed: an address does not accept emails", number=mail_id
    )
    recording.record_act(session, actor, Act.INBOX, about, now=now)
    return show_email(session, mail)


def _waiting(session: Session, actor: Actor, mail_id: int, step: str) -> InboundEmail:
    actor.require(Right.HANDLE_INBOX)
    mail = _mail(session, actor, mail_id)
    session.refresh(mail, with_for_update={"key_share": True})
    if mail.outcome is not MailOutcome.WAITING:
        raise WrongState("email", mail_id, mail.outcome.value, step)
    return mail
