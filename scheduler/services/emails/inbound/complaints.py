"""Spam complaints (RFC 5965): the reporter gets no more digests and summaries.

A provider counts complaints against the installation and may eventually reject all its emails. Invitations
continue, because they are the reason for taking part.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from scheduler.domain.emails.rates import email_domain
from scheduler.domain.entities import MailBox
from scheduler.i18n import gettext_lazy
from scheduler.invites.inbound import Complaint
from scheduler.services.emails.inbound.verdicts import Verdict, applied, ignored, waiting
from scheduler.services.identity import summary_subscriptions
from scheduler.services.requests.digests import digest_settings
from scheduler.storage.models import Attendee, InboundEmail, OutboxEmail

NO_COMPLAINTS = frozenset({"not-spam", "auth-failure"})
"""Feedback types that are not complaints: not-spam (RFC 6430), and authentication failures (RFC 6591)."""


def judge_complaint(session: Session, mail: InboundEmail, *, now: datetime) -> Verdict:
    """Unsubscribe the person if the report identifies an email of ours or came to an address with a token."""
    complaint = Complaint(**mail.bounce)
    if complaint.feedback in NO_COMPLAINTS:
        return ignored(
            gettext_lazy("This is a provider's report, not a complaint (%(kind)s).", kind=complaint.feedback)
        )
    about = session.get(OutboxEmail, mail.outbox_email_id) if mail.outbox_email_id is not None else None
    if about is None and mail.box is MailBox.BARE:
        return waiting(
            gettext_lazy("An email was marked as spam, but the report does not say which one or by whom.")
        )
    attendee = session.get(Attendee, mail.attendee_id) if mail.attendee_id is not None else None
    address = about.to_address if about is not None else attendee.email if attendee else complaint.recipient
    mail.bounce = {**mail.bounce, "domain": email_domain(address)}
    if attendee is None or not _is_theirs(attendee, address):
        return applied(
            gettext_lazy("%(address)s marked an email as spam. The complaint is counted.", address=address)
        )
    summary_subscriptions.unsubscribe_person(session, attendee, now=now)
    digest_settings.unsubscribe_person(session, attendee, now=now)
    return applied(
        gettext_lazy(
            "%(name)s marked an email as spam. Digests and summaries to %(address)s stop. "
            "Invitations continue.",
            name=attendee.name,
            address=attendee.email,
        )
    )


def _is_theirs(attendee: Attendee, address: str) -> bool:
    """Return True if the attendee still has the address."""
    return attendee.email == address
