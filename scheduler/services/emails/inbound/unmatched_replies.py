"""Replies without a meeting token: replies to other emails, and emails to a bare address.

None of them is applied. Emails written by people wait for an organiser.
"""

from __future__ import annotations

from scheduler.domain.entities import MailBox, MailKind
from scheduler.i18n import gettext_lazy
from scheduler.services.emails.inbound.verdicts import Verdict, ignored, waiting
from scheduler.storage.models import InboundEmail

OF_MACHINES = frozenset(
    {MailKind.BOUNCE, MailKind.AUTO_REPLY, MailKind.OWN, MailKind.FORWARDED, MailKind.COMPLAINT}
)
"""Kinds of email that may arrive at the bounce address."""


def judge_unmatched(mail: InboundEmail) -> Verdict:
    """Return the verdict on an email that cannot be applied automatically."""
    if mail.kind is MailKind.AUTO_REPLY:
        return ignored(gettext_lazy("This is an automatic message, such as an out-of-office reply."))
    if mail.kind is MailKind.FORWARDED:
        return ignored(_forwarded(mail))
    if mail.box is MailBox.REPORTS and mail.kind not in OF_MACHINES:
        return waiting(
            gettext_lazy(
                "The email came to the address for email server reports, which does not accept replies."
            )
        )
    if mail.kind is MailKind.UNREADABLE:
        return waiting(mail.reason)
    if mail.kind is MailKind.TEXT:
        return waiting(gettext_lazy("This email was written by a person."))
    if mail.uid is None:
        return waiting(gettext_lazy("This is a calendar's reply, but to an unknown meeting."))
    return waiting(
        gettext_lazy(
            "This is a calendar's reply, but it came to an address that anyone can know. "
            "Check that it's really from the attendee."
        )
    )


def _forwarded(mail: InboundEmail) -> str:
    people = ", ".join(mail.bounce.get("forwarded_to", ()))
    if not people:
        return gettext_lazy("Notice: the invitation was forwarded.")
    return gettext_lazy("Notice: the invitation was forwarded to %(people)s.", people=people[:300])
