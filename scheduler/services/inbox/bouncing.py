"""Delivery reports: mails of mail servers (RFC 3464) that say what became of a mail of ours.

Anybody can write "from MAILER-DAEMON". A report counts if it came to the address that only mail servers have
seen, and names a mail of ours to the attendee by its Message-ID, or at least the attendee's address. Then it
has the same effect as the server's own reply. All other reports wait for a person.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailBox, MailKind, MailOutcome, OutboxState, Refusal
from scheduler.domain.mails.rates import MailRates
from scheduler.invites.inbound import Bounce
from scheduler.saying import say
from scheduler.services.delivery import address_reports, mail_routes, refusing
from scheduler.services.inbox.verdicts import Verdict, applied, ignored, same_address, waiting
from scheduler.storage.models import Attendee, InboundMail, OutboxMail

DONE = {
    Refusal.LATER: say("The mail was not taken this time; it is sent again later."),
    Refusal.SLOW: say(
        "The provider wants fewer mails; this one is sent again, and all to it go more slowly."
    ),
    Refusal.HOLD: say("The mail was refused for no fault of the address; it is held, and goes on by itself."),
    Refusal.DEAD: say(
        "The address is said not to exist. One report is not enough: the mail is sent once more."
    ),
}


def judge(
    session: Session, mail: InboundMail, attendee: Attendee, *, rates: MailRates, now: datetime
) -> Verdict:
    """Do what a report says, if it is proved to be one."""
    bounce = Bounce(**mail.bounce)
    if mail.box is not MailBox.REPORTS:
        return waiting(
            say(
                "It looks like a mail server's report, but came to an address that others know too: "
                "anybody who has the invitation can have written it."
            )
        )
    if not bounce.is_report:
        return waiting(say("It looks like a mail server's report, but is none (RFC 3464)."))
    if bounce.recipient and not same_address(bounce.recipient, attendee.email):
        return waiting(
            say("It is about %(recipient)s, which is not the attendee's address.", recipient=bounce.recipient)
        )
    if bounce.action != "failed":
        return ignored(say("The mail server only reports on the way of the mail."))
    about = _mail_of(session, attendee, bounce)
    if about is None and not bounce.recipient:
        return waiting(say("It names neither a mail of ours nor the attendee's address."))
    if attendee.bounced_at is not None:
        return ignored(say("It is known that the address does not take mail."))
    if about is None:
        return _without_mail(session, attendee, bounce, now)
    if about.state is not OutboxState.SENT:
        return ignored(say("The mail that it is about is sent again already, or was given up."))
    said = bounce.diagnostic or f"{bounce.action} {bounce.status}"
    routes = mail_routes.load(session, rates)
    refusing.refuse(session, routes, about, bounce.refusal, said, now=now)
    return _marked(session, attendee, bounce, now) or applied(DONE[bounce.refusal])


def mark(session: Session, attendee: Attendee, mail: InboundMail, *, now: datetime) -> None:
    """An organiser believes a report."""
    bounce = Bounce(**mail.bounce)
    said = bounce.diagnostic or bounce.status or say("An organiser said so.")
    address_reports.mark(session, attendee, said, now=now)


def _mail_of(session: Session, attendee: Attendee, bounce: Bounce) -> OutboxMail | None:
    if not bounce.message_id:
        return None
    return session.scalar(
        select(OutboxMail)
        .where(
            OutboxMail.message_id == bounce.message_id,
            OutboxMail.attendee_id == attendee.id,
            OutboxMail.to_address == attendee.email,
        )
        .with_for_update(key_share=True)
    )


def _without_mail(session: Session, attendee: Attendee, bounce: Bounce, now: datetime) -> Verdict:
    """A report that does not return the mail: it counts for the address, but nothing can be sent again."""
    if bounce.refusal is not Refusal.DEAD:
        return waiting(say("A mail was not delivered, but the report does not say which."))
    address_reports.report(session, attendee, bounce.diagnostic or bounce.status, now=now)
    return _marked(session, attendee, bounce, now) or waiting(
        say("The address is said not to exist. One report is not enough: a second one marks it, or you do.")
    )


def _marked(session: Session, attendee: Attendee, bounce: Bounce, now: datetime) -> Verdict | None:
    """The verdict if this report marks the address. Earlier reports stop waiting."""
    if attendee.bounced_at is None:
        return None
    reason = say(
        "The address %(email)s does not take mail (%(value)s).",
        email=attendee.email,
        value=bounce.status or bounce.diagnostic,
    )
    session.execute(
        update(InboundMail)
        .where(
            InboundMail.attendee_id == attendee.id,
            InboundMail.kind == MailKind.BOUNCE,
            InboundMail.box == MailBox.REPORTS,
            InboundMail.outcome == MailOutcome.WAITING,
        )
        .values(outcome=MailOutcome.APPLIED, reason=reason[:400], handled_at=now)
        .execution_options(synchronize_session=False)
    )
    return applied(reason)
