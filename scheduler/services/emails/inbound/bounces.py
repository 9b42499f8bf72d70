"""Delivery status notifications (RFC 3464) about emails that were sent.

Anybody can write as MAILER-DAEMON. When the bounce address contained the invitation's token, anyone with a
forwarded invitation could silence its attendee by one plain text. So a report counts only if it came to the
envelope sender, `bounces+<token>@`, which only mail servers see, and names the recipient or returns the
Message-ID of our email. It then has the same effect as an immediate SMTP reply.

The token appears nowhere in the email: 40 bits are its row in the outbox, 120 bits authenticate it, and
nothing is stored. All other reports wait for an organiser: those to `meetings+`, those in plain text, and
those about older emails, which had the invitation's token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox, MailKind, MailOutcome, OutboxState, Refusal
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy
from scheduler.invites.inbound import Bounce
from scheduler.services.delivery import address_reports, email_routes, refusal_handling
from scheduler.services.delivery.address_reports import Reader
from scheduler.services.emails.inbound.verdicts import Verdict, applied, ignored, same_address, waiting
from scheduler.services.outbox import letters
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, InboundEmail, OutboxEmail

DONE = {
    Refusal.LATER: gettext_lazy("The email was not accepted this time and is sent again later."),
    Refusal.SLOW: gettext_lazy(
        "The provider asks for fewer emails. This one is sent again, and all emails to "
        "the provider go out more slowly."
    ),
    Refusal.HOLD: gettext_lazy(
        "The email was refused, but not because of its address. It waits and is sent again automatically."
    ),
    Refusal.DEAD: gettext_lazy(
        "The address is reported not to exist. One report is not enough, so the email is sent once more."
    ),
}


def judge_report(session: Session, mail: InboundEmail, *, settings: Settings, now: datetime) -> Verdict:
    """Apply a report if it is authentic."""
    bounce, about = Bounce(**mail.bounce), _about(session, mail)
    if mail.box is not MailBox.REPORTS or about is None:
        return waiting(
            gettext_lazy(
                "This looks like an email server's report, but it came to an address that "
                "others know. Anyone who has the invitation could have written it."
            )
        )
    if not bounce.is_report:
        return waiting(gettext_lazy("This looks like an email server's report, but it isn't one (RFC 3464)."))
    if bounce.recipient and not same_address(bounce.recipient, about.to_address):
        return waiting(
            gettext_lazy(
                "The report is about %(recipient)s, which is not the attendee's address.",
                recipient=bounce.recipient,
            )
        )
    if bounce.action != "failed":
        return ignored(gettext_lazy("The email server only reports on the delivery progress."))
    if not bounce.recipient and bounce.message_id != letters.sent_id(about.message_id, settings.mail_domain):
        return waiting(
            gettext_lazy("The report names neither an email of this event nor the attendee's address.")
        )
    readers = address_reports.find_readers(session, about)
    if readers and all(each.email != about.to_address for each in readers):
        return ignored(gettext_lazy("The address was corrected after the email was sent."))
    if readers and all(each.bounced_at is not None for each in readers):
        return ignored(gettext_lazy("It's already known that the address does not accept emails."))
    if about.state is not OutboxState.SENT:
        return ignored(gettext_lazy("The reported email was already sent again or given up."))
    said = bounce.diagnostic or f"{bounce.action} {bounce.status}"
    refusal_handling.record_refusal(
        session, email_routes.load_routes(session, settings.rates), about, bounce.refusal, said, now=now
    )
    if bounce.refusal is Refusal.DEAD and (not readers or about.sign_in_link_id is not None):
        session.refresh(about)
        return _marked(session, readers, bounce, now) or applied(
            gettext_lazy(
                "The address %(email)s does not exist. The email will not be sent again.",
                email=about.to_address,
            )
        )
    return _marked(session, readers, bounce, now) or applied(DONE[bounce.refusal])


def mark_address_dead(session: Session, mail: InboundEmail, *, now: datetime) -> str:
    """Mark the address of a report as dead, as an organiser confirmed. Return it. Raises WrongState."""
    address = reported_address(session, mail)
    if address is None:
        raise WrongState("email", mail.id, mail.kind.value, "treated as a report")
    bounce = Bounce(**mail.bounce)
    said = bounce.diagnostic or bounce.status or gettext_lazy("An organiser confirmed it.")
    for reader in _readers(session, mail):
        address_reports.mark_dead(session, reader, said, now=now)
    return address


def reported_address(session: Session, mail: InboundEmail) -> str | None:
    """Return the address that an email reports as dead, or None.

    The address must be that of the original email's recipient. Servers without RFC 3464 name the address in
    their text.
    """
    if mail.kind is not MailKind.BOUNCE:
        return None
    bounce = Bounce(**mail.bounce)
    if bounce.action != "failed" or bounce.refusal is not Refusal.DEAD:
        return None
    for reader in _readers(session, mail):
        is_named = same_address(bounce.recipient, reader.email) if bounce.recipient else False
        is_in_text = not bounce.is_report and not bounce.recipient and _names(mail.text, reader.email)
        if is_named or is_in_text:
            return reader.email
    return None


def _names(text: str, address: str) -> bool:
    found = re.search(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", text.lower())
    return found is not None


def _readers(session: Session, mail: InboundEmail) -> Sequence[Reader]:
    about = _about(session, mail)
    if about is not None:
        return address_reports.find_readers(session, about)
    return [] if mail.attendee_id is None else [session.get_one(Attendee, mail.attendee_id)]


def _about(session: Session, mail: InboundEmail) -> OutboxEmail | None:
    """Return the outbox email that the address of a report identifies, with its row locked."""
    if mail.outbox_email_id is None:
        return None
    return session.scalar(
        select(OutboxEmail).where(OutboxEmail.id == mail.outbox_email_id).with_for_update(key_share=True)
    )


def _marked(session: Session, readers: Sequence[Reader], bounce: Bounce, now: datetime) -> Verdict | None:
    """Return the verdict if this report marked the address. Earlier reports stop waiting."""
    marked = [each for each in readers if each.bounced_at is not None]
    if not marked:
        return None
    reason = gettext_lazy(
        "The address %(email)s does not accept emails (%(value)s).",
        email=marked[0].email,
        value=bounce.status or bounce.diagnostic,
    )
    people = [each.id for each in marked if isinstance(each, Attendee)]
    session.execute(
        update(InboundEmail)
        .where(
            in_chunks(InboundEmail.attendee_id, people),
            InboundEmail.kind == MailKind.BOUNCE,
            InboundEmail.box == MailBox.REPORTS,
            InboundEmail.outcome == MailOutcome.WAITING,
        )
        .values(outcome=MailOutcome.APPLIED, reason=reason[:400], handled_at=now)
        .execution_options(synchronize_session=False)
    )
    return applied(reason)
